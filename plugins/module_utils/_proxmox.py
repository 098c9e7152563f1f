# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels that Proxmox VE's own tools were told of: pinned by an operator, and copied to where its boot loader finds them."""

import re
from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# As C(_bootloader) names it.
METHOD = "proxmox-boot-tool"
# The pin, that of the next boot, and those that the operator had added by name.
PINS = ("/etc/kernel/proxmox-boot-pin", "/etc/kernel/next-boot-pin")
ADDED = "/etc/kernel/proxmox-boot-manual-kernels"
# A hook of Proxmox writes here what it copies to the EFI system partitions, in the same run.
KEPT = "/etc/apt/apt.conf.d/76pveconf"
NAMED = re.compile(r'(?m)^\s*"\^(?:proxmox|pve)-kernel-([^"$]+?)(?:\(-signed\)\?|-signed)?\$";')


def _first_line(host: Host, path: str) -> List[str]:
    return (host.read(path) or "").split("\n")[0].split()[:1]


def pin(host: Host) -> str:
    """The kernel that C(proxmox-boot-tool kernel pin) has made the default, '' for none; raises Unreadable."""
    return "".join(_first_line(host, PINS[0]))


def pinned(host: Host) -> List[str]:
    """The kernels that the operator has pinned or added; raises Unreadable."""
    found = [release for path in PINS for release in _first_line(host, path)]
    return found + [line.strip() for line in (host.read(ADDED) or "").splitlines() if line.strip()]


def copied(host: Host) -> List[str]:
    """The kernels that Proxmox's boot loader finds, by what its hook has written; raises Unreadable."""
    return [name.replace("\\", "") for name in NAMED.findall(host.read(KEPT) or "")]
