# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role smartmontools: smartd and the timer as the policy wants them, and each disk by what was last seen of it."""

import re
from typing import Any, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_health,
    _disk_results,
    _disks,
    _hardware_controls,
    _smartmontools_files,
    _smartmontools_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Control,
    Dictionary,
    judge,
)

LOOK = "see 'journalctl -u kernelops-disks', and run 'systemctl start kernelops-disks' for a new look"
ACCEPT = (
    "see 'journalctl -k' for why, replace or reconnect it; if it was taken out on purpose, remove %s on this host"
    % _disk_results.PATH
)
HOUR = 3600
# What smartctl says where the disk knows no self-tests.
LACKING = "not supported"


def evaluate(policy: Dictionary, state: Dictionary) -> List[Dictionary]:
    """Judge the state; one finding for each control, and two for each disk."""
    wanted = _smartmontools_policy.resolve(policy, state)
    findings = judge("smartmontools", CONTROLS, policy, state, wanted)
    if not wanted["applicable"]:
        return findings + [
            _of_disk("health", None, dict(status="not_applicable", expected="", observed="", reason=wanted["reason"]))
        ]
    there = [_disks.Disk(*disk) for disk in state["disks"]]
    for disk in _disks.chosen(policy["smartmontools_devices"], policy["smartmontools_scan"], there):
        findings += [
            _of_disk("health", disk, _health(policy, state, disk)),
            _of_disk("temperature", disk, _temperature(policy, state, disk)),
        ]
    return findings + [_missing(state, *pair) for pair in sorted(_disk_results.lost(state["results"] or {}).items())]


def _of_disk(what: str, disk: Any, part: Dictionary) -> Dictionary:
    name = "smartmontools.%s.%s" % (what, disk.short) if disk else "smartmontools." + what
    severity = "critical" if what == "health" else "warning"
    return finding(name, severity=severity, category="health", evidence=[_disk_results.PATH] if disk else [], **part)


def _missing(state: Dictionary, name: str, item: Dictionary) -> Dictionary:
    shown = "%s %s" % (item["model"] or "disk", name)
    return finding(
        "smartmontools.missing." + re.sub(r"[^A-Za-z0-9_-]+", "_", item["serial"]),
        "fail",
        expected="the disk " + shown,
        observed="not seen since %s" % _words(max(0, state["now"] - item["missing_since"])),
        severity="critical",
        category="health",
        reason="%s is gone: the kernel does not show it any more" % shown,
        remedy=ACCEPT,
        evidence=[_disk_results.PATH],
    )


def _seen(policy: Dictionary, state: Dictionary, disk: _disks.Disk, part: Dictionary) -> Dictionary:
    """The part with why nothing can be said, or with an empty status and the age in C(observed)."""
    if _smartmontools_policy.smartd_alone(state["version"]):
        reason = "only smartd watches %s: smartctl %d.%d gives no answers that a program can read, 7.0 does"
        return dict(part, status="not_applicable", reason=reason % ((disk.name,) + tuple(state["version"])))
    if state["results"] is None:
        return _hardware_controls.unknown(part, state)
    item = state["results"].get(disk.name)
    if item is None or "at" not in item:
        slept = " (it slept)" if item else ""
        return dict(part, status="unknown", reason="%s was not looked at yet%s" % (disk.name, slept), remedy=LOOK)
    age = max(0, state["now"] - item["at"])
    slept = ", and it sleeps" if item.get("asleep_at", 0) > item["at"] else ""
    seen = "%s %s, seen %s ago%s" % (item["model"] or "disk", disk.name, _words(age), slept)
    if age > policy["smartmontools_result_max_age"] * HOUR:
        reason = "what is known of %s is older than %d h" % (disk.name, policy["smartmontools_result_max_age"])
        return dict(part, status="unknown", observed=seen, reason=reason + slept, remedy=LOOK)
    return dict(part, status="", observed=seen)


def _words(seconds: int) -> str:
    return "%d min" % (seconds // 60) if seconds < 2 * HOUR else "%d h" % (seconds // HOUR)


def _health(policy: Dictionary, state: Dictionary, disk: _disks.Disk) -> Dictionary:
    part = _seen(policy, state, disk, dict(expected="a disk that does not fail", observed=""))
    if part["status"]:
        return part
    item = state["results"][disk.name]
    limits = _smartmontools_policy.limits(policy)
    wrong = [problem for problem in _disk_health.problems(item, limits, []) if problem.what != "temperature"]
    if not item["supported"] and not wrong:
        return dict(part, status="not_applicable", reason="%s says nothing of its health" % disk.name)
    if not wrong:
        return dict(part, status="pass")
    reason = "; ".join("%s: %s" % (disk.name, problem.summary) for problem in wrong)
    access = all(problem.what == "access" for problem in wrong)
    remedy = (
        LOOK
        if access
        else "save what is on it, and replace the disk %s (serial number %s)" % (disk.name, item["serial"] or "unknown")
    )
    return dict(part, status="unknown" if access else "fail", reason=reason, remedy=remedy)


def _temperature(policy: Dictionary, state: Dictionary, disk: _disks.Disk) -> Dictionary:
    limits = _smartmontools_policy.limits(policy)
    part = _seen(policy, state, disk, dict(expected="below the limits of the policy", observed=""))
    if part["status"]:
        return part
    item = state["results"][disk.name]
    hot = _disk_health.temperature(item, limits, False)
    if item["temperature"] is None and not hot:
        return dict(part, status="not_applicable", reason="%s does not tell its temperature" % disk.name)
    if item["temperature"] is not None:
        part["observed"] = "%d degrees Celsius: %s" % (item["temperature"], part["observed"])
    reason = "; ".join("%s: %s" % (disk.name, problem.summary) for problem in hot)
    return dict(
        part, status="fail" if hot else "pass", reason=reason, remedy="cool it: fans, filters, air flow" if hot else ""
    )


def _installed(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    part = dict(
        expected="smartmontools", observed="%d.%d" % tuple(state["version"]) if state["installed"] else "not installed"
    )
    if state["installed"]:
        return dict(part, status="pass")
    return dict(part, status="fail", reason="the package smartmontools is missing", remedy=HARDEN)


def _configuration(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    config = list(_smartmontools_files.places(state["family"])[:2])
    return _hardware_controls.configuration(
        "smartmontools", _smartmontools_files.setup(policy, wanted, state), state, config
    )


def _self_tests(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    part = dict(expected="self-tests of all disks", observed="%d.%d" % tuple(state["version"]))
    if not _smartmontools_policy.schedule(policy, state["version"]):
        return dict(part, status="not_applicable", reason="the policy asks for none")
    if not state["installed"]:
        return dict(part, status="fail", reason="smartmontools is missing", remedy=HARDEN)
    nvme = [device for device, _kind in state["disks"] if device.startswith("/dev/nvme")]
    if nvme and wanted["nvme_self_tests"] == "none":
        reason = "smartmontools %s cannot begin self-tests of %s; 7.4 can" % (part["observed"], ", ".join(nvme))
        return dict(part, status="not_applicable", reason=reason)
    return _begun(part, state) if wanted["nvme_self_tests"] == "timer" else dict(part, status="pass")


def _begun(part: Dictionary, state: Dictionary) -> Dictionary:
    """What the timer was told when it began self-tests."""
    if state["results"] is None:
        return _hardware_controls.unknown(part, state)
    refused = dict((name, item["test_refused"]) for name, item in state["results"].items() if item.get("test_refused"))
    part["reason"] = "; ".join("%s: %s" % pair for pair in sorted(refused.items()))
    if not refused:
        return dict(part, status="pass")
    if all(LACKING in text for text in refused.values()):
        return dict(part, status="not_applicable")
    return dict(part, status="fail", remedy="run 'smartctl -t short' on that disk, and see 'smartctl -a' of it")


CONTROLS: Tuple[Control, ...] = (
    ("installed", "critical", "config", _installed),
    ("configuration", "critical", "config", _configuration),
    ("self_tests", "warning", "health", _self_tests),
)
