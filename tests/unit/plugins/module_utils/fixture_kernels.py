# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels and disks for hosts made of captured trees. For Python 3.6 too."""

import os
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel_confirm,
    _grub,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_programs import GrubMkconfigMenu, Systemctl

OLD, NEW, HALF = "6.1.0-53-cloud-amd64", "6.1.0-56-cloud-amd64", "6.1.0-57-cloud-amd64"
MIB = 1024 * 1024
ENV = "/boot/grub/grubenv"
CFG = _grub.GRUB_CFG
ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
)
LISTENING = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1261094 1 0 100 0 0 10 0\n"
)
BLOCK = "/sys/class/block"


def sized(host: FixtureHost, path: str, size: int) -> None:
    """A file of that size that takes no room: only its size is looked at."""
    host.put(path, "")
    os.truncate(host.root + path, size)


def kernel(host: FixtureHost, release: str, initrd: str = "initrd.img-%s", initrd_size: int = MIB) -> None:
    """A kernel with all that it needs; without an initrd for a size of 0."""
    sized(host, "/boot/vmlinuz-" + release, MIB)
    if initrd_size:
        sized(host, "/boot/" + initrd % release, initrd_size)
    host.put("/lib/modules/%s/modules.dep" % release, "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\n")


def complete(host: FixtureHost, release: str) -> None:
    """What was half installed gets its initrd, and the menu is made anew."""
    sized(host, "/boot/initrd.img-" + release, MIB)
    lines = host.text(CFG).splitlines(True)
    for number in reversed([n for n, line in enumerate(lines) if "\t/boot/vmlinuz-%s " % release in line]):
        lines.insert(number + 1, "\tinitrd\t/boot/initrd.img-%s\n" % release)
    host.put(CFG, "".join(lines))


def disk(host: FixtureHost, name: str, device: str, parent: str = "", **files: str) -> None:
    """A block device as /sys shows it; an attribute C(dm__uuid) is the file dm/uuid, '' makes a directory."""
    place = "/sys/devices/virtual/block/%s" % "/".join(part for part in (parent, name) if part)
    if not os.path.lexists(host.root + "%s/%s" % (BLOCK, name)):
        host.link("%s/%s" % (BLOCK, name), "../.." + place[len("/sys") :])
    attributes = dict({"dev": device, "ro": "0"}, **(dict(files, partition="1") if parent else files))
    for key, value in attributes.items():
        path = "%s/%s" % (place, key.replace("__", "/"))
        if value:
            host.put(path, value + "\n")
        else:
            os.makedirs(host.root + path)


def lab_machine(make_host: Any, panic: bool = True) -> FixtureHost:
    """The lab's Debian 12 machine with an old kernel that runs, a new one, and one that is only half installed."""
    host: FixtureHost = make_host("debian12/stock", "debian12/kernels")
    host.programs["grub-mkconfig"] = GrubMkconfigMenu(host)
    os.makedirs(host.root + "/etc/grub.d")
    for release in (OLD, NEW):
        kernel(host, release)
    kernel(host, HALF, initrd_size=0)
    disk(host, "vda", "254:0")
    disk(host, "vda3", "254:3", parent="vda")
    if panic:
        _grub.apply(host, "panic", {"panic": "10"})
    return host


def complete_machine(make_host: Any, version: str = "252") -> FixtureHost:
    """The lab's machine with a systemd, an apt and the rest that the role looks for."""
    host = lab_machine(make_host)
    host.programs["systemctl"] = Systemctl(host, version)
    host.put("/usr/bin/apt-config", "")
    host.put("/usr/sbin/mkinitramfs", "")
    os.makedirs(host.root + "/etc/initramfs-tools/scripts/init-top")
    host.answers[("apt-config", "dump")] = Result(0, 'APT::NeverAutoRemove "";\n', "")
    host.answers[("apt-config", "--version")] = Result(0, "apt 2.6.1 (amd64)\n", "")
    host.put("/etc/apt/apt.conf.d/01autoremove", "")
    host.put("/proc/net/route", ROUTES)
    host.put("/proc/net/tcp", LISTENING)
    host.put("/proc/uptime", "400.00 1.00\n")
    return host


def trial_machine(make_host: Any, policy: Dict[str, Any]) -> FixtureHost:
    """The lab's machine whose known-good kernel was looked at, and that now runs the new one as a trial."""
    host = lab_machine(make_host)
    host.put("/proc/net/route", ROUTES)
    host.put("/proc/net/tcp", LISTENING)
    host.put("/proc/uptime", "400.00 1.00\n")
    host.answers[("systemctl", "is-system-running")] = Result(0, "running\n", "")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))
    assert _fallback_kernel_confirm.step(host, policy).action == "none"
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, NEW))
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
    host.put("/proc/sys/kernel/random/boot_id", "2\n")
    host.put("/proc/sys/kernel/osrelease", NEW + "\n")
    return host
