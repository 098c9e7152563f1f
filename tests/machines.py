# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many machines a test run takes, and how it makes one."""

from __future__ import annotations

import os
import typing as t

from lab.machine import Machine
from lab.processes import identify

ALL = os.environ.get("LAB_FAULTS", "one") == "all"
RELEASES = tuple((os.environ.get("LAB_RELEASES") or "debian12,debian13").split(","))


def make(name: str, release: str, **options: t.Any) -> Machine:
    """A stock machine, restored from its booted snapshot, that ends with this test run at the latest."""
    return Machine.create(name, release, owner=identify(os.getpid()), **options)
