# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role smartmontools writes: a part of smartd's configuration, the timer that keeps results, its settings."""

import json
import re
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_launcher,
    _smartmontools_policy,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._setup import HEADER, Block, Owned, Setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

HOOK = "/usr/local/sbin/kernelops-smartd-alarm"
TIMER, SERVICE = "kernelops-disks.timer", "kernelops-disks.service"
# By family: smartd's configuration, the file of its options, its unit. An alias of a unit cannot be enabled.
PLACES = {
    "debian": ("/etc/smartd.conf", "/etc/default/smartmontools", "smartmontools.service"),
    "redhat": ("/etc/smartmontools/smartd.conf", "/etc/sysconfig/smartmontools", "smartd.service"),
}
VIRTUAL = "%s.d/kernelops-smartmontools.conf"
VIRTUAL_TEXT = "[Unit]\nConditionVirtualization=\n"
HOOK_TEXT = """\
#!/bin/sh
{header}# What smartd runs when a disk fails, and waits for; it says what it has seen in its environment.
{launcher} smartd </dev/null >/dev/null 2>&1 &
"""
SERVICE_TEXT = """\
[Unit]
Description=Ask the disks how they are

[Service]
Type=oneshot
ExecStart={launcher} disks
Nice=19
IOSchedulingClass=idle
TimeoutStartSec=1h
"""
TIMER_TEXT = """\
[Unit]
Description=Ask the disks how they are

[Timer]
OnBootSec=2min
OnUnitActiveSec={smartmontools_interval}
RandomizedDelaySec={delay}
AccuracySec=10

[Install]
WantedBy=timers.target
"""


def places(family: str) -> Any:
    """Configuration, options and unit of smartd in a family."""
    return PLACES["redhat" if family == "redhat" else "debian"]


def owned(family: str) -> Owned:
    """All that any policy may make."""
    config, options, unit = places(family)
    virtual = VIRTUAL % unit_path(unit)
    files = [HOOK, unit_path(SERVICE), unit_path(TIMER), _watch_settings.DISKS, virtual]
    return Owned(files, [config, options], {unit: [config, options, virtual], TIMER: [unit_path(TIMER)]})


def setup(policy: Dict[str, Any], wanted: Dict[str, Any], state: Dict[str, Any]) -> Setup:
    """The files and units that the policy means on this host."""
    config, options, unit = places(state["family"])
    settings = {
        "devices": policy["smartmontools_devices"],
        "scan": policy["smartmontools_scan"],
        "limits": _smartmontools_policy.limits(policy),
        "self_tests": _smartmontools_policy.tests(policy) if wanted["nvme_self_tests"] == "timer" else {},
    }
    # A tenth of the interval: hosts of one hypervisor should not all read at once.
    timer = TIMER_TEXT.format(delay=policy["smartmontools_interval"] // 10, **policy)
    files = {
        HOOK: File(HOOK_TEXT.format(header=HEADER, launcher=_hardware_launcher.LAUNCHER), 0o755),
        unit_path(SERVICE): File(HEADER + SERVICE_TEXT.format(launcher=_hardware_launcher.LAUNCHER)),
        unit_path(TIMER): File(HEADER + timer),
        _watch_settings.DISKS: File(json.dumps(settings, indent=1, sort_keys=True) + "\n"),
    }
    if state["virtualization"]["kind"] == "vm":
        files[VIRTUAL % unit_path(unit)] = File(HEADER + VIRTUAL_TEXT)
    if _smartmontools_policy.smartd_alone(state["version"]):
        for path in (unit_path(SERVICE), unit_path(TIMER), _watch_settings.DISKS):
            del files[path]
    blocks = {
        config: Block(lines(policy, state["version"]), _scans),
        # It stays when no disk is left, and waits for the next configuration; without this its unit would fail.
        options: Block(['smartd_opts="--interval=%d --quit=never"' % policy["smartmontools_interval"]]),
    }
    return Setup(files, blocks, [unit] + ([TIMER] if unit_path(TIMER) in files else []))


def lines(policy: Dict[str, Any], version: List[int]) -> List[str]:
    """Our lines of smartd.conf: what holds for all disks, then the disks."""
    tests = _smartmontools_policy.schedule(policy, version)
    # Temperatures and sectors are watched by the timer, with the limits of the policy; smartd knows none for sectors.
    common = "DEFAULT -a%s -o on -S on -n standby,10,q%s -m <nomailer> -M exec %s" % (
        "" if _smartmontools_policy.smartd_alone(version) else " -C 0 -U 0",
        " -s " + tests if tests else "",
        HOOK,
    )
    found = [common]
    for item in policy["smartmontools_devices"]:
        kind = " -d %s" % item["type"] if item.get("type") else ""
        # Removable: a disk that is gone must not end the watch over the others; the timer tells of it.
        found.append("%s%s -d removable" % (item["device"], kind))
    return found + (["DEVICESCAN -d removable"] if policy["smartmontools_scan"] else [])


def _scans(line: str) -> bool:
    """What stands behind a DEVICESCAN is never read, and that would be our lines."""
    return bool(re.match(r"\s*DEVICESCAN\b", line))
