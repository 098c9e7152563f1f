# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is too hot, and the round of the timer that tells of it. The host's program and the audit use it alike."""

import fnmatch
import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _hwmon, _watch_settings
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    Host,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._hwmon import Reading

SETTINGS, HOT = _watch_settings.SENSORS, _watch_settings.HOT
# An alarm ends only so many degrees below the limit, so that it does not flicker.
HYSTERESIS = 3


class Heat(NamedTuple):
    """A sensor that is too hot."""

    reading: Reading
    severity: str
    limit: float


def name(reading: Reading) -> str:
    """How limits, alarms and findings call a sensor."""
    return "%s.%s" % (reading.chip, reading.label)


def _matches(patterns: List[str], reading: Reading) -> List[str]:
    names = (name(reading), reading.chip, reading.kind)
    return [pattern for pattern in patterns if any(fnmatch.fnmatchcase(one, pattern) for one in names)]


def limits(settings: Dict[str, Any], reading: Reading) -> Tuple[float, float]:
    """High and critical: of the policy for this sensor, else of the chip itself, else of the policy for all."""
    usual = settings["usual"]
    critical = reading.critical or usual["critical"]
    high = reading.high if reading.high and reading.high < critical else min(usual["high"], critical)
    # The longest pattern knows the sensor best.
    for pattern in sorted(_matches(sorted(settings["limits"]), reading), key=len):
        high = settings["limits"][pattern].get("high", high)
        critical = settings["limits"][pattern].get("critical", critical)
    return high, critical


def watched(settings: Dict[str, Any], readings: List[Reading]) -> List[Reading]:
    """Without those that the policy leaves out."""
    return [reading for reading in readings if not _matches(settings["ignore"], reading)]


def judge(settings: Dict[str, Any], reading: Reading, hot_before: bool) -> Optional[Heat]:
    """Whether a sensor is too hot; one that was stays so until it is clearly below the limit."""
    high, critical = limits(settings, reading)
    if reading.degrees >= critical:
        return Heat(reading, "critical", critical)
    if reading.degrees >= high - (HYSTERESIS if hot_before else 0):
        return Heat(reading, "warning", high)
    return None


def words(heat: Heat) -> str:
    """What is wrong."""
    return "%s has %g degrees Celsius, the limit is %g" % (name(heat.reading), heat.reading.degrees, heat.limit)


def watch(host: Host) -> int:
    """One round; raises HostError where the settings cannot be used."""
    settings = _watch_settings.read(host, SETTINGS, "usual", "limits", "ignore")
    before = _hot_before(host)
    hot: Dict[str, List[Heat]] = {}
    for reading in watched(settings, _hwmon.readings(host)):
        heat = judge(settings, reading, reading.label in before.get(reading.chip, []))
        if heat:
            hot.setdefault(reading.chip, []).append(heat)
    for chip, heats in sorted(hot.items()):
        _alarm.raise_alarm(host, _of_chip(chip, heats))
    for chip in set(before) - set(hot):
        _alarm.clear(host, _alarm.event("lm_sensors", "temperature", "info", chip, "")["key"])
    now = dict((chip, [heat.reading.label for heat in heats]) for chip, heats in hot.items())
    if now != before:
        host.write(HOT, json.dumps(now, sort_keys=True) + "\n", 0o600)
    return 0


def _of_chip(chip: str, heats: List[Heat]) -> Dict[str, Any]:
    """One alarm, however many sensors the chip has: a processor has one for each core. The worst is told first."""
    heats = sorted(heats, key=lambda heat: (heat.severity, heat.limit - heat.reading.degrees))
    details = dict((heat.reading.label, dict(degrees=heat.reading.degrees, limit=heat.limit)) for heat in heats)
    summary = "; ".join(words(heat) for heat in heats)
    return _alarm.event("lm_sensors", "temperature", heats[0].severity, chip, summary, details)


def _hot_before(host: Host) -> Dict[str, List[str]]:
    """By chip, the sensors that were hot in the round before."""
    try:
        found = json.loads(host.read(HOT) or "{}")
        return dict((str(chip), [str(label) for label in labels]) for chip, labels in found.items())
    except (ValueError, TypeError, AttributeError):
        return {}
