# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible calls it: check mode foretells the real run, and nothing else happens."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from ansible_collections.kernelops.panic_hardening.plugins.modules import crash_evidence_config
from unit.plugins.module_utils import fixture_evidence
from unit.plugins.module_utils.fixture_kdump import KdumpHost
from unit.plugins.modules.fixture_module import Module

PARAMS = {**fixture_evidence.options(post_notifiers=True), "state": "present"}


@pytest.fixture
def host(tmp_path: pathlib.Path) -> KdumpHost:
    return fixture_evidence.debian(str(tmp_path / "host"))


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def call(host: KdumpHost, check_mode: bool = False, **changes: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    module = Module({**PARAMS, **changes}, check_mode)
    return crash_evidence_config.run(t.cast("t.Any", module), host), module.warnings


def test_check_mode_foretells_the_real_run_and_changes_nothing(host: KdumpHost) -> None:
    for state in ("present", "absent"):
        before = host.snapshot()
        foretold, _warnings = call(host, check_mode=True, state=state)
        assert host.snapshot() == before
        done, _warnings = call(host, state=state)
        assert (foretold["changed"], foretold["changes"], foretold["diff"]) == (True, done["changes"], done["diff"])
        for check_mode in (True, False):
            assert call(host, check_mode, state=state)[0]["changed"] is False


def test_the_diff_shows_files_and_states(host: KdumpHost) -> None:
    done, _warnings = call(host)
    shown = {part["after_header"]: part for part in done["diff"]}
    assert shown[fixture_evidence.POST_NOTIFIERS]["before"] == "N\n"
    path = "/etc/tmpfiles.d/kernelops-crash_evidence.conf"
    assert shown[path]["after"] == host.text(path)


def test_a_container_is_left_alone_with_a_warning(host: KdumpHost) -> None:
    host.record("systemd-detect-virt", "--container", out="docker\n")
    before = host.snapshot()
    done, warnings = call(host)
    assert (done["changed"], done["applicable"], len(warnings)) == (False, False, 1)
    assert host.snapshot() == before


def test_without_root_nothing_is_begun(host: KdumpHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    before = host.snapshot()
    assert call(host, check_mode=True)[0]["changed"] is True
    with pytest.raises(HostError, match="needs root"):
        call(host)
    assert host.snapshot() == before


def test_a_bad_option_is_refused_before_the_host_is_touched(host: KdumpHost) -> None:
    with pytest.raises(PolicyError, match="^journal_sync: 0 is not a whole number from 1 to 3600"):
        call(host, journal_sync=0)
    assert host.calls == []
