# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The table of steps can be asked for by name, and misses no molecule scenario."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from house.sources import TOP
from house.steps import GROUPS, MACHINELESS, STEPS, Step, batches


def listed(*names: str, faults: str = "all") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOP / "tests" / "run.py"), "--list", *names]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LAB_FAULTS": faults}
    )


def names(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.split()[0] for line in done.stdout.splitlines()]


def test_a_name_means_one_step_or_one_group() -> None:
    known = [step.name for step in STEPS] + list(GROUPS)
    assert sorted(known) == sorted(set(known))
    assert {step.group for step in STEPS} == set(GROUPS)


def test_cheap_groups_come_first() -> None:
    groups = list(GROUPS)
    assert [step.group for step in STEPS] == sorted((step.group for step in STEPS), key=groups.index)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_step_can_be_asked_for_alone(step: Step) -> None:
    assert names(listed(step.name)) == [step.name]


def test_a_group_and_all() -> None:
    assert names(listed("fast")) == [step.name for step in STEPS if step.group == "fast"]
    assert names(listed()) == [step.name for step in STEPS]


def test_long_steps_are_for_all_faults_or_for_who_asks() -> None:
    assert set(names(listed())) - set(names(listed(faults="one"))) == {
        "molecule-default",
        "molecule-kdump_ssh",
        "molecule-fallback",
        "molecule-hardware",
        "machine-debian13",
        "kernels-debian13",
    }
    assert names(listed("molecule-kdump_ssh", faults="one")) == ["molecule-kdump_ssh"]


def test_a_misspelt_step_is_refused_before_anything_runs() -> None:
    done = listed("yamlint")
    assert done.returncode == 1
    assert "no such step: yamlint" in done.stderr


def test_every_scenario_has_its_step() -> None:
    scenarios = {f"molecule-{path.parent.name}" for path in TOP.glob("molecule/*/molecule.yml")}
    assert scenarios - {step.name for step in STEPS} == set()


def test_every_folder_of_unit_tests_is_run() -> None:
    folders = {str(path.parent.relative_to(TOP)) for path in (TOP / "tests/unit").rglob("test_*.py")}
    run = tuple(word for step in STEPS for word in step.argv() if word.startswith("tests/unit"))
    assert [folder for folder in sorted(folders) if not folder.startswith(run)] == []


def test_all_that_is_wanted_runs_once_in_either_order() -> None:
    for releases in ("debian12", "debian12,debian13"):
        run = [step.name for batch, _workers in batches(STEPS, releases) for step in batch]
        assert sorted(run) == sorted(step.name for step in STEPS)


def test_scenarios_and_machine_tests_share_the_processors_only_with_one_machine_each() -> None:
    together, workers = batches(STEPS, "debian12")[-1]
    assert workers == 2
    assert {step.name for step in together} == {step.name for step in STEPS if step.group not in MACHINELESS}
    assert [step.minutes for step in together] == sorted((step.minutes for step in together), reverse=True)
    for batch, count in batches(STEPS, "debian12,debian13"):
        assert len({step.group for step in batch}) == 1
        assert count == GROUPS[batch[0].group]
