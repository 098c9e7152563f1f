# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writers as Ansible calls them: check mode foretells the real run, what cannot be changed is said, nothing else happens."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from ansible_collections.kernelops.panic_hardening.plugins.modules import hardening_info, kernel_cmdline, sysctl_profile
from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost, copy_tree
from unit.plugins.module_utils.fixture_programs import GrubMkconfig
from unit.plugins.modules.fixture_module import Module

SYSCTLS = {"name": "x", "settings": {"kernel.panic": 10, "kernel.panic_on_oops": 1}, "state": "present"}
CMDLINE = {"unique": False, "name": "x", "arguments": {"panic": 10}, "state": "present"}
WRITERS = [(sysctl_profile, SYSCTLS), (kernel_cmdline, CMDLINE)]


@pytest.fixture
def host(tmp_path: pathlib.Path) -> FixtureHost:
    copy_tree(f"{FIXTURES}/debian12/stock", str(tmp_path))
    made = FixtureHost(str(tmp_path))
    made.programs["grub-mkconfig"] = GrubMkconfig(made)
    return made


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def call(
    writer: t.Any, host: FixtureHost, params: dict[str, t.Any], check_mode: bool = False
) -> tuple[dict[str, t.Any], list[str]]:
    module = Module(params, check_mode)
    return writer.run(module, host), module.warnings


@pytest.mark.parametrize(("writer", "params"), WRITERS)
class TestEveryWriter:
    """One contract for all of them."""

    def test_check_mode_foretells_the_real_run_and_changes_nothing(
        self, host: FixtureHost, writer: t.Any, params: dict[str, t.Any]
    ) -> None:
        for state in ("present", "absent"):
            wanted = {**params, "state": state}
            before = host.snapshot()
            foretold, _warnings = call(writer, host, wanted, check_mode=True)
            assert host.snapshot() == before
            done, _warnings = call(writer, host, wanted)
            assert host.snapshot() != before
            assert (foretold["changed"], foretold["diff"]) == (True, done["diff"])
            assert done["changed"] is True
            for check_mode in (True, False):
                assert call(writer, host, wanted, check_mode)[0]["changed"] is False

    def test_the_diff_names_the_files(self, host: FixtureHost, writer: t.Any, params: dict[str, t.Any]) -> None:
        done, _warnings = call(writer, host, params)
        for part in done["diff"]:
            if part["after_header"].startswith("/"):
                assert host.text(part["after_header"]) == part["after"]
            assert part["before"] != part["after"]

    def test_a_container_is_left_alone_with_a_warning(
        self, host: FixtureHost, writer: t.Any, params: dict[str, t.Any]
    ) -> None:
        yes = host.answers[("systemd-detect-virt", "--vm")]
        host.answers[("systemd-detect-virt", "--container")] = yes._replace(out="docker\n")
        before = host.snapshot()
        done, warnings = call(writer, host, params)
        assert (done["changed"], done["applicable"]) == (False, False)
        assert host.snapshot() == before
        assert len(warnings) == 1
        assert "container" in warnings[0]

    def test_without_root_nothing_is_begun_but_check_mode_works(
        self, host: FixtureHost, writer: t.Any, params: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        before = host.snapshot()
        assert call(writer, host, params, check_mode=True)[0]["changed"] is True
        with pytest.raises(HostError, match="needs root"):
            call(writer, host, params)
        assert host.snapshot() == before

    def test_a_bad_name_is_refused_before_the_host_is_touched(
        self, host: FixtureHost, writer: t.Any, params: dict[str, t.Any]
    ) -> None:
        with pytest.raises(PolicyError, match="^name: '../x'"):
            call(writer, host, {**params, "name": "../x"})
        assert host.calls == []


def test_who_wins_over_the_drop_in_is_warned_of(host: FixtureHost) -> None:
    host.put("/etc/sysctl.d/zz-local.conf", "kernel.panic = 0\n")
    done, warnings = call(sysctl_profile, host, SYSCTLS, check_mode=True)
    assert warnings == ["/etc/sysctl.d/zz-local.conf:1 sets kernel.panic to 0 at boot, not 10"]
    assert done["overridden"][0]["key"] == "kernel.panic"
    assert done["live"]["kernel.panic"] == {"before": "0", "after": "10"}


def test_an_unknown_boot_method_is_left_alone_by_name(host: FixtureHost) -> None:
    host.put("/run/ostree-booted", "")
    done, warnings = call(kernel_cmdline, host, CMDLINE)
    assert done == {"changed": False, "applicable": False, "method": "ostree", "entries": []}
    assert warnings == ["Boot method 'ostree' is not supported: set the arguments by its own means."]


def test_the_entries_are_those_after_the_change(host: FixtureHost) -> None:
    foretold, _warnings = call(kernel_cmdline, host, CMDLINE, check_mode=True)
    done, _warnings = call(kernel_cmdline, host, CMDLINE)
    assert [entry["arguments"].endswith("panic=10") for entry in foretold["entries"]] == [False, False]
    assert [entry["arguments"].endswith("panic=10") for entry in done["entries"]] == [True, True]


def test_the_reader_reports_no_change_and_makes_none(host: FixtureHost) -> None:
    policy = {
        "panic_hardening_profile": "availability",
        "panic_hardening_roles": ["panic_sysctl"],
        "panic_hardening_waivers": {},
        "panic_sysctl_profiles": {"availability": {"kernel.panic": 10}},
        "panic_sysctl_overrides": {},
        "panic_sysctl_cmdline": True,
    }
    before = host.snapshot()
    done, _warnings = call(hardening_info, host, {"policy": policy, "gather_subset": []})
    assert (done["changed"], done["summary"]["verdict"]) == (False, "drifted")
    assert host.snapshot() == before
