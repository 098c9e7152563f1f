# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A folder for temporary files: in memory where there is room, because the unit tests make a hundred thousand small files."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30  # bytes


def place(memory: Path = MEMORY, enough: int = ENOUGH) -> str | None:
    """Where to make the folder; None is the system's own place."""
    try:
        roomy = shutil.disk_usage(memory).free >= enough
    except OSError:
        return None
    return str(memory) if roomy and os.access(memory, os.W_OK | os.X_OK) else None


@contextlib.contextmanager
def folder(memory: Path = MEMORY, enough: int = ENOUGH) -> Iterator[str]:
    """Gone at the end, with all that is in it."""
    with tempfile.TemporaryDirectory(
        prefix="kernelops-step.", dir=place(memory, enough), ignore_cleanup_errors=True
    ) as made:
        yield made
