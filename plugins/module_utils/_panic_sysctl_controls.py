# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role panic_sysctl: the observed state judged against the policy."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_arguments,
    _bootloader,
    _panic_sysctl_policy,
    _sysctl,
    _sysctl_planes,
    _sysctl_rivals,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import way_to_read
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._panic_sysctl_policy import KEYS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._sysctl import KEXEC_KEY

ROLE = "panic_sysctl"


def evaluate(policy: Dict[str, Any], state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Judge the state; one finding for each parameter, and for the boot entries."""
    if state["virtualization"]["kind"] == "container":
        reason = "a container (%s) has no kernel of its own; harden its host" % state["virtualization"]["name"]
        controls = sorted(k for k, v in _panic_sysctl_policy.chosen(policy).items() if v is not None)
        controls += [KEXEC_KEY, "cmdline_panic", "cmdline_conflicts"]
        return [_finding(name, "not_applicable", "", "", reason=reason) for name in controls]
    wanted = _panic_sysctl_policy.resolve(policy, state)
    findings = [_judge_key(key, value, state) for key, value in sorted(wanted["sysctls"].items())]
    findings.append(_judge_kexec(state))
    findings.append(_judge_cmdline(wanted["cmdline"], state))
    findings.append(_judge_conflicts(wanted["sysctls"], state))
    return findings


def _finding(name: str, status: str, expected: str, observed: str, **more: Any) -> Dict[str, Any]:
    return finding("%s.%s" % (ROLE, name), status, expected, observed, **more)


def _judge_key(key: str, value: str, state: Dict[str, Any]) -> Dict[str, Any]:
    variable = "panic_sysctl_overrides['%s']" % key
    found = _sysctl_planes.judge(key, value, state["sysctls"][key], ROLE, variable)
    if key in state["sysctl_conf"] and found["status"] in ("pass", "fail"):
        note = "%s: not read at boot, but 'sysctl --system' applies it" % state["sysctl_conf"][key]
        found["reason"] = "; ".join(text for text in (found["reason"], note) if text)
    return finding("%s.%s" % (ROLE, key), severity=KEYS[key].severity, **found)


def _judge_kexec(state: Dict[str, Any]) -> Dict[str, Any]:
    item = state["sysctls"][KEXEC_KEY]
    if item["error"]:
        return _finding(KEXEC_KEY, "unknown", "0", "", reason=item["error"], remedy=way_to_read(item["error"]))
    if item["live"] is None or not state["kdump_in_use"]:
        reason = "this kernel has no kexec" if item["live"] is None else "nothing on this host uses kdump"
        return _finding(KEXEC_KEY, "not_applicable", "0", item["live"] or "absent", reason=reason)
    kept = "not set" if item["persisted"] is None else "%s (%s)" % (item["persisted"], item["source"])
    bad = [value for value in (item["live"], item["persisted"]) if value is not None and not _sysctl.same(value, "0")]
    return _finding(
        KEXEC_KEY,
        "fail" if bad else "pass",
        "0",
        "live %s, at boot %s" % (item["live"], kept),
        reason="kdump cannot load its crash kernel" if bad else "",
        remedy="remove %s from %s and reboot: it cannot be undone before"
        % (KEXEC_KEY, item["source"] or "what sets it")
        if bad
        else "",
        evidence=[_sysctl.proc_path(KEXEC_KEY)] + ([item["source"]] if item["source"] else []),
    )


def _boot_unusable(name: str, expected: str, state: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    if state["boot_error"]:
        return _finding(
            name, "unknown", expected, "", reason=state["boot_error"], remedy=way_to_read(state["boot_error"])
        )
    if not state["boot"]["supported"]:
        reason = "boot method: %s; set the argument by its own means" % state["boot"]["method"]
        return _finding(name, "not_applicable", expected, "", reason=reason)
    return None


def _judge_cmdline(wanted: Optional[Dict[str, str]], state: Dict[str, Any]) -> Dict[str, Any]:
    name = "cmdline_panic"
    if wanted is None:
        return _finding(name, "not_applicable", "", "", reason="panic_sysctl_cmdline is false")
    found = _boot_arguments.judge(dict(wanted), state["boot"], state["boot_error"], ROLE)
    return finding("%s.%s" % (ROLE, name), severity="critical", **found)


def _judge_conflicts(wanted: Dict[str, str], state: Dict[str, Any]) -> Dict[str, Any]:
    name, expected = "cmdline_conflicts", "no boot argument that works against the policy"
    unusable = _boot_unusable(name, expected, state)
    if unusable:
        return unusable
    lines = [("/proc/cmdline", state["boot"]["running"])]
    lines += [(entry["source"], entry["arguments"]) for entry in _bootloader.normal(state["boot"])]
    found = [(place, token) for place, line in lines for token in _sysctl_rivals.contradictions(line, wanted)]
    arguments = sorted(set(token for _place, token in found))
    return _finding(
        name,
        "fail" if found else "pass",
        expected,
        " ".join(arguments) or "none",
        reason="%s: set on the command line against the policy" % " ".join(arguments) if found else "",
        remedy="remove it from the boot configuration and reboot, or override the sysctl" if found else "",
        evidence=sorted(set(place for place, _token in found)),
    )
