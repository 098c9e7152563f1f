# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role lm_sensors: its timer and drivers, and each chip by its temperatures now."""

from typing import List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_controls,
    _lm_sensors_files,
    _lm_sensors_policy,
    _sensor_watch,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._hwmon import Reading
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Control,
    Dictionary,
    judge,
)

COOL = "look at fans, filters and air flow"


def evaluate(policy: Dictionary, state: Dictionary) -> List[Dictionary]:
    """Judge the state; one finding for each control, and one for each chip."""
    wanted = _lm_sensors_policy.resolve(policy, state)
    findings = judge("lm_sensors", CONTROLS, policy, state, wanted)
    settings = _lm_sensors_policy.settings(policy)
    seen = (
        []
        if not wanted["applicable"]
        else _sensor_watch.watched(settings, [Reading(**item) for item in state["readings"]])
    )
    for chip in sorted(set(reading.chip for reading in seen)):
        part = _temperature(settings, [reading for reading in seen if reading.chip == chip])
        findings.append(finding("lm_sensors.temperature." + chip, severity="critical", category="health", **part))
    if not seen:
        part = dict(
            status="not_applicable", expected="", observed="", reason=wanted["reason"] or "no sensor is watched"
        )
        findings.append(finding("lm_sensors.temperature", severity="critical", category="health", **part))
    return findings


def _temperature(settings: Dictionary, readings: List[Reading]) -> Dictionary:
    shown, hot, expected = [], [], []
    for reading in readings:
        shown.append("%s %g" % (reading.label, reading.degrees))
        expected.append("%s below %g" % (reading.label, _sensor_watch.limits(settings, reading)[0]))
        heat = _sensor_watch.judge(settings, reading, False)
        hot += [heat] if heat else []
    return dict(
        status="fail" if hot else "pass",
        expected=", ".join(expected),
        observed=", ".join(shown),
        reason="; ".join(_sensor_watch.words(heat) for heat in hot),
        remedy=COOL if hot else "",
        evidence=["/sys/class/hwmon"],
    )


def _installed(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    if state["installed"]:
        return dict(status="pass", expected="lm-sensors", observed="installed")
    return dict(
        status="fail",
        expected="lm-sensors",
        observed="not installed",
        reason="the program sensors is missing",
        remedy=HARDEN,
    )


def _configuration(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    setup = _lm_sensors_files.setup(policy, wanted, state)
    return _hardware_controls.configuration("lm_sensors", setup, state, [_watch_settings.SENSORS])


def _drivers(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    part = dict(expected=", ".join(wanted["modules"]), observed="", evidence=["/sys/module"])
    missing = [name for name in wanted["modules"] if name.replace("-", "_") not in state["loaded"]]
    named = [name for name in missing if name in policy["lm_sensors_modules"]]
    reason = "%s could not be loaded" % ", ".join(named or missing)
    if named:
        remedy = "see 'journalctl -u kernelops-sensors-drivers', or take it from lm_sensors_modules"
        return dict(part, status="fail", reason=reason, remedy=remedy)
    # The processor's own was only tried: not every processor has a sensor that its driver knows.
    if missing == wanted["modules"]:
        return dict(part, status="not_applicable", reason=reason if missing else "no driver is asked for")
    return dict(part, status="pass", observed="loaded" if not missing else reason)


CONTROLS: Tuple[Control, ...] = (
    ("installed", "info", "config", _installed),
    ("configuration", "warning", "config", _configuration),
    ("drivers", "warning", "config", _drivers),
)
