# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a dump would be now, from /proc/meminfo: an audit must not read all of a large machine's memory for it."""

import re
from typing import Callable, Dict, Tuple

FREE_PAGES = 16
# Bits of makedumpfile's dump level (-d) and the pages that each leaves out; zero pages (1) are not counted anywhere.
LEAVES_OUT = (
    (2, ("Cached", "Buffers")),
    (8, ("AnonPages",)),
    (FREE_PAGES, ("MemFree",)),
)
MARGIN = 1.2  # the host goes on working between the estimate and the crash
# Linux 6.12 marks a free page in another way, which makedumpfile knows from 1.7.7 on (its commit 72c3414); older ones dump free pages too.
MARKED_ANEW, KNOWN_SINCE = (6, 12), (1, 7, 7)


def reached(level: int, kernel: str, version: Callable[[], str]) -> int:
    """The dump level that is really reached for this kernel; C(version) has makedumpfile say its own."""
    if not level & FREE_PAGES or _numbers(kernel) < MARKED_ANEW:
        return level
    found = _numbers(version().partition("version")[2])
    return level & ~FREE_PAGES if found and found < KNOWN_SINCE else level


def _numbers(text: str) -> Tuple[int, ...]:
    match = re.match(r"[ .\d]+", text)
    return tuple(int(part) for part in re.findall(r"\d+", match.group())) if match else ()


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
