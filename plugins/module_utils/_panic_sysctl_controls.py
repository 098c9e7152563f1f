# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role panic_sysctl: the observed state judged against the policy."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _cmdline,
    _panic_sysctl_policy,
    _sysctl,
    _sysctl_rivals,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._panic_sysctl_policy import KEXEC_KEY, KEYS

ROLE = "panic_sysctl"
HARDEN = "run kernelops.panic_hardening.harden on this host"


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


def _way_to_read(error: str) -> str:
    return "run as root" if "denied" in error or "permitted" in error else "mend what is unreadable: %s" % error


def _judge_key(key: str, value: str, state: Dict[str, Any]) -> Dict[str, Any]:
    item, severity = state["sysctls"][key], KEYS[key].severity
    if item["error"]:
        return _finding(
            key, "unknown", value, "", severity=severity, reason=item["error"], remedy=_way_to_read(item["error"])
        )
    if item["live"] is None:
        reason = "this kernel has no %s" % key
        return _finding(key, "not_applicable", value, "absent", severity=severity, reason=reason)
    kept = "not set" if item["persisted"] is None else "%s (%s)" % (item["persisted"], item["source"])
    live_ok, kept_ok = _sysctl.same(item["live"], value), _sysctl.same(item["persisted"], value)
    reasons, remedy = [], ""
    if not live_ok:
        reasons.append("the running kernel has %s" % item["live"])
        remedy = HARDEN
    if not kept_ok:
        reasons.append(_kept_reason(item))
        remedy = _kept_remedy(key, item)
    if key in state["sysctl_conf"]:
        reasons.append("%s: not read at boot, but 'sysctl --system' applies it" % state["sysctl_conf"][key])
    evidence = [_sysctl.proc_path(key)] + ([item["source"]] if item["source"] else [])
    return _finding(
        key,
        "pass" if live_ok and kept_ok else "fail",
        value,
        "live %s, at boot %s" % (item["live"], kept),
        severity=severity,
        reason="; ".join(reasons),
        remedy=remedy,
        evidence=evidence,
    )


def _kept_reason(item: Dict[str, Any]) -> str:
    if item["persisted"] is None:
        return "no file sets it at boot"
    if item["by"] == "systemd-sysctl":
        return "%s sets %s at boot" % (item["source"], item["persisted"])
    return "%s sets %s (%s)" % (item["by"], item["persisted"], item["source"])


def _kept_remedy(key: str, item: Dict[str, Any]) -> str:
    ours = _sysctl.drop_in(ROLE)
    if item["persisted"] is None or item["source"].startswith(ours + ":"):
        return HARDEN
    file_name = item["source"].split(":", 1)[0].rsplit("/", 1)[1]
    if item["by"] == "systemd-sysctl" and file_name < ours.rsplit("/", 1)[1]:
        return HARDEN
    return "remove %s from %s, or set panic_sysctl_overrides['%s'] to what is meant" % (key, item["source"], key)


def _judge_kexec(state: Dict[str, Any]) -> Dict[str, Any]:
    item = state["sysctls"][KEXEC_KEY]
    if item["error"]:
        return _finding(KEXEC_KEY, "unknown", "0", "", reason=item["error"], remedy=_way_to_read(item["error"]))
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
            name, "unknown", expected, "", reason=state["boot_error"], remedy=_way_to_read(state["boot_error"])
        )
    if not state["boot"]["supported"]:
        reason = "boot method: %s; set the argument by its own means" % state["boot"]["method"]
        return _finding(name, "not_applicable", expected, "", reason=reason)
    return None


def _judge_cmdline(wanted: Optional[Dict[str, str]], state: Dict[str, Any]) -> Dict[str, Any]:
    name = "cmdline_panic"
    if wanted is None:
        return _finding(name, "not_applicable", "", "", reason="panic_sysctl_cmdline is false")
    arguments: _cmdline.Arguments = dict(wanted)
    expected = _cmdline.render(arguments)
    unusable = _boot_unusable(name, expected, state)
    if unusable:
        return dict(unusable, severity="critical")
    entries, stale = _bootloader.normal(state["boot"]), _bootloader.lacking(state["boot"], arguments)
    value, source = _cmdline.future(state["boot"]["assignments"], "panic")
    reasons, evidence = [], [entry["source"] for entry in entries[:1]]
    if stale or not entries:
        shown = ["%s has panic=%s" % (e["id"], _cmdline.effective(e["arguments"], "panic") or "nothing") for e in stale]
        reasons.append("; ".join(shown) or "no boot entry was found")
        evidence = sorted(set(entry["source"] for entry in stale))
    if value != wanted["panic"]:
        reasons.append(
            "the next kernel's entry gets panic=%s%s" % (value or "nothing", " from " + source if source else "")
        )
        evidence.append(source.rsplit(":", 1)[0] or "/etc/default/grub")
    return _finding(
        name,
        "fail" if reasons else "pass",
        expected + " on every normal boot entry, and on those to come",
        "%d of %d normal entries, next: panic=%s" % (len(entries) - len(stale), len(entries), value or "nothing"),
        severity="critical",
        reason="; ".join(reasons),
        remedy=_cmdline_remedy(value, source, wanted["panic"]) if reasons else "",
        evidence=evidence,
    )


def _cmdline_remedy(value: Optional[str], source: str, wanted: str) -> str:
    foreign = source and not source.startswith("%s:" % _bootloader.drop_in(ROLE))
    if value != wanted and foreign and _bootloader.beats_drop_in(source, ROLE):
        return "change %s, or remove it, then %s" % (source, HARDEN)
    return HARDEN


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
