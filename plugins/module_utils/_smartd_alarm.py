# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What smartd reports, as an alarm by the name and the key that the timer has for the same thing."""

import re
from typing import Mapping

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _disk_health, _disks
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# By what smartd calls a failure, what our keys call it: the daemon and the timer tell of the same thing once.
FAILURES = {
    "Health": ("health", "critical"),
    "Temperature": ("temperature", "critical"),
    "SelfTest": ("self_test", "critical"),
    "Usage": ("worn", "warning"),
    "ErrorCount": ("errors", "warning"),
    "CurrentPendingSector": ("sectors", "warning"),
    "OfflineUncorrectableSector": ("sectors", "warning"),
}


def raise_it(host: Host, environment: Mapping[str, str]) -> int:
    """Raise the alarm that smartd asks for; it hands over what it has seen in the environment."""
    disk = _disk(environment)
    failure = environment.get("SMARTD_FAILTYPE", "")
    if failure == "ErrorCount" and disk.device.startswith("/dev/nvme"):
        # It counts each command that the disk refused, and before 7.4 says so. The timer tells of errors that cost data.
        return 0
    message = environment.get("SMARTD_MESSAGE") or "smartd reports %s" % (failure or "a failure")
    what, severity = FAILURES.get(failure, ("access", "warning"))
    if failure == "EmailTest":
        what, severity = "test", "info"
    warning = re.search(r"Critical Warning \((0x[0-9A-Fa-f]+)\)", message)
    if warning and int(warning.group(1), 16) == _disk_health.NVME_HOT:
        what, severity = "temperature", "warning"
    details = [environment.get("SMARTD_DEVICEINFO", ""), environment.get("SMARTD_FULLMESSAGE", "")]
    _alarm.raise_alarm(
        host, _alarm.event("smartmontools", what, severity, disk.name, message, "\n".join(details).strip())
    )
    return 0


def _disk(environment: Mapping[str, str]) -> _disks.Disk:
    device, kind = environment.get("SMARTD_DEVICE", "unknown disk"), environment.get("SMARTD_DEVICETYPE", "")
    # Of disks that it has found itself behind a controller, all with one device, only this says which one it is.
    found = re.search(r"\[megaraid_disk_(\d+)\]", environment.get("SMARTD_DEVICESTRING", ""))
    if found and "," not in kind:
        kind = "megaraid,%d" % int(found.group(1))
    return _disks.Disk(device, kind)
