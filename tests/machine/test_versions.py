# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest ansible-core that is promised, and the newest one found, do what the pinned one does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import playbooks
from house import interpreters
from lab.machine import Machine
from machines import ALL
from playbooks import FEW_ROLES


def version(core: str) -> str:
    command: list[str | Path] = [playbooks.core(core) / "ansible", "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def test_the_oldest_core_finds_what_it_has_hardened(hardened: Machine) -> None:
    assert "core 2.16." in version("2.16")
    strict = {**FEW_ROLES, "panic_hardening_fail_on_drift": True}
    audit = playbooks.run("audit", [hardened], binaries=playbooks.core("2.16"), variables=strict)
    assert (audit.returncode, audit.host["verdict"]) == (0, "hardened"), audit.output


@pytest.mark.skipif(not ALL, reason="runs with `make test-full`")
def test_the_newest_core_hardens_and_audits(stock: Machine) -> None:
    print(version("newest"))
    binaries = playbooks.core("newest")
    before = playbooks.run("audit", [stock], binaries=binaries, variables=FEW_ROLES)
    assert before.host["verdict"] == "drifted", before.output
    done = playbooks.run("harden", [stock], binaries=binaries, variables=FEW_ROLES)
    assert done.returncode == 0, done.output
    assert "DEPRECATION" not in done.output
    strict = {**FEW_ROLES, "panic_hardening_fail_on_drift": True}
    after = playbooks.run("audit", [stock], binaries=binaries, variables=strict)
    assert (after.returncode, after.host["verdict"]) == (0, "hardened"), after.output


OLD = [python for python in interpreters.installed() if python.version < (3, 9)]
# The unit tests run on each of them anyway; whole modules on the oldest tell most.
OLD = OLD if ALL else OLD[:1]


@pytest.mark.skipif(not OLD, reason="no Python older than 3.9 was found here")
@pytest.mark.parametrize("python", OLD, ids=lambda python: python.name)
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("hardening_info", {"gather_subset": ["panic_sysctl"]}),
        ("sysctl_profile", {"name": "old", "settings": {"kernel.panic": 10}}),
        ("kernel_cmdline", {"name": "old", "arguments": {"panic": 10}}),
        ("kdump_config", {"keep": 2}),
        ("fallback_kernel_config", {"retain": 3}),
        ("hardware_setup", {"role": "watchdog"}),
    ],
)
def test_an_old_python_runs_the_modules(
    python: interpreters.Interpreter, module: str, arguments: dict[str, object]
) -> None:
    """In check mode on this very machine: whole modules, as ansible-core 2.16 sends them."""
    command: list[str | Path] = [playbooks.core("2.16") / "ansible", "localhost", "--check", "-c", "local"]
    command += ["-m", f"kernelops.panic_hardening.{module}", "-a", json.dumps(arguments)]
    command += ["-e", f"ansible_python_interpreter={python.path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
