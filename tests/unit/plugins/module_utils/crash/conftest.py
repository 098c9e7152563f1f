# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone of the machine: a host's log files bear no other. Runs on every Python from 3.6 on."""

import os
import time
from typing import Callable, Iterator

import pytest


@pytest.fixture(autouse=True)
def zone() -> Iterator[Callable[[str], None]]:
    """UTC, or what a test asks for, wherever the tests run."""
    before = os.environ.get("TZ")

    def be(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    be("UTC0")
    yield be
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
