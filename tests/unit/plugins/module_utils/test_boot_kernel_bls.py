# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-good kernel and the trial with boot loader entries (RHEL family). Runs on every Python from 3.6 on."""

import json
from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bls,
    _boot_kernel,
    _boot_kernel_bls,
    _boot_kernel_changes,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import disk, kernel
from unit.plugins.module_utils.fixture_programs import Grubby

NEW, OLD = "5.14.0-162.6.1.el9_1.x86_64", "5.14.0-70.13.1.el9_0.x86_64"
MACHINE = "8d2f6b1a5c3e4970b6a1f0e29d3c4b57"
ENV = "/boot/grub2/grubenv"
SYSCONFIG = "/etc/sysconfig/kernel"
RESTARTS: Dict[str, Optional[str]] = {"panic": "10", "rd.shell": "0", "rd.emergency": "reboot"}


def machine(host: FixtureHost, *releases: str) -> FixtureHost:
    for release in releases:
        kernel(host, release, initrd="initramfs-%s.img")
    host.put("/proc/sys/kernel/osrelease", releases[-1] + "\n")
    host.put("/proc/sys/kernel/random/boot_id", "11111111-0000-4000-8000-000000000000\n")
    host.put("/proc/self/mountinfo", "40 1 254:1 / /boot rw,relatime shared:1 - xfs /dev/vda1 rw\n")
    disk(host, "vda", "254:0")
    disk(host, "vda1", "254:1", parent="vda")
    return host


@pytest.fixture
def host(rhel9: FixtureHost) -> FixtureHost:
    return machine(rhel9, NEW, OLD)


def wish(host: FixtureHost, known_good: Optional[str] = None, trial: Optional[str] = None) -> List[str]:
    """Make it true; the paths that changed, after check mode has shown the same and nothing was left to do."""
    wanted = _boot_kernel_changes.Wish(known_good, trial)
    before = host.snapshot()
    planned = _boot_kernel_changes.plan(host, _boot_kernel.observe(host), wanted)
    assert host.snapshot() == before
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), wanted)
    assert _boot_kernel_changes.plan(host, _boot_kernel.observe(host), wanted) == []
    return [item["path"] for item in planned]


def test_what_boots_when_all_is_taken_back(host: FixtureHost) -> None:
    """The entry that was saved before, and where that is gone the known-good kernel: nothing newer by itself."""
    assert _boot_kernel.left_behind(host, _boot_kernel.observe(host)) == ""
    wish(host, known_good=OLD)
    for saved, release in ((variables(host)["saved_entry"], OLD), ("%s-%s" % (MACHINE, NEW), NEW), ("gone", OLD)):
        found = json.loads(host.text(_boot_kernel_bls.RECORD))
        host.put(_boot_kernel_bls.RECORD, json.dumps(dict(found, saved_entry=saved)))
        assert _boot_kernel.left_behind(host, _boot_kernel.observe(host)) == release


def variables(host: FixtureHost) -> Dict[str, str]:
    return _grub_env.values(host.text(ENV))


def test_what_the_entries_are(host: FixtureHost) -> None:
    state = _boot_kernel.observe(host)
    assert (state["method"], state["running"], state["newest"]) == ("bls", OLD, NEW)
    assert [(e["release"], e["recovery"]) for e in state["entries"]][:2] == [(NEW, False), (OLD, False)]
    assert state["entries"][2]["recovery"] is True
    assert (state["default"]["release"], state["default"]["named"], state["known_good"]) == (NEW, True, "")


def test_the_known_good_kernel_is_the_saved_entry_and_updates_keep_it(host: FixtureHost) -> None:
    assert wish(host, known_good=OLD) == [SYSCONFIG, _boot_kernel_bls.RECORD, ENV]
    assert variables(host) == {"saved_entry": "%s-%s" % (MACHINE, OLD), "boot_success": "0"}
    text = host.text(SYSCONFIG)
    assert [line for line in text.splitlines() if line.startswith("UPDATEDEFAULT=")] == ["UPDATEDEFAULT=no"]
    assert "DEFAULTKERNEL=kernel-core\n" in text
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"]) == (OLD, OLD)


def test_taken_back_all_is_as_it_was(host: FixtureHost) -> None:
    before = host.snapshot()
    wish(host, known_good=OLD)
    wish(host, known_good="", trial="")
    after = host.snapshot()
    assert {path for path in after if path not in before} <= {"/var", "/var/lib"}
    assert {path for path in before if after[path] != before[path]} == set()


def test_a_default_whose_kernel_is_gone_is_not_given_back(host: FixtureHost) -> None:
    wish(host, known_good=OLD)
    record = json.loads(host.text(_boot_kernel_bls.RECORD))
    host.put(_boot_kernel_bls.RECORD, json.dumps(dict(record, saved_entry="gone")))
    wish(host, known_good="", trial="")
    assert variables(host)["saved_entry"] == "%s-%s" % (MACHINE, OLD)


def test_a_trial_needs_dracut_to_restart_too(host: FixtureHost) -> None:
    _bls.apply(host, "panic", {"panic": "10"})
    with pytest.raises(HostError, match="set panic=10 rd.emergency=reboot rd.shell=0 with the module"):
        wish(host, known_good=OLD, trial=NEW)
    _bls.apply(host, "panic", RESTARTS)
    wish(host, known_good=OLD, trial=NEW)
    state = _boot_kernel.observe(host)
    assert (state["trial"]["status"], state["trial"]["release"], state["default"]["release"]) == ("armed", NEW, OLD)
    assert variables(host)["next_entry"] == "%s-%s" % (MACHINE, NEW)


def test_a_default_that_somebody_else_set_is_seen(host: FixtureHost) -> None:
    _bls.apply(host, "panic", RESTARTS)
    wish(host, known_good=OLD)
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"saved_entry": "%s-%s" % (MACHINE, NEW)}))
    with pytest.raises(HostError, match="^the known-good kernel %s is not the default any more" % OLD):
        wish(host, trial=NEW)
    assert wish(host, known_good=OLD) == [ENV]


def test_grubby_has_the_last_word_on_the_default(host: FixtureHost) -> None:
    """An entry that we name but grubby does not take is no success."""
    real = host.programs["grubby"]
    stubborn = "/boot/vmlinuz-%s\n" % NEW
    host.programs["grubby"] = lambda argv: (
        real(argv)._replace(out=stubborn) if "--default-kernel" in argv else real(argv)
    )
    wanted = _boot_kernel_changes.Wish(OLD, None)
    with pytest.raises(HostError, match="^the default is %s after the change, not the known-good kernel" % NEW):
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), wanted)


def test_a_damaged_record_is_named(host: FixtureHost) -> None:
    host.put(_boot_kernel_bls.RECORD, "{")
    with pytest.raises(HostError, match="^%s: is damaged" % _boot_kernel_bls.RECORD):
        _boot_kernel.observe(host)


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(host: FixtureHost) -> None:
    host.refused.add(_boot_kernel_bls.RECORD)
    before = host.snapshot()
    with pytest.raises(HostError, match="No space left"):
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))
    assert host.snapshot() == before


def test_an_entry_for_debugging_is_not_the_kernel_s_own(make_host: Any) -> None:
    release = "4.18.0-553.22.1.el8_10.x86_64"
    host = make_host("rhel8")
    host.programs["grubby"] = Grubby(host)
    machine(host, release)
    state = _boot_kernel.observe(host)
    assert [entry["recovery"] for entry in state["entries"]] == [False, True, True]
    wish(host, known_good=release)
    assert variables(host)["saved_entry"] == "3b7c9e0d4f5a4d1e9c6b8a7f2e1d0c3b-" + release


@pytest.mark.parametrize(
    "choice, release, named",
    [("0", NEW, True), ("1", OLD, True), ("%s-%s" % (MACHINE, OLD), OLD, True), ("gone", NEW, False), ("", NEW, False)],
)
def test_what_a_default_names(host: FixtureHost, choice: str, release: str, named: bool) -> None:
    found = _boot_kernel_bls.chosen(host, choice)
    assert (found["release"], found["named"]) == (release, named)


def test_a_configured_default_beats_the_saved_one(host: FixtureHost) -> None:
    host.put("/boot/grub2/grub.cfg", 'set default="${next_entry}"\nset default="1"\nset timeout=-1\n')
    found = _boot_kernel_bls.default(host, {"saved_entry": "x"})
    assert (found["choice"], found["waits"], found["fallback"]) == ("1", True, "")
