# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Where the lab keeps things: one cache outside the repository, one state folder a machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lab.errors import LabError

LAB_SOURCE = Path(__file__).resolve().parent
CHECKOUT = LAB_SOURCE.parent.parent
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the lab's cache; images, keys, snapshots and running machines live below it."""
    explicit = environ.get("KERNELOPS_LAB_CACHE")
    if explicit:
        base = Path(explicit)
    else:
        home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        base = Path(home) / "kernelops-lab"
    if not base.is_absolute():
        raise LabError(f"KERNELOPS_LAB_CACHE is {base}: it must be an absolute path.")
    if base.resolve().is_relative_to(CHECKOUT):
        raise LabError(
            f"The lab's cache {base} lies inside the repository: set KERNELOPS_LAB_CACHE to a folder outside."
        )
    return base


def folder(name: str) -> Path:
    """Return a folder of the cache, made if missing."""
    path = cache_dir() / name
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LabError(
            f"Cannot make {path} ({error.strerror}): set KERNELOPS_LAB_CACHE to a folder you can write to."
        ) from error
    return path


def scope(environ: Mapping[str, str] = os.environ) -> str:
    """Tell checkouts apart: two clones may run the same scenario at the same time."""
    explicit = environ.get("LAB_RUN_ID")
    if explicit:
        if not NAME.fullmatch(explicit):
            raise LabError(f"LAB_RUN_ID is {explicit!r}: use lower-case letters, digits, '-' and '_', at most 40.")
        return explicit
    return hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]


def state_dir(name: str) -> Path:
    """Return the state folder of a machine of this checkout; it may not exist."""
    if not NAME.fullmatch(name):
        raise LabError(f"The machine name {name!r} is not usable: lower-case letters, digits, '-' and '_', at most 40.")
    return folder("run") / f"{scope()}.{name}"


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold a lock of the cache; the kernel releases it however the holder ends."""
    with open(folder("locks") / name, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
