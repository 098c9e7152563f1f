# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab machines for the tests that need one of their own."""

from __future__ import annotations

import typing as t

import pytest

import playbooks
from lab.machine import Machine
from machines import RELEASES, make


@pytest.fixture(params=RELEASES)
def stock(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine as its distribution installs it."""
    machine = make(f"stock-{request.param}", request.param)
    yield machine
    machine.stop()


@pytest.fixture(scope="session", params=RELEASES)
def hardened(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine that harden.yml has run on with a few roles, shared by the tests that leave it hardened.

    By the oldest ansible-core that is promised: the pinned one hardens every other machine.
    """
    machine = make(f"hardened-{request.param}", request.param)
    done = playbooks.run("harden", [machine], binaries=playbooks.core("2.16"), variables=playbooks.FEW_ROLES)
    assert done.returncode == 0, done.output
    assert "DEPRECATION" not in done.output
    yield machine
    machine.stop()
