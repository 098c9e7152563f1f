# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a dump would be now, from /proc/meminfo: an audit must not read all of a large machine's memory for it."""

import re
from typing import Dict

# Bits of makedumpfile's dump level (-d) and the pages that each leaves out; zero pages (1) are not counted anywhere.
LEAVES_OUT = (
    (2, ("Cached", "Buffers")),
    (8, ("AnonPages",)),
    (16, ("MemFree",)),
)
MARGIN = 1.2  # the host goes on working between the estimate and the crash


def meminfo(text: str) -> Dict[str, int]:
    """The numbers of /proc/meminfo, in bytes."""
    return dict((name, int(kib) * 1024) for name, kib in re.findall(r"(?m)^(\w+):\s+(\d+) kB$", text))


def estimate(memory: Dict[str, int], level: int) -> int:
    """Bytes of a dump at C(level), as if nothing could be compressed.

    What the kernel keeps for itself is what no other line accounts for, and the descriptions of all pages (64 bytes for
    each 4 KiB), which no level leaves out.
    """
    total = memory.get("MemTotal", 0)
    left_out = sum(memory.get(name, 0) for bit, names in LEAVES_OUT if level & bit for name in names)
    # Shared memory stands in Cached too, but is not page cache to makedumpfile before bit 4 is set.
    if level & 2 and not level & 4:
        left_out -= min(memory.get("Shmem", 0), left_out)
    return max(total - left_out, 0) + total // 64


def needed(memory: Dict[str, int], level: int) -> int:
    """Free bytes that a target should have for the next dump."""
    return int(estimate(memory, level) * MARGIN)
