# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Check for room before a step that would fail half-way without it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.errors import LabError

MIB = 1024 * 1024


def free_disk_mib(path: Path) -> int:
    """Return the room on the file system that holds `path`."""
    return shutil.disk_usage(path).free // MIB


def free_memory_mib(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return the memory that new programs can have without swapping."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:"))


def require_disk(path: Path, mebibytes: int, what: str) -> None:
    """Refuse a step for which the disk is too full."""
    free = free_disk_mib(path)
    if free < mebibytes:
        raise LabError(
            f"To {what}, {mebibytes} MiB are needed in {path}, and {free} MiB are free: "
            "make room, or set KERNELOPS_LAB_CACHE to a folder on a larger disk."
        )


def require_memory(mebibytes: int, what: str) -> None:
    """Refuse a step for which memory is too short."""
    free = free_memory_mib()
    if free < mebibytes:
        raise LabError(
            f"To {what}, {mebibytes} MiB of memory are needed, and {free} MiB are free: end other programs or machines."
        )
