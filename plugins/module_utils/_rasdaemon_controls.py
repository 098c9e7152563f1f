# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role rasdaemon: the daemon and its timer, and each module of memory by its errors."""

import re
from typing import Any, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_controls,
    _memory_watch,
    _rasdaemon_files,
    _rasdaemon_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Control,
    Dictionary,
    judge,
)

NO_CONTROLLER = "no driver watches the memory controller (EDAC), so only errors that the processor reports are seen"
# Rounds that may be missed before what the timer says is old.
MISSED = 3


def evaluate(policy: Dictionary, state: Dictionary) -> List[Dictionary]:
    """Judge the state; one finding for each control, one for each module of memory, and for whatever else has errors."""
    wanted = _rasdaemon_policy.resolve(policy, state)
    findings = judge("rasdaemon", CONTROLS, policy, state, wanted)
    part: Dictionary = dict(status="not_applicable", expected="", observed="", reason=wanted["reason"])
    if not wanted["applicable"]:
        return findings + [_errors("memory", part)]
    if state["results"] is None or state["counters"] is None:
        return findings + [
            _errors("memory", _hardware_controls.unknown(dict(expected="no errors", observed=""), state))
        ]
    labels = dict((item["label"], item) for item in state["counters"])
    for label in sorted(set(labels) | set(state["results"]["rises"]) | set(state["results"]["uncorrected"])):
        name = "errors." + re.sub(r"[^A-Za-z0-9_-]+", "_", label).strip("_")
        findings.append(_errors(name, _of(label, labels.get(label), policy, state)))
    if not state["controllers"]:
        findings.append(_errors("memory", dict(part, reason=NO_CONTROLLER)))
    return findings


def _errors(name: str, part: Dictionary) -> Dictionary:
    return finding("rasdaemon." + name, severity="critical", category="health", **part)


def _of(label: str, counter: Any, policy: Dictionary, state: Dictionary) -> Dictionary:
    limit = policy["rasdaemon_corrected_limit"]
    recent = _memory_watch.in_a_day(state["results"], label, state["now"])
    last = state["results"]["uncorrected"].get(label)
    shown = ["%d corrected within a day" % recent]
    reasons = []
    if counter:
        shown.append("since the boot %d corrected, %d uncorrected" % (counter["corrected"], counter["uncorrected"]))
    if last or (counter and counter["uncorrected"]):
        days = " %d days ago" % ((state["now"] - last) // _memory_watch.DAY) if last else ", since the boot"
        reasons.append("%s had an error that could not be corrected%s" % (label, days))
    if recent > limit:
        reasons.append("%s had %d corrected errors within a day, the limit is %d" % (label, recent, limit))
    return dict(
        status="fail" if reasons else "pass",
        expected="no uncorrected errors, at most %d corrected ones a day" % limit,
        observed=", ".join(shown),
        reason="; ".join(reasons),
        remedy="replace %s soon, and update no kernel before" % label if reasons else "",
        evidence=["/sys/devices/system/edac/mc", _memory_watch.RESULTS],
    )


def _installed(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    if state["installed"]:
        return dict(status="pass", expected="rasdaemon", observed="installed")
    return dict(
        status="fail",
        expected="rasdaemon",
        observed="not installed",
        reason="the package rasdaemon is missing",
        remedy=HARDEN,
    )


def _configuration(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    setup = _rasdaemon_files.setup(policy, wanted, state)
    return _hardware_controls.configuration("rasdaemon", setup, state, [_rasdaemon_files.config(state["family"])])


def _watched(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    part = dict(
        expected="a look every %d s" % policy["rasdaemon_interval"], observed="", evidence=[_memory_watch.RESULTS]
    )
    if state["results"] is None:
        return _hardware_controls.unknown(part, state)
    remedy = "see 'journalctl -u kernelops-memory', and 'systemctl list-timers'"
    if not state["results"]["at"]:
        return dict(part, status="unknown", reason="the timer has not run yet", remedy=remedy)
    age = max(0, state["now"] - state["results"]["at"])
    part["observed"] = "%d s ago" % age
    if age > MISSED * policy["rasdaemon_interval"] + 60:
        return dict(part, status="fail", reason="the last look was %d s ago" % age, remedy=remedy)
    if state["results"].get("database"):
        return dict(part, status="fail", reason=state["results"]["database"], remedy=remedy)
    return dict(part, status="pass")


CONTROLS: Tuple[Control, ...] = (
    ("installed", "warning", "config", _installed),
    ("configuration", "warning", "config", _configuration),
    ("watched", "warning", "health", _watched),
)
