# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest ansible-core that is promised, and the newest one found, do what the pinned one does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import playbooks
from lab.machine import Machine

CORES = Path(__file__).parents[2] / ".venv-core"


@pytest.mark.parametrize("core", ["2.16", "newest"])
def test_harden_and_audit(stock: Machine, core: str) -> None:
    binaries = CORES / core / "bin"
    version = subprocess.run([binaries / "ansible", "--version"], capture_output=True, text=True, check=True).stdout
    print(version.splitlines()[0])
    before = playbooks.run("audit", [stock], binaries=binaries)
    assert before.host["verdict"] == "drifted", before.output
    done = playbooks.run("harden", [stock], binaries=binaries)
    assert done.returncode == 0, done.output
    assert "DEPRECATION" not in done.output
    after = playbooks.run("audit", [stock], binaries=binaries, variables={"panic_hardening_fail_on_drift": True})
    assert (after.returncode, after.host["verdict"]) == (0, "hardened"), after.output
