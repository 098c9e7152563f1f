# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The steps of the tests: cheap groups first, and in a group what takes long."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from house import sources

# How many of a group run at a time. A scenario's machines, one for each release, use both processors alone.
GROUPS = {"fast": 3, "interpreters": 1, "scenarios": 1, "machines": 2}
MACHINELESS = ("fast", "interpreters")
RELEASES = os.environ.get("LAB_RELEASES") or "debian12,debian13"

# More than half of all: as a step of its own it fills a second processor.
HOST_TESTS = "tests/unit/plugins/module_utils"
HOUSE_TESTS = ("tests/unit/house", "tests/unit/lab", "tests/unit/molecule")
# Boots a machine a dozen times, so that it is a step of its own.
BAD_KERNELS = "tests/machine/test_fallback_kernel.py"
TARGET_CODE = ("plugins/modules", "plugins/module_utils")


@dataclass(frozen=True)
class Step:
    name: str
    group: str
    shows: str
    command: Sequence[str] | Callable[[], Sequence[str]]
    minutes: float = 5  # of `make test-full`, on a machine that has little to spare
    faults: str = "one"  # whether `make test` runs it too, or only `make test-full`

    def argv(self) -> list[str]:
        return list(self.command() if callable(self.command) else self.command)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def pytest(*arguments: str) -> list[str]:
    return python("-m", "pytest", "-q", *arguments)


def machine(release: str, *tests: str) -> list[str]:
    return ["env", f"LAB_RELEASES={release}", *pytest(*(tests or ("tests/machine", f"--ignore={BAD_KERNELS}")))]


def shellcheck() -> list[str]:
    return ["shellcheck", "--external-sources", *sources.shell_scripts()]


STEPS = (
    Step("unit-module_utils", "fast", "unit tests of what runs on a host", pytest(HOST_TESTS), 10),
    Step("unit-plugins", "fast", "unit tests of modules, actions and contracts", pytest(
        "tests/unit/plugins", f"--ignore={HOST_TESTS}",
    )),
    Step("ruff", "fast", "Python is clean", ["ruff", "check", "--no-cache"]),
    Step("ruff-format", "fast", "Python is formatted", ["ruff", "format", "--no-cache", "--check"]),
    Step("shellcheck", "fast", "shell scripts are clean", shellcheck),
    Step("yamllint", "fast", "YAML is clean", ["yamllint", "--strict", "."]),
    Step("changelog", "fast", "changelog fragments are valid", ["antsibull-changelog", "lint"]),
    Step("python36", "fast", "what runs on a host is Python 3.6", [
        "vermin", "--quiet", "--target=3.6-", "--violations", "--no-tips", "--eval-annotations", *TARGET_CODE,
    ]),
    Step("mypy", "fast", "types fit", ["mypy"]),
    Step("unit-house", "fast", "unit tests of the tests' own tools", pytest(*HOUSE_TESTS)),
    Step("sanity", "fast", "ansible-test sanity", python("-m", "house.sanity"), 10),
    Step("ansible-lint", "fast", "roles and playbooks, profile production", ["ansible-lint"]),
    Step("archive", "fast", "the collection works from its archive, without tests", python("-m", "house.archive")),
    Step("pythons", "interpreters", "unit tests on the oldest and the newest Python, or all", python("-m", "house.targets"), 20),
    Step("molecule-container", "scenarios", "a container is left alone", ["molecule", "test", "-s", "container"], 10),
    Step("molecule-kdump", "scenarios", "a dump is taken and opened", ["molecule", "test", "-s", "kdump"], 25),
    Step("molecule-diagnose", "scenarios", "crashes are found and told", ["molecule", "test", "-s", "diagnose"], 110),
    Step("molecule-default", "scenarios", "all roles at once: check, harden, crash, come back", [
        "molecule", "test", "-s", "default",
    ], 25, "all"),
    Step("molecule-kdump_ssh", "scenarios", "a dump arrives elsewhere", ["molecule", "test", "-s", "kdump_ssh"], 25, "all"),
    Step("molecule-fallback", "scenarios", "a good kernel is confirmed, a bad one left", [
        "molecule", "test", "-s", "fallback",
    ], 30, "all"),
    Step("molecule-hardware", "scenarios", "failing hardware is told of, a hang is ended", [
        "molecule", "test", "-s", "hardware",
    ], 50, "all"),
    Step("machine-debian12", "machines", "what needs a machine of its own", machine("debian12"), 120),
    Step("machine-debian13", "machines", "what needs a machine of its own", machine("debian13"), 120, "all"),
    Step("kernels-debian12", "machines", "bad kernels are left again", machine("debian12", BAD_KERNELS), 100),
    Step("kernels-debian13", "machines", "bad kernels are left again", machine("debian13", BAD_KERNELS), 100, "all"),
)  # fmt: skip


def batches(wanted: Sequence[Step], releases: str = RELEASES) -> list[tuple[list[Step], int]]:
    """What runs beside what, in order, with how many at a time."""
    groups = [([step for step in wanted if step.group == group], workers) for group, workers in GROUPS.items()]
    if "," in releases:
        return groups
    # One machine a step: two steps at a time, the longest first.
    machines = sorted((step for step in wanted if step.group not in MACHINELESS), key=lambda step: -step.minutes)
    return [*groups[: len(MACHINELESS)], (machines, 2)]
