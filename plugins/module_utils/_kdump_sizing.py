# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a crash kernel gets: the distributions' own tables, and the kernel's notation C(crashkernel=)."""

import re
from typing import Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_kernel
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

MIB = 1024 * 1024
UNITS = {"": 1, "K": 1024, "M": MIB, "G": 1024 * MIB, "T": 1024 * 1024 * MIB}
SIZE = r"\d+[KMGTkmgt]?"
RANGE = SIZE + "-(?:" + SIZE + ")?:" + SIZE
# One size (with a place, or above 4 GiB), or ranges of memory with a size each (Documentation/admin-guide/kdump).
NOTATION = re.compile("^(?:" + SIZE + "(?:@" + SIZE + "|,high)?|" + RANGE + "(?:," + RANGE + ")*(?:@" + SIZE + r")?)\Z")

# From 2 GiB on no release gets less than kdump-utils gives (2G-64G:256M,64G-:512M): drivers need the room, and what
# Debian's own default leaves is known to be too little for them. Below it, each distribution's own default.
LARGE = "2G-64G:256M,64G-:512M"
TABLES: Dict[Tuple[str, str], str] = {
    ("debian", "x86_64"): "512M-2G:192M," + LARGE,
    ("debian12", "x86_64"): "384M-2G:128M," + LARGE,
    ("ubuntu", "x86_64"): "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M",
    ("ubuntu20", "x86_64"): "512M-2G:192M," + LARGE,
    ("ubuntu22", "x86_64"): "512M-2G:192M," + LARGE,
    ("redhat", "x86_64"): LARGE,
    ("redhat8", "x86_64"): "1G-2G:192M," + LARGE,
    ("redhat9", "x86_64"): "1G-2G:192M," + LARGE,
    ("redhat", "aarch64"): "2G-4G:256M,4G-64G:320M,64G-:576M",
    ("debian", "aarch64"): "2G-4G:256M,4G-64G:320M,64G-:576M",
    ("ubuntu", "aarch64"): "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M",
}


def table(family: str, major: str, architecture: str) -> Optional[str]:
    """The ranges for a release (C(debian), C(12), C(x86_64)), or None where nobody has published any."""
    return TABLES.get((family + major, architecture)) or TABLES.get((family, architecture))


def parse_size(text: str) -> int:
    """Bytes of a size such as C(256M)."""
    match = re.match(r"^(\d+)([KMGT]?)\Z", text.upper())
    if not match:
        raise ValueError(text)
    return int(match.group(1)) * UNITS[match.group(2)]


def valid(text: str) -> bool:
    """Whether the kernel would understand C(crashkernel=text); every size needs its unit."""
    if not NOTATION.match(text):
        return False
    return all(size != "" for size in _units(text))


def _units(text: str) -> List[str]:
    # 256 for 256M would reserve 256 bytes: the kernel takes it, and nothing is ever reserved.
    return re.findall(r"\d+([KMGT]?)", text.upper().split("@")[0].replace(",HIGH", ""))


def reserved(text: str, memory: int) -> int:
    """Bytes that C(crashkernel=text) asks for on a machine with C(memory) bytes; 0 where no range fits."""
    plain = re.sub(r"(@.*|,high)\Z", "", text, flags=re.IGNORECASE)
    if ":" not in plain:
        return parse_size(plain)
    for part in plain.split(","):
        limits, size = part.split(":")
        low, _dash, high = limits.partition("-")
        if parse_size(low) <= memory and (not high or memory < parse_size(high)):
            return parse_size(size)
    return 0


def memory(host: Host) -> int:
    """Bytes of memory the machine has, the crash kernel's own part included; raises HostError.

    The kernel counts in blocks where it can. Elsewhere the sum is rounded up to 128 MiB, as the kernel itself does
    before it compares with the ranges, because firmware keeps a little of every machine's memory.
    """
    block = int((host.read("/sys/devices/system/memory/block_size_bytes") or "0").strip() or "0", 16)
    blocks = [n for n in host.listdir("/sys/devices/system/memory") if re.match(r"^memory\d+\Z", n)]
    if block and blocks and block <= 128 * MIB:
        return block * len(blocks)
    total = re.search(r"(?m)^MemTotal:\s+(\d+) kB", host.read("/proc/meminfo") or "")
    if not total:
        raise HostError("/proc/meminfo: has no MemTotal; is /proc mounted?")
    crash = _kdump_kernel.reserved(host)
    step = 128 * MIB
    return -(-(int(total.group(1)) * 1024 + crash) // step) * step
