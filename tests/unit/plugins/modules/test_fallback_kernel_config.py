# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""fallback_kernel_config as Ansible calls it: it foretells, it refuses, and leaves alone what it does not know."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel_apt,
    _fallback_kernel_files,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from ansible_collections.kernelops.panic_hardening.plugins.modules import fallback_kernel_config
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import NEW, complete_machine
from unit.plugins.modules.fixture_module import Module, maker

OPTIONS = yaml.safe_load(fallback_kernel_config.DOCUMENTATION)["options"]
PARAMS = {name: option["default"] for name, option in OPTIONS.items()}


@pytest.fixture
def host(tmp_path: pathlib.Path) -> FixtureHost:
    return complete_machine(maker(tmp_path))


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def call(host: FixtureHost, check_mode: bool = False, **params: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    module = Module(PARAMS | params, check_mode)
    return fallback_kernel_config.run(module, host), module.warnings


def test_check_mode_foretells_the_real_run(host: FixtureHost) -> None:
    for params in ({}, {"boot_timeout": 600}, {"state": "absent"}):
        before = host.snapshot()
        foretold, _warnings = call(host, check_mode=True, **params)
        assert host.snapshot() == before
        done, _warnings = call(host, **params)
        assert (foretold["changed"], foretold["diff"]) == (True, done["diff"])
        for check_mode in (True, False):
            assert call(host, check_mode, **params)[0]["changed"] is False


def test_taking_it_back_with_a_newer_kernel_is_warned_of(host: FixtureHost) -> None:
    assert call(host, state="absent")[1] == []
    call(host)
    assert call(host, state="absent")[1] == [f"The next restart boots {NEW}, which has not been confirmed here."]


def test_a_port_on_which_nothing_listens_is_warned_of(host: FixtureHost) -> None:
    assert call(host, check_mode=True)[1] == []
    warning = "Nothing listens on TCP port 2222 (ssh_port): no trial is asked for it."
    assert call(host, check_mode=True, ssh_port=2222)[1] == [warning]
    assert call(host, check_mode=True, ssh_port=2222, state="absent")[1] == []


def test_the_diff_does_not_show_the_whole_program(host: FixtureHost) -> None:
    done, _warnings = call(host)
    (shown,) = [part for part in done["diff"] if part["after_header"] == _fallback_kernel_files.PROGRAM]
    assert shown["before"] == "\n"
    assert shown["after"].startswith("the program, ")
    for part in done["diff"]:
        assert part["before"] != part["after"]
        assert len(part["after"]) < 5000


def test_without_root_nothing_is_begun_but_check_mode_works(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    before = host.snapshot()
    assert call(host, check_mode=True)[0]["changed"] is True
    with pytest.raises(HostError, match="needs root"):
        call(host)
    assert host.snapshot() == before


def test_a_bad_option_is_refused_before_the_host_is_touched(host: FixtureHost) -> None:
    host.calls.clear()
    with pytest.raises(PolicyError, match="^boot_timeout: 100 seconds end before"):
        call(host, boot_timeout=100)
    assert host.calls == []


def test_a_container_is_left_alone(host: FixtureHost) -> None:
    yes = host.answers[("systemd-detect-virt", "--vm")]
    host.answers[("systemd-detect-virt", "--container")] = yes._replace(out="docker\n")
    done, warnings = call(host)
    assert done == {"changed": False, "applicable": False, "changes": []}
    assert "container" in warnings[0]


def test_where_no_kernel_can_be_tried_kernels_are_kept(host: FixtureHost) -> None:
    host.put("/etc/kernel/proxmox-boot-uuids", "A4AA-5148\n")
    for state in ("present", "absent"):
        foretold, _warnings = call(host, check_mode=True, state=state)
        done, warnings = call(host, state=state)
        assert (done["applicable"], done["changes"]) == (True, [_fallback_kernel_apt.FILE])
        assert foretold["diff"] == done["diff"]
        assert warnings == ["Boot method 'proxmox-boot-tool' is not supported: kernels are kept, and none is tried."]
        assert call(host, state=state)[0]["changed"] is False


def test_what_a_host_had_before_it_got_another_boot_method_goes(host: FixtureHost) -> None:
    call(host)
    host.put("/etc/kernel/proxmox-boot-uuids", "A4AA-5148\n")
    assert _fallback_kernel_files.PROGRAM in call(host)[0]["changes"]
    assert not host.exists(_fallback_kernel_files.PROGRAM)
    assert host.exists(_fallback_kernel_apt.FILE)


def test_the_kernel_that_was_pinned_is_the_first_known_good_one(host: FixtureHost) -> None:
    host.put("/etc/kernel/proxmox-boot-pin", NEW + "\n")
    call(host)
    assert _boot_kernel.observe(host)["known_good"] == NEW


def test_an_unknown_boot_method_is_left_alone_by_name(host: FixtureHost) -> None:
    host.put("/run/ostree-booted", "")
    before = host.snapshot()
    done, warnings = call(host)
    assert done == {"changed": False, "applicable": False, "changes": []}
    assert warnings == ["Boot method 'ostree' is not supported: choose kernels by its own means."]
    assert host.snapshot() == before
