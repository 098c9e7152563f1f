# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role watchdog writes: the manager's settings, a unit that loads the driver, one that tells of a reset."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm_sent,
    _hardware_launcher,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._setup import HEADER, Owned, Setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

DROP_IN = "/etc/systemd/system.conf.d/zz-kernelops-watchdog.conf"
DRIVER_UNIT = "kernelops-watchdog.service"
ALARM_UNIT = "kernelops-watchdog-alarm.service"
OWNED = Owned([DROP_IN, unit_path(DRIVER_UNIT), unit_path(ALARM_UNIT)], [], {
    DRIVER_UNIT: [unit_path(DRIVER_UNIT)],
    ALARM_UNIT: [],
})  # fmt: skip
MANAGER_TEXT = """\
[Manager]
RuntimeWatchdogSec={watchdog_timeout}
"""
PRETIMEOUT_TEXT = """\
RuntimeWatchdogPreSec={watchdog_pretimeout}
RuntimeWatchdogPreGovernor=panic
"""
# A blacklist, as Ubuntu has one for all watchdogs, holds for what is loaded by itself, not for what is asked for by name.
# The capture kernel of kdump-tools starts it too, before sysinit.target and so before the dump, which systemd then feeds the watchdog for.
DRIVER_TEXT = """\
[Unit]
Description=Driver of the watchdog
DefaultDependencies=no
Conflicts=shutdown.target
Before=sysinit.target shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-{modprobe} -q pretimeout_panic
{load}
[Install]
WantedBy=sysinit.target
"""
# It ends with 1 while an alarm is not out, and where only this role is there nobody else tries again. Not oneshot, which
# systemd starts again only from 244 on. The network is not wanted here: a boot must not wait for it because of an alarm.
ALARM_TEXT = """\
[Unit]
Description=Alarm when the watchdog reset this machine
After={unit} network-online.target

[Service]
Type=simple
RemainAfterExit=yes
Restart=on-failure
RestartSec={retry}
ExecStart={launcher} watchdog

[Install]
WantedBy=multi-user.target
"""
LATER = '/bin/sh -c "test -e {node} || exec {command}"'
# What makes of a missed feeding a panic, with its dump, before the reset.
PARAMETERS = {
    "softdog": "softdog soft_panic=1",
    "ipmi_watchdog": "ipmi_watchdog preaction=pre_nmi preop=preop_panic pretimeout={watchdog_pretimeout}",
}


def setup(policy: Dict[str, Any], wanted: Dict[str, Any], state: Dict[str, Any]) -> Setup:
    """The files and units that the policy means on this host."""
    text = MANAGER_TEXT + (PRETIMEOUT_TEXT if policy["watchdog_pretimeout"] else "")
    modules = DRIVER_TEXT.format(modprobe=state["modprobe"], load=_load(policy, wanted["drivers"], state["modprobe"]))
    alarm = ALARM_TEXT.format(unit=DRIVER_UNIT, retry=_alarm_sent.RETRY_SECONDS, launcher=_hardware_launcher.LAUNCHER)
    files = {
        DROP_IN: File(HEADER + text.format(**policy)),
        unit_path(DRIVER_UNIT): File(HEADER + modules),
        unit_path(ALARM_UNIT): File(HEADER + alarm),
    }
    return Setup(files, {}, [DRIVER_UNIT, ALARM_UNIT])


def _load(policy: Dict[str, Any], drivers: List[str], modprobe: str) -> str:
    """The lines that load the drivers: after the first each is for a machine whose firmware has locked those before it."""
    lines = ""
    for place, name in enumerate(drivers):
        if name == _watchdog_devices.BUILT_IN:
            continue
        command = "%s %s" % (modprobe, name)
        if policy["watchdog_pretimeout"] or name != _watchdog_devices.BMC:
            command = "%s %s" % (modprobe, PARAMETERS.get(name, name).format(**policy))
        if place:
            command = LATER.format(node=_watchdog_devices.NODE, command=command)
        # Only the last one must not be refused.
        lines += "ExecStart=%s%s\n" % ("" if name == drivers[-1] else "-", command)
    return lines
