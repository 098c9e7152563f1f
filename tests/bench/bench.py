# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ratios from one run on one machine: the audit of all roles to setup, and a loop of ansible.posix.sysctl to sysctl_profile."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import playbooks  # noqa: E402
from lab.errors import LabError  # noqa: E402
from lab.machine import Machine  # noqa: E402
from lab.processes import identify  # noqa: E402

BINARIES = HERE.parents[1] / ".venv-bench" / "bin"
ROUNDS = 5


def measure(machine: Machine) -> dict[str, float]:
    """The median seconds of each task."""
    with tempfile.NamedTemporaryFile(prefix="durations.", mode="r") as log:
        done = playbooks.run(
            str(HERE / "bench.yml"),
            [machine],
            variables={**playbooks.ALL_ROLES, "rounds": ROUNDS},
            binaries=BINARIES,
            environment={
                "DURATIONS": log.name,
                "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
                "ANSIBLE_CALLBACKS_ENABLED": "durations",
            },
        )
        lines = [json.loads(line) for line in log]
    if done.returncode:
        raise LabError(f"The bench's playbook failed:\n{done.output}")
    names = {line["task"] for line in lines}
    return {name: statistics.median(line["seconds"] for line in lines if line["task"] == name) for name in names}


def main() -> int:
    """Measure on a fresh machine and print both ratios."""
    try:
        machine = Machine.create("bench", "debian12", owner=identify(os.getpid()))
        try:
            seconds = measure(machine)
        finally:
            machine.stop()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"medians of {ROUNDS} rounds on one emulated debian12 machine, whose seconds mean nothing elsewhere:")
    for name in ("Audit", "Setup", "Profile", "Loop"):
        print(f"  {name:<8} {seconds[name]:6.2f} s")
    print(f"Audit / Setup                                     {seconds['Audit'] / seconds['Setup']:.2f}")
    print(f"Loop of 12 ansible.posix.sysctl / sysctl_profile  {seconds['Loop'] / seconds['Profile']:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
