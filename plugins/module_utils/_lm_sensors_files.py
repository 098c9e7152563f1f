# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role lm_sensors writes: a unit that loads drivers, the timer that reads them, its settings."""

import json
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_launcher,
    _lm_sensors_policy,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._setup import HEADER, Owned, Setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

MODULES, SERVICE, TIMER = "kernelops-sensors-drivers.service", "kernelops-sensors.service", "kernelops-sensors.timer"
OWNED = Owned([unit_path(MODULES), unit_path(SERVICE), unit_path(TIMER), _watch_settings.SENSORS], [], {
    MODULES: [unit_path(MODULES)],
    TIMER: [unit_path(TIMER)],
})  # fmt: skip
MODULES_TEXT = """\
[Unit]
Description=Drivers of temperature sensors

[Service]
Type=oneshot
RemainAfterExit=yes
{loads}
[Install]
WantedBy=multi-user.target
"""
SERVICE_TEXT = """\
[Unit]
Description=Compare temperatures with their limits

[Service]
Type=oneshot
ExecStart={launcher} sensors
TimeoutStartSec=15min
"""
TIMER_TEXT = """\
[Unit]
Description=Compare temperatures with their limits

[Timer]
OnBootSec=1min
OnUnitActiveSec={lm_sensors_interval}
AccuracySec=5

[Install]
WantedBy=timers.target
"""


def setup(policy: Dict[str, Any], wanted: Dict[str, Any], state: Dict[str, Any]) -> Setup:
    """The files and units that the policy means on this host."""
    settings = json.dumps(_lm_sensors_policy.settings(policy), indent=1, sort_keys=True) + "\n"
    files = {
        unit_path(SERVICE): File(HEADER + SERVICE_TEXT.format(launcher=_hardware_launcher.LAUNCHER)),
        unit_path(TIMER): File(HEADER + TIMER_TEXT.format(**policy)),
        _watch_settings.SENSORS: File(settings),
    }
    if wanted["modules"]:
        # A dash: one driver that finds no chip must not cost the others.
        loads = "".join("ExecStart=-%s %s\n" % (state["modprobe"], name) for name in wanted["modules"])
        files[unit_path(MODULES)] = File(HEADER + MODULES_TEXT.format(loads=loads))
    return Setup(files, {}, [TIMER] + ([MODULES] if wanted["modules"] else []))
