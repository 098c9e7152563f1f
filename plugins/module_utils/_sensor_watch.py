# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is too hot, and the round of the timer that tells of it. The host's program and the audit use it alike."""

import fnmatch
import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _hwmon, _watch_settings
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CONFIG_DIR,
    RUN_DIR,
    Host,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._hwmon import Reading

SETTINGS = CONFIG_DIR + "/sensors.json"
HOT = RUN_DIR + "/sensors-hot.json"
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
    hot: List[str] = []
    for reading in watched(settings, _hwmon.readings(host)):
        heat = judge(settings, reading, name(reading) in before)
        if heat:
            hot.append(name(reading))
            details = dict(degrees=reading.degrees, limit=heat.limit)
            _alarm.raise_alarm(
                host, _alarm.event("lm_sensors", "temperature", heat.severity, name(reading), words(heat), details)
            )
    for cool in set(before) - set(hot):
        _alarm.clear(host, _alarm.event("lm_sensors", "temperature", "info", cool, "")["key"])
    if hot != before:
        host.write(HOT, json.dumps(hot) + "\n", 0o600)
    return 0


def _hot_before(host: Host) -> List[str]:
    try:
        return [str(one) for one in json.loads(host.read(HOT) or "[]")]
    except (ValueError, TypeError):
        return []
