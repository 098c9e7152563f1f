# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule passes over a stage whose folder holds no test, and over a playbook that is not there: we do not."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

import playbooks

TOP = pathlib.Path(__file__).parents[3]
SCENARIOS = sorted((TOP / "molecule").glob("*/molecule.yml"))


def arguments(scenario: pathlib.Path, action: str) -> list[str]:
    steps = yaml.safe_load(scenario.read_text())["scenario"]["test_sequence"]
    return [step.partition(" ")[2] for step in steps if step.split()[0] == action]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.parent.name)
def test_each_stage_has_tests_and_each_test_a_stage(scenario: pathlib.Path) -> None:
    stages = arguments(scenario, "verify")
    assert stages
    assert {f"tests/{test.parent.name}" for test in scenario.parent.glob("tests/**/test_*.py")} == set(stages)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.parent.name)
def test_each_side_effect_is_there(scenario: pathlib.Path) -> None:
    assert all((scenario.parent / playbook).is_file() for playbook in arguments(scenario, "side_effect"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.parent.name)
def test_each_policy_names_roles_that_there_are(scenario: pathlib.Path) -> None:
    policy = yaml.safe_load((scenario.parent / "vars/policy.yml").read_text())
    assert set(policy["panic_hardening_roles"]) <= set(playbooks.CHOICES)


def test_no_test_calls_its_machine_as_a_scenario_does() -> None:
    """They may run at the same time, in one checkout, where a name stands for one machine."""
    called = [re.findall(r'make\(f?"([a-z_]+)', path.read_text()) for path in (TOP / "tests/machine").glob("*.py")]
    names = {name for found in called for name in found}
    assert len(names) > 5, "nothing was compared"
    assert names & {path.parent.name for path in SCENARIOS} == set()


@pytest.mark.parametrize("name", ["default", "container"])
def test_no_role_is_left_out_where_all_are_meant(name: str) -> None:
    (scenario,) = [path.parent for path in SCENARIOS if path.parent.name == name]
    assert yaml.safe_load((scenario / "vars/policy.yml").read_text()) == playbooks.ALL_ROLES
