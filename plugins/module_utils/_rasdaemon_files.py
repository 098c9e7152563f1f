# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role rasdaemon writes: its part of the daemon's settings, labels of memory modules, the timer that judges rates."""

import json
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_launcher,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._setup import HEADER, Block, Owned, Setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

SERVICE, TIMER = "kernelops-memory.service", "kernelops-memory.timer"
DAEMON, LABELER = "rasdaemon.service", "ras-mc-ctl.service"
LABELS = "/etc/ras/dimm_labels.d/kernelops"
HOOK_NAME = "kernelops-memory-alarm"
HOOK = "/usr/local/sbin/" + HOOK_NAME
CONFIG = {"redhat": "/etc/sysconfig/rasdaemon"}
# rasdaemon from 0.8 on runs it at once; it gives it no more of an environment than a PATH.
HOOK_TEXT = """\
#!/bin/sh
{header}# What rasdaemon runs at an error that could not be corrected: the timer's look, now.
exec systemctl start --no-block {service}
"""
SERVICE_TEXT = """\
[Unit]
Description=Judge the errors of memory, PCIe and processor

[Service]
Type=oneshot
ExecStart={launcher} memory
TimeoutStartSec=15min
"""
TIMER_TEXT = """\
[Unit]
Description=Judge the errors of memory, PCIe and processor

[Timer]
OnBootSec=1min
OnUnitActiveSec={rasdaemon_interval}
AccuracySec=5

[Install]
WantedBy=timers.target
"""


def config(family: str) -> str:
    """The file of the daemon's settings."""
    return CONFIG.get(family, "/etc/default/rasdaemon")


def owned(family: str) -> Owned:
    """All that any policy may make."""
    files = [HOOK, unit_path(SERVICE), unit_path(TIMER), _watch_settings.MEMORY, LABELS]
    return Owned(files, [config(family)], {DAEMON: [config(family)], LABELER: [LABELS], TIMER: [unit_path(TIMER)]})


def setup(policy: Dict[str, Any], _wanted: Dict[str, Any], state: Dict[str, Any]) -> Setup:
    """The files and units that the policy means on this host."""
    settings = {"corrected_limit": policy["rasdaemon_corrected_limit"]}
    files = {
        HOOK: File(HOOK_TEXT.format(header=HEADER, service=SERVICE), 0o755),
        unit_path(SERVICE): File(HEADER + SERVICE_TEXT.format(launcher=_hardware_launcher.LAUNCHER)),
        unit_path(TIMER): File(HEADER + TIMER_TEXT.format(**policy)),
        _watch_settings.MEMORY: File(json.dumps(settings) + "\n"),
    }
    if policy["rasdaemon_labels"]:
        files[LABELS] = File(HEADER + _labels(policy, state["board"]))
    # Without a memory controller there is nothing to be labelled, and the labeler fails.
    labeler = [LABELER] if state["controllers"] else []
    lines = [
        'PAGE_CE_REFRESH_CYCLE="%dh"' % policy["rasdaemon_page_hours"],
        'PAGE_CE_THRESHOLD="%d"' % policy["rasdaemon_page_threshold"],
        'PAGE_CE_ACTION="%s"' % policy["rasdaemon_page_action"],
        'TRIGGER_DIR="/usr/local/sbin"',
        'MC_UE_TRIGGER="%s"' % HOOK_NAME,
        'AER_UE_TRIGGER="%s"' % HOOK_NAME,
    ]
    return Setup(files, {config(state["family"]): Block(lines)}, [DAEMON, TIMER] + labeler)


def _labels(policy: Dict[str, Any], board: Dict[str, str]) -> str:
    lines = ["Vendor: " + board["vendor"], "  Model: " + board["name"]]
    lines += ["    %s: %s;" % (label, place) for place, label in sorted(policy["rasdaemon_labels"].items())]
    return "\n".join(lines) + "\n"
