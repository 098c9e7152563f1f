# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as the kernel shows them, without a word to the disks themselves: none is woken."""

import re
from typing import Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

# Where disks come and go: USB, iSCSI, NVMe over a network.
LOOSE = re.compile(r"/(?:usb|session)\d+/|/nvme-fabrics/")


class Disk(NamedTuple):
    """A disk to be asked for its health: its device, and how to talk to it ('' where smartctl finds out)."""

    device: str
    type: str

    @property
    def name(self) -> str:
        """How alarms and records call it, with what tells it from others behind the same device, if anything does."""
        return self.device + (" [%s]" % self.type if "," in self.type else "")

    @property
    def short(self) -> str:
        """A name that can be a part of a control."""
        return re.sub(r"[^A-Za-z0-9]+", "_", self.name.replace("/dev/", "", 1)).strip("_")


def present(host: Host) -> List[Disk]:
    """The disks that are there for good: no media that come and go, no device of a hypervisor."""
    names = host.listdir("/sys/block")
    found = [Disk("/dev/nvme" + number, "") for number in _controllers(names)]
    for name in names:
        fixed = (host.read("/sys/block/%s/removable" % name) or "0").strip() == "0"
        if re.match(r"sd[a-z]+\Z", name) and fixed:
            found.append(Disk("/dev/" + name, ""))
    return found


def _controllers(names: List[str]) -> List[str]:
    """The numbers of the NVMe controllers to ask, one for each disk.

    Where a disk may have several paths, its namespaces bear the number of the subsystem, and only the paths that of a controller.
    """
    numbers: Dict[str, str] = {}
    for match in (re.match(r"nvme(\d+)(?:c(\d+))?n\d+\Z", name) for name in sorted(names)):
        # Of one subsystem a path comes before what stands for all paths: c before n.
        if match:
            numbers.setdefault(match.group(1), match.group(2) or match.group(1))
    return list(numbers.values())


def identity(host: Host, disk: Disk) -> str:
    """What the kernel knows a disk itself by, wherever it is plugged in; '' where it does not, and behind a controller."""
    if "," in disk.type:
        return ""
    name = disk.device.rpartition("/")[2]
    for path in ("/sys/block/%s/device/wwid", "/sys/class/nvme/%s/serial"):
        try:
            text = (host.read(path % name) or "").strip()
        except HostError:
            text = ""
        if text:
            return text
    return ""


def built_in(host: Host, disk: Disk) -> bool:
    """Whether a disk is one that should be there the next time."""
    name = disk.device.rpartition("/")[2]
    places = [host.readlink(path % name) or "" for path in ("/sys/block/%s", "/sys/class/nvme/%s")]
    return not any(LOOSE.search(place) for place in places)


def chosen(devices: List[Dict[str, str]], scan: bool, there: List[Disk]) -> List[Disk]:
    """All disks to ask: those that the operator names, behind controllers, and with C(scan) those that are there."""
    named = [Disk(item["device"], item.get("type", "")) for item in devices]
    taken = set(disk.device for disk in named)
    return named + [disk for disk in there if scan and disk.device not in taken]
