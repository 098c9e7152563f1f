# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metal, virtual machine or container."""

from typing import Dict, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _virtualization
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_host import FixtureHost

NONE = Result(1, "none\n", "")


def detect(host: FixtureHost, container: Result, machine: Result) -> Dict[str, str]:
    host.put("/usr/bin/systemd-detect-virt", "")
    host.answers[("systemd-detect-virt", "--container")] = container
    host.answers[("systemd-detect-virt", "--vm")] = machine
    found: Dict[str, str] = _virtualization.observe(host)
    return found


@pytest.mark.parametrize(
    "answers, expected",
    [
        ((NONE, NONE), ("metal", "none")),
        ((NONE, Result(0, "kvm\n", "")), ("vm", "kvm")),
        ((Result(0, "systemd-nspawn\n", ""), Result(0, "kvm\n", "")), ("container", "systemd-nspawn")),
        ((Result(0, "docker\n", ""), NONE), ("container", "docker")),
    ],
)
def test_systemd_knows(empty: FixtureHost, answers: Tuple[Result, Result], expected: Tuple[str, str]) -> None:
    found = detect(empty, *answers)
    assert (found["kind"], found["name"]) == expected


@pytest.mark.parametrize(
    "path, text, name",
    [
        ("/.dockerenv", "", "/.dockerenv"),
        ("/run/.containerenv", "", "/run/.containerenv"),
        ("/run/systemd/container", "lxc\n", "lxc"),
    ],
)
def test_without_systemd_the_marks_of_containers_count(empty: FixtureHost, path: str, text: str, name: str) -> None:
    empty.put(path, text)
    assert _virtualization.observe(empty) == {"kind": "container", "name": name}


@pytest.mark.parametrize(
    "flags, kind", [("fpu vme hypervisor lahf_lm", "vm"), ("fpu vme", "unknown"), ("fpu nohypervisorx", "unknown")]
)
def test_without_systemd_the_cpu_tells_of_a_hypervisor(empty: FixtureHost, flags: str, kind: str) -> None:
    empty.put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: %s\n" % flags)
    assert _virtualization.observe(empty)["kind"] == kind


def test_a_bare_machine_is_unknown_and_not_metal(empty: FixtureHost) -> None:
    assert _virtualization.observe(empty) == {"kind": "unknown", "name": "unknown"}
    assert empty.calls == []
