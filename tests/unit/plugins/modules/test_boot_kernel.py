# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_kernel as Ansible calls it: it lists, it foretells, it refuses, and leaves alone what it does not know."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from ansible_collections.kernelops.panic_hardening.plugins.modules import boot_kernel
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD, lab_machine
from unit.plugins.modules.fixture_module import Module, maker

PARAMS: dict[str, t.Any] = {"known_good": None, "trial": None, "retry": False, "state": "present"}


@pytest.fixture
def host(tmp_path: pathlib.Path) -> FixtureHost:
    return lab_machine(maker(tmp_path))


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def call(host: FixtureHost, check_mode: bool = False, **params: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    module = Module(PARAMS | params, check_mode)
    return boot_kernel.run(module, host), module.warnings


def test_without_a_wish_it_only_reads(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    before = host.snapshot()
    done, warnings = call(host)
    assert host.snapshot() == before
    assert (done["changed"], done["diff"]) == (False, [])
    assert (done["running"], done["newest"], done["known_good"]) == (OLD, NEW, "")
    assert [kernel["release"] for kernel in done["kernels"]] == [HALF, NEW, OLD]
    assert warnings == [
        f"The kernel {HALF} is only half installed: initrd: /boot/initrd.img-{HALF} is not there or empty"
    ]


def test_what_was_left_is_told_and_fails_no_task(host: FixtureHost) -> None:
    for release in (NEW, OLD):
        done, _warnings = call(host, known_good=release)
    assert done["left"] == [NEW]
    assert "failed" not in done, "Ansible would take it for the task's own"


def test_check_mode_foretells_the_real_run(host: FixtureHost) -> None:
    wishes: tuple[dict[str, t.Any], ...] = (
        {"known_good": "running", "trial": "newest"},
        {"trial": "none"},
        {"known_good": NEW},
        {"state": "absent"},
    )
    for params in wishes:
        before = host.snapshot()
        foretold, _warnings = call(host, check_mode=True, **params)
        assert host.snapshot() == before
        done, _warnings = call(host, **params)
        assert (foretold["changed"], foretold["diff"]) == (True, done["diff"])
        assert done["changed"] is True
        for check_mode in (True, False):
            assert call(host, check_mode, **params)[0]["changed"] is False


def test_the_result_shows_what_is_after_the_change(host: FixtureHost) -> None:
    done, _warnings = call(host, known_good="running", trial="newest")
    assert (done["known_good"], done["default"]["release"]) == (OLD, OLD)
    assert (done["trial"]["status"], done["trial"]["release"]) == ("armed", NEW)
    for part in done["diff"]:
        assert part["before"] != part["after"]
    assert [part["after_header"] for part in done["diff"]][-1] == "/boot/grub/grubenv"


def test_without_root_nothing_is_begun_but_check_mode_works(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    before = host.snapshot()
    assert call(host, check_mode=True, known_good="running")[0]["changed"] is True
    with pytest.raises(HostError, match="needs root"):
        call(host, known_good="running")
    assert host.snapshot() == before


@pytest.mark.parametrize("params", [{"known_good": "running"}, {"trial": "none"}])
def test_absent_with_a_wish_is_refused_before_the_host_is_touched(host: FixtureHost, params: dict[str, t.Any]) -> None:
    host.calls.clear()
    with pytest.raises(PolicyError, match="^state: absent takes everything back"):
        call(host, state="absent", **params)
    assert host.calls == []


@pytest.mark.parametrize("option", ["known_good", "trial"])
def test_a_half_installed_kernel_is_refused_in_check_mode_too(host: FixtureHost, option: str) -> None:
    before = host.snapshot()
    for check_mode in (True, False):
        with pytest.raises(HostError, match=f"^{option}: the kernel {HALF} is only half installed"):
            call(host, check_mode, **{option: HALF})
    assert host.snapshot() == before


def test_a_container_is_left_alone(host: FixtureHost) -> None:
    yes = host.answers[("systemd-detect-virt", "--vm")]
    host.answers[("systemd-detect-virt", "--container")] = yes._replace(out="docker\n")
    done, warnings = call(host, known_good="running")
    assert done == {"changed": False, "applicable": False, "method": "container"}
    assert "container" in warnings[0]


def test_an_unknown_boot_method_is_left_alone_by_name(host: FixtureHost) -> None:
    host.put("/run/ostree-booted", "")
    before = host.snapshot()
    done, warnings = call(host, known_good="running")
    assert done == {"changed": False, "applicable": False, "method": "ostree"}
    assert warnings == ["Boot method 'ostree' is not supported: choose the kernel by its own means."]
    assert host.snapshot() == before


def test_every_documented_result_is_there(host: FixtureHost) -> None:

    documented = set(yaml.safe_load(boot_kernel.RETURN))
    assert documented == set(call(host)[0]) - {"changed", "diff"}
