# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with watchdogs, whose drivers show below /sys what the kernel's own would (drivers/watchdog/watchdog_dev.c)."""

from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware, _hardware_setup, _watchdog
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost

KERNEL = "6.1.0-56-amd64"
POLICY: Dict[str, Any] = dict(ALERT, watchdog_driver="auto", watchdog_timeout=120, watchdog_pretimeout=20)
SYS = "/sys/class/watchdog/watchdog0/"
DRIVER_UNIT = "/etc/systemd/system/kernelops-watchdog.service"
DRIVERS = ("i6300esb", "iTCO_wdt", "sp5100_tco", "hpwdt", "wdat_wdt", "softdog")


def machine(root: str, kind: str = "metal", drivers: Any = DRIVERS) -> HardwareHost:
    """A machine without a watchdog, whose kernel has these drivers."""
    host = HardwareHost(root)
    names = {"metal": {}, "vm": {"vm": "kvm"}, "container": {"container": "lxc"}}[kind]  # type: Dict[str, str]
    host.put("/usr/bin/systemd-detect-virt", "")
    for question in ("container", "vm"):
        answer = names.get(question, "none")
        host.answers[("systemd-detect-virt", "--" + question)] = Result(0, answer + "\n", "")
    host.put("/usr/sbin/modprobe", "")
    host.put("/usr/bin/python3", "")
    host.put("/proc/sys/kernel/osrelease", KERNEL + "\n")
    host.put("/proc/sys/kernel/panic", "10\n")
    lines = ["kernel/drivers/watchdog/%s.ko: kernel/x.ko\n" % name for name in drivers if name != "softdog"]
    host.put("/lib/modules/%s/modules.dep" % KERNEL, "".join(lines))
    host.put(
        "/lib/modules/%s/modules.builtin" % KERNEL,
        "kernel/drivers/watchdog/softdog.ko\n" if "softdog" in drivers else "",
    )
    host.managed.update(RuntimeWatchdogUSec="0", WatchdogDevice="", WatchdogLastPingTimestampMonotonic="0")
    host.managed["RuntimeWatchdogPreUSec"] = "0"
    host.on_start["kernelops-watchdog.service"] = lambda: load(host)
    host.programs["udevadm"] = lambda argv: Result(0, "", "")
    return host


def pci(host: HardwareHost, vendor: str, device: str) -> HardwareHost:
    folder = "/sys/bus/pci/devices/0000:00:1f.%d/" % len(host.listdir("/sys/bus/pci/devices"))
    host.put(folder + "vendor", "0x%s\n" % vendor)
    host.put(folder + "device", "0x%s\n" % device)
    return host


def esb(root: str, kind: str = "vm") -> HardwareHost:
    """What QEMU gives with -device i6300esb."""
    return pci(machine(root, kind), "8086", "25ab")


def load(host: HardwareHost, state: str = "active", driver: str = "i6300esb", **values: Any) -> None:
    """The driver is there, and systemd has found it."""
    timeout = int(values.pop("timeout", 120))
    shown = dict(identity="i6300ESB timer", state=state, timeout=timeout, bootstatus=0, nowayout=0, status="0x8000")
    for name, value in dict(shown, **values).items():
        host.put(SYS + name, "%s\n" % value)
    if driver and not host.readlink(SYS + "device/driver/module"):
        host.link(SYS + "device/driver/module", "../../../../module/" + driver)
    if state == "active":
        host.managed.update(
            RuntimeWatchdogUSec="2min", WatchdogDevice="/dev/watchdog0", WatchdogLastPingTimestampMonotonic="81"
        )


def resolved(host: HardwareHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _watchdog.resolve(dict(POLICY, **changes), _watchdog.observe(host))
    return found


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _watchdog.evaluate(dict(POLICY, **changes), _watchdog.observe(host))
    return dict((item["control"][len("watchdog.") :], item) for item in findings)


def set_up(host: HardwareHost, **changes: Any) -> HardwareHost:
    found = _hardware.wish(host, "watchdog", dict(POLICY, **changes), True, [])
    assert found.wish
    _hardware_setup.apply(host, found.wish)
    return host
