# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temperatures as the kernel's drivers show them below /sys/class/hwmon."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

CLASS = "/sys/class/hwmon"
# smartmontools watches disks. To read them may wake one, or keep it from sleeping.
NOT_READ = ("drivetemp", "nvme")
# What a sensor says that nothing is connected to.
LEAST, MOST = -40.0, 125.0


class Reading(NamedTuple):
    """A temperature in degrees Celsius, with the limits that the chip itself has."""

    chip: str
    kind: str
    label: str
    degrees: float
    high: Optional[float]
    critical: Optional[float]


def readings(host: Host) -> List[Reading]:
    """Every temperature that can be read now."""
    found = []
    for name in host.listdir(CLASS):
        folder = "%s/%s" % (CLASS, name)
        kind = _text(host, folder + "/name") or name
        if kind in NOT_READ:
            continue
        device = (host.readlink(folder + "/device") or name).rsplit("/", 1)[-1]
        chip = re.sub(r"[^A-Za-z0-9_.-]", "_", "%s-%s" % (kind, device))
        for entry in host.listdir(folder):
            match = re.match(r"(temp\d+)_input\Z", entry)
            reading = _reading(host, folder, match.group(1), chip, kind) if match else None
            if reading:
                found.append(reading)
    return found


def _reading(host: Host, folder: str, channel: str, chip: str, kind: str) -> Optional[Reading]:
    values: Dict[str, Any] = {}
    for part in ("input", "max", "crit"):
        values[part] = _degrees(host, "%s/%s_%s" % (folder, channel, part))
    if _text(host, "%s/%s_fault" % (folder, channel)) == "1":
        return None
    if values["input"] is None or not LEAST < values["input"] < MOST:
        return None
    label = _text(host, "%s/%s_label" % (folder, channel)) or channel
    # Some chips start with limits of 0 or of nonsense until somebody sets them.
    limits = [value if value is not None and 20 < value <= MOST else None for value in (values["max"], values["crit"])]
    return Reading(chip, kind, label, values["input"], limits[0], limits[1])


def _text(host: Host, path: str) -> str:
    # A sensor may refuse to be read now and then; the others must not suffer from that.
    try:
        return (host.read(path) or "").strip()
    except HostError:
        return ""


def _degrees(host: Host, path: str) -> Optional[float]:
    text = _text(host, path)
    return int(text) / 1000.0 if re.match(r"-?\d+\Z", text) else None
