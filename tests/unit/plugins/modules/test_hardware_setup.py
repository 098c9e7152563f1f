# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that sets up the hardware roles, as Ansible calls it: check mode foretells, containers are left alone."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_launcher
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from ansible_collections.kernelops.panic_hardening.plugins.modules import alarm_test, hardware_setup
from unit.plugins.module_utils.fixture_hardware import HardwareHost
from unit.plugins.module_utils.fixture_watchdog import POLICY, esb, machine
from unit.plugins.modules.fixture_module import Module


def a_module(check_mode: bool = False, **params: t.Any) -> Module:
    return Module(
        {"role": "watchdog", "state": "present", "policy": POLICY, "packages": [], "brought": [], **params}, check_mode
    )


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> HardwareHost:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return esb(str(tmp_path / "h"))


def test_check_mode_foretells_the_real_run_and_changes_nothing(host: HardwareHost) -> None:
    for state in ("present", "absent"):
        before = host.snapshot()
        foretold = hardware_setup.run(a_module(True, state=state), host)
        assert host.snapshot() == before
        assert hardware_setup.run(a_module(state=state), host) == foretold
        assert foretold["changed"]
        for check_mode in (True, False):
            again = hardware_setup.run(a_module(check_mode, state=state), host)
            assert (again["changed"], again["changes"], again["diff"]) == (False, [], [])


def test_without_root_nothing_is_begun(host: HardwareHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    before = host.snapshot()
    assert hardware_setup.run(a_module(True), host)["changed"]
    with pytest.raises(HostError, match="needs root"):
        hardware_setup.run(a_module(), host)
    assert host.snapshot() == before


def test_where_nothing_is_to_be_done_it_says_why(tmp_path: pathlib.Path) -> None:
    for kind in ("container", "vm"):
        done = hardware_setup.run(a_module(), machine(str(tmp_path / kind), kind))
        assert (done["changed"], done["applicable"]) == (False, False)
        assert done["reason"]


def test_a_bad_policy_is_refused_here_too(host: HardwareHost) -> None:
    before = host.snapshot()
    with pytest.raises(PolicyError, match="^watchdog_timeout"):
        hardware_setup.run(a_module(policy=dict(POLICY, watchdog_timeout=1)), host)
    with pytest.raises(PolicyError, match="^panic_hardening_alert_repeat"):
        hardware_setup.run(a_module(policy=dict(POLICY, panic_hardening_alert_repeat=0)), host)
    assert host.snapshot() == before


def test_the_test_of_the_alarm_path_says_what_became_of_it(host: HardwareHost) -> None:
    hardware_setup.run(a_module(), host)
    assert alarm_test.run(a_module(True), host) == {"changed": True, "outcome": {}}
    outcome = {"journal": "journal", "command": "run", "mail": "none"}
    host.programs[_hardware_launcher.LAUNCHER] = lambda argv: Result(0, json.dumps(outcome), "")
    assert alarm_test.run(a_module(), host)["outcome"] == outcome
    assert host.calls[-1] == [_hardware_launcher.LAUNCHER, "test"]
    host.programs[_hardware_launcher.LAUNCHER] = lambda argv: Result(1, '{"command": "failed: x"}', "")
    with pytest.raises(HostError, match="does not work.*failed: x"):
        alarm_test.run(a_module(), host)


@pytest.mark.parametrize("check_mode", [True, False])
def test_where_no_role_is_set_up_there_is_no_path_to_test(host: HardwareHost, check_mode: bool) -> None:
    module = a_module(check_mode)
    assert alarm_test.run(module, host) == {"changed": False, "outcome": {}}
    assert len(module.warnings) == 1
    hardware_setup.run(a_module(), host)
    host.remove(_hardware_launcher.LAUNCHER)
    with pytest.raises(HostError, match="kernelops-hardware is missing"):
        alarm_test.run(a_module(check_mode), host)


def test_a_container_has_no_alarm_path_to_test(tmp_path: pathlib.Path) -> None:
    module = a_module()
    assert not alarm_test.run(module, machine(str(tmp_path / "c"), "container"))["changed"]
    assert len(module.warnings) == 1
