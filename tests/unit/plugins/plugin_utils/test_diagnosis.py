# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the diagnosis: checked on the controller, named in each refusal."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _diagnosis


def policy(**variables: t.Any) -> dict[str, t.Any]:
    loader = DataLoader()
    return _diagnosis.policy(loader, Templar(loader=loader, variables=variables), variables)


def test_without_variables_everything_is_shown() -> None:
    assert _diagnosis.options(policy()) == {"since": "", "boots": 10, "limit": 0, "kinds": []}


@pytest.mark.parametrize(
    "value, since",
    [
        ("2026-11-02T03:00:00Z", "2026-11-02T03:00:00Z"),
        (datetime.date(2026, 11, 2), "2026-11-02"),
        (datetime.datetime(2026, 11, 2, 3, tzinfo=datetime.UTC), "2026-11-02T03:00:00Z"),
        (datetime.datetime(2026, 11, 2, 3), "2026-11-02T03:00:00"),
    ],
)
def test_a_time_that_yaml_took_for_one_is_a_time(value: t.Any, since: str) -> None:
    found = _diagnosis.options(policy(panic_hardening_diagnose_since=value))
    assert found["since"] == since
    assert _evidence.wanted(found).since == since


@pytest.mark.parametrize(
    "name, value",
    [
        ("panic_hardening_diagnose_since", "yesterday"),
        ("panic_hardening_diagnose_boots", -1),
        ("panic_hardening_diagnose_limit", -1),
        ("panic_hardening_diagnose_kinds", ["oops"]),
        ("panic_hardening_evidence_limit", 0),
        ("panic_hardening_evidence_limit", 100000),
        ("panic_hardening_diagnose_sinse", "2026-11-02"),
    ],
)
def test_bad_variables_are_refused_by_their_names(name: str, value: t.Any) -> None:
    with pytest.raises(PolicyError, match=f"^{name}: "):
        policy(**{name: value})
