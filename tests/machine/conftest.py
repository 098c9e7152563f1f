# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab machines for the tests that need one of their own."""

from __future__ import annotations

import os
import typing as t

import pytest

import playbooks
from lab.machine import Machine
from lab.processes import identify

ALL = os.environ.get("LAB_FAULTS", "one") == "all"
RELEASES = ("debian12", "debian13") if ALL else ("debian12",)


def make(name: str, release: str) -> Machine:
    """A stock machine, restored from its booted snapshot, that ends with this test run at the latest."""
    return Machine.create(name, release, owner=identify(os.getpid()))


@pytest.fixture(params=RELEASES)
def stock(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine as its distribution installs it."""
    machine = make(f"stock-{request.param}", request.param)
    yield machine
    machine.stop()


@pytest.fixture(scope="module", params=RELEASES)
def hardened(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine that harden.yml has run on, shared by the tests of a module."""
    machine = make(f"hardened-{request.param}", request.param)
    done = playbooks.run("harden", [machine])
    assert done.returncode == 0, done.output
    yield machine
    machine.stop()
