# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role lm_sensors: the temperatures of a host against their limits."""

import re
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_host,
    _hardware_plan,
    _hwmon,
    _lm_sensors_controls,
    _lm_sensors_files,
    _lm_sensors_policy,
    _modules,
    _setup,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

validate = _lm_sensors_policy.validate
resolve = _lm_sensors_policy.resolve
evaluate = _lm_sensors_controls.evaluate
setup = _lm_sensors_files.setup
LEFT: List[str] = [_watch_settings.HOT]


def owned(_state: Dict[str, Any]) -> _setup.Owned:
    """All that this role may make."""
    return _lm_sensors_files.OWNED


def observe(host: Host) -> Dict[str, Any]:
    """The temperatures now, and the drivers."""
    state = _hardware_host.begin(host)
    if _hardware_host.contained(state):
        return state
    match = re.search(r"(?m)^vendor_id\s*:\s*(\S+)", host.read("/proc/cpuinfo") or "")
    state.update(
        installed=host.which("sensors") is not None,
        processor=match.group(1) if match else "",
        available=_modules.available(host, sorted(set(_lm_sensors_policy.PROCESSORS.values()))),
        loaded=host.listdir("/sys/module"),
        readings=[dict(reading._asdict()) for reading in _hwmon.readings(host)],
        modprobe=host.which("modprobe") or "/sbin/modprobe",
        record=attempt(state, "record", lambda: _hardware_plan.record_of(host, "lm_sensors")),
    )
    state["setup"] = attempt(state, "setup", lambda: _setup.observe(host, owned(state)))
    return state
