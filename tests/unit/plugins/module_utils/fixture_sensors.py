# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with sensors: trees as the kernel's interface is documented (Documentation/hwmon/sysfs-interface.rst), numbers made up."""

from typing import Any, Dict, Optional

from unit.plugins.module_utils.fixture_disks import DEBIAN
from unit.plugins.module_utils.fixture_disks import machine as plain
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost

POLICY: Dict[str, Any] = dict(
    ALERT,
    lm_sensors_interval=60,
    lm_sensors_modules=[],
    lm_sensors_temperature_high=80,
    lm_sensors_temperature_critical=95,
    lm_sensors_limits={},
    lm_sensors_ignore=[],
)
KERNEL = "6.1.0-56-amd64"
CORE = "coretemp-coretemp.0"


def machine(root: str, kind: str = "metal", release: str = DEBIAN) -> HardwareHost:
    """A machine with an Intel processor and no sensor yet; sensors is installed."""
    host = plain(root, kind, release)
    host.put("/usr/bin/sensors", "")
    host.put("/usr/sbin/modprobe", "")
    host.put("/proc/sys/kernel/osrelease", KERNEL + "\n")
    host.put("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n")
    host.put(
        "/lib/modules/%s/modules.dep" % KERNEL, "kernel/drivers/hwmon/coretemp.ko:\nkernel/drivers/hwmon/k10temp.ko:\n"
    )
    host.put("/sys/module/coretemp/refcnt", "0\n")
    return host


def chip(host: HardwareHost, number: int, name: str, device: str, **temps: Any) -> None:
    """A chip; temp1=(degrees, max, crit, label) and so on, None for what it does not have."""
    folder = "/sys/class/hwmon/hwmon%d/" % number
    host.put(folder + "name", name + "\n")
    if not host.readlink(folder + "device"):
        host.link(folder + "device", "../../../" + device)
    for channel, (degrees, high, critical, label) in temps.items():
        put(host, folder + channel + "_input", degrees)
        put(host, folder + channel + "_max", high)
        put(host, folder + channel + "_crit", critical)
        if label:
            host.put(folder + channel + "_label", label + "\n")


def put(host: HardwareHost, path: str, degrees: Optional[float]) -> None:
    if degrees is not None:
        host.put(path, "%d\n" % (degrees * 1000))


def server(root: str, degrees: float = 45, kind: str = "metal") -> HardwareHost:
    """A processor, a board with a loose sensor, disks that must not be asked."""
    host = machine(root, kind)
    chip(host, 0, "coretemp", "coretemp.0", temp1=(degrees, 84, 100, "Package id 0"), temp2=(44, 84, 100, "Core 0"))
    chip(
        host,
        1,
        "nct6775",
        "nct6775.656",
        temp1=(38, 0, None, "SYSTIN"),
        temp7=(127.5, 80, None, "AUXTIN3"),
        temp8=(-62, None, None, "x"),
    )
    chip(host, 2, "drivetemp", "0:0:0:0", temp1=(99, 55, 60, None))
    chip(host, 4, "nvme", "nvme0", temp1=(99, 84, 89, "Composite"))
    return host
