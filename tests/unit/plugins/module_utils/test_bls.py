# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RHEL family, with recorded output of grubby: entries, files for kernels to come, and the way back."""

import json
from typing import Any, Callable, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bls, _bootloader, _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_programs import Grubby

PANIC = {"panic": "10"}
STATE = "/var/lib/kernelops-panic_hardening/kernel_cmdline-x.json"
KERNEL = "/boot/vmlinuz-5.14.0-162.6.1.el9_1.x86_64"


def panics(host: FixtureHost) -> List[List[str]]:
    return [_cmdline.values(entry["arguments"], "panic") for entry in _bls.entries(host)]


def grubby(host: FixtureHost) -> Grubby:
    program = host.programs["grubby"]
    assert isinstance(program, Grubby)
    return program


def files(host: FixtureHost) -> Dict[str, object]:
    return {path: what for path, what in host.snapshot().items() if what != "directory"}


def test_the_entries_as_grubby_lists_them(rhel9: FixtureHost) -> None:
    found = _bls.entries(rhel9)
    assert next(item["kernel"] for item in found) == KERNEL
    assert [item["recovery"] for item in found] == [False, False, True]
    assert found[0]["title"] == "Red Hat Enterprise Linux (5.14.0-162.6.1.el9_1.x86_64) 9.1 (Plow)"
    assert found[0]["arguments"].startswith("ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=")
    assert found[0]["arguments"].endswith(" rhgb quiet $tuned_params")
    assert (
        found[0]["source"] == "/boot/loader/entries/8d2f6b1a5c3e4970b6a1f0e29d3c4b57-5.14.0-162.6.1.el9_1.x86_64.conf"
    )


def test_two_entries_of_one_kernel_and_what_is_no_linux(make_host: Callable[..., FixtureHost]) -> None:
    found = _bls.entries(make_host("rhel8"))
    assert [item["recovery"] for item in found] == [False, False, True]
    assert found[0]["kernel"] == found[1]["kernel"]
    assert len({item["id"] for item in found}) == 3


def test_an_older_grubby_writes_fewer_lines_and_no_quotes(rhel9: FixtureHost) -> None:
    """As in rhboot/grubby#18: no id, no title in quotes, an entry without arguments."""
    grubby(rhel9).listing = 'index=0\nkernel=/boot/a\nargs="iso"\ntitle=One\nindex=4\nkernel=/boot/b\n'
    assert [(e["id"], e["arguments"]) for e in _bls.entries(rhel9)] == [("One", "iso"), ("/boot/b", "")]


def test_a_grubby_that_fails_is_an_error_and_not_an_empty_list(rhel9: FixtureHost) -> None:
    rhel9.programs["grubby"] = lambda argv: Result(1, "", "Permission denied")
    with pytest.raises(CommandError, match="grubby --info=ALL: ended with code 1: Permission denied"):
        _bls.entries(rhel9)


class TestApply:
    """The change of a whole machine."""

    def test_entries_and_both_files_get_it_and_rescue_stays(self, rhel9: FixtureHost) -> None:
        _bootloader.apply(rhel9, "x", dict(PANIC))
        assert panics(rhel9) == [["10"], ["10"], []]
        assert _cmdline.values(rhel9.text("/etc/kernel/cmdline"), "panic") == ["10"]
        assert ' rhgb quiet panic=10"\n' in rhel9.text("/etc/default/grub")
        assert "GRUB_ENABLE_BLSCFG=true\n" in rhel9.text("/etc/default/grub")
        state = _bootloader.observe(rhel9)
        assert _cmdline.future(state["assignments"], "panic") == ("10", "/etc/kernel/cmdline:1")

    def test_a_second_run_calls_nothing_that_writes(self, rhel9: FixtureHost) -> None:
        _bootloader.apply(rhel9, "x", dict(PANIC))
        before, writes = rhel9.snapshot(), len(grubby(rhel9).writes)
        assert _bootloader.plan(rhel9, "x", dict(PANIC)) == []
        _bootloader.apply(rhel9, "x", dict(PANIC))
        assert (rhel9.snapshot(), len(grubby(rhel9).writes)) == (before, writes)

    def test_the_plan_changes_nothing(self, rhel9: FixtureHost) -> None:
        before = rhel9.snapshot()
        plan = _bootloader.plan(rhel9, "x", dict(PANIC))
        assert [item["path"] for item in plan] == ["/etc/default/grub", "/etc/kernel/cmdline", STATE, "boot entries"]
        assert (rhel9.snapshot(), grubby(rhel9).writes) == (before, [])

    @pytest.mark.parametrize("value, there", [(["tty0", "ttyS0"], ""), ("ttyS0", "console=tty0 console=ttyS1")])
    def test_what_grubby_cannot_write_is_refused_before_anything_is(
        self, rhel9: FixtureHost, value: Any, there: str
    ) -> None:
        program = grubby(rhel9)
        program.listing = program.listing.replace("rhgb quiet", "rhgb quiet " + there)
        before, writes = files(rhel9), len(program.writes)
        with pytest.raises(HostError, match="^grubby cannot handle console several times on one entry"):
            _bootloader.plan(rhel9, "x", {"console": value})
        assert (files(rhel9), len(program.writes)) == (before, writes)

    def test_removal_gives_the_machine_back(self, rhel9: FixtureHost) -> None:
        before, listing = files(rhel9), grubby(rhel9).listing
        _bootloader.apply(rhel9, "x", dict(PANIC))
        _bootloader.apply(rhel9, "x", None)
        assert files(rhel9) == before
        assert grubby(rhel9).listing == listing
        assert _bootloader.plan(rhel9, "x", None) == []

    def test_removal_leaves_no_folder_of_ours(self, rhel9: FixtureHost) -> None:
        _bootloader.apply(rhel9, "x", dict(PANIC))
        _bootloader.apply(rhel9, "x", None)
        assert not rhel9.exists("/var/lib/kernelops-panic_hardening")

    def test_removal_gives_an_earlier_value_back(self, rhel9: FixtureHost) -> None:
        for path in ("/etc/default/grub", "/etc/kernel/cmdline"):
            rhel9.put(path, rhel9.text(path).replace("rhgb quiet", "rhgb quiet panic=60"))
        grubby(rhel9)(["grubby", "--update-kernel=ALL", "--args=panic=60"])
        _bootloader.apply(rhel9, "x", dict(PANIC))
        assert panics(rhel9) == [["10"], ["10"], ["60"]]
        _bootloader.apply(rhel9, "x", {"panic": "20"})
        _bootloader.apply(rhel9, "x", None)
        assert panics(rhel9) == [["60"], ["60"], ["60"]]
        assert _cmdline.values(rhel9.text("/etc/kernel/cmdline"), "panic") == ["60"]

    def test_rhel8_has_no_kernel_cmdline_and_gets_none(self, make_host: Callable[..., FixtureHost]) -> None:
        host = make_host("rhel8")
        host.programs["grubby"] = Grubby(host)
        _bootloader.apply(host, "x", dict(PANIC))
        assert panics(host) == [["10"], ["10"], []]
        assert not host.exists("/etc/kernel/cmdline")
        assert _cmdline.future(_bls.assignments(host), "panic") == ("10", "/etc/default/grub:6")
        assert _bootloader.plan(host, "x", dict(PANIC)) == []

    def test_comments_in_kernel_cmdline_stay_comments(self, rhel9: FixtureHost) -> None:
        """kernel-install drops the lines that begin with #, so the arguments must not end up in one."""
        text = "# written by the installer\n" + rhel9.text("/etc/kernel/cmdline")
        rhel9.put("/etc/kernel/cmdline", text)
        _bootloader.apply(rhel9, "x", dict(PANIC))
        lines = rhel9.text("/etc/kernel/cmdline").splitlines()
        read = " ".join(line for line in lines if not line.startswith("#"))
        assert _cmdline.values(read, "root") == ["/dev/mapper/rhel-root"]
        assert _cmdline.values(read, "panic") == ["10"]
        assert lines[0] == "# written by the installer"
        _bootloader.apply(rhel9, "x", None)
        assert rhel9.text("/etc/kernel/cmdline") == text

    def test_defaults_without_that_variable_get_a_line_of_their_own(self, rhel9: FixtureHost) -> None:
        rhel9.put("/etc/default/grub", "GRUB_TIMEOUT=5\n")
        _bootloader.apply(rhel9, "x", dict(PANIC))
        assert rhel9.text("/etc/default/grub") == 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="panic=10"\n'

    @pytest.mark.parametrize("fail_after", [0, 1])
    def test_a_grubby_that_fails_leaves_the_files(self, rhel9: FixtureHost, fail_after: int) -> None:
        before = files(rhel9)
        rhel9.programs["grubby"] = Grubby(rhel9, fail_after)
        with pytest.raises(HostError, match="grubby --update-kernel=.* ended with code 1"):
            _bootloader.apply(rhel9, "x", dict(PANIC))
        assert files(rhel9) == before

    @pytest.mark.parametrize("path", ["/etc/default/grub", "/etc/kernel/cmdline", STATE])
    def test_a_file_that_cannot_be_written_leaves_the_others(self, rhel9: FixtureHost, path: str) -> None:
        before = files(rhel9)
        rhel9.refused.add(path)
        with pytest.raises(HostError, match="^%s: could not be written" % path):
            _bootloader.apply(rhel9, "x", dict(PANIC))
        assert (files(rhel9), grubby(rhel9).writes) == (before, [])

    def test_a_grubby_that_lies_is_found_out(self, rhel9: FixtureHost) -> None:
        listing = grubby(rhel9).listing
        rhel9.programs["grubby"] = lambda argv: Result(0, listing, "")
        with pytest.raises(
            HostError, match="^the boot entry 'Red Hat .*' does not carry panic=10 after the change; look at /boot"
        ):
            _bootloader.apply(rhel9, "x", dict(PANIC))

    @pytest.mark.parametrize("text", ["{", "[]", '"x"'])
    def test_a_damaged_record_is_named(self, rhel9: FixtureHost, text: str) -> None:
        rhel9.put(STATE, text)
        for arguments in (dict(PANIC), None):
            with pytest.raises(HostError, match="^%s: " % STATE):
                _bootloader.plan(rhel9, "x", arguments)

    def test_the_record_says_what_was_there(self, rhel9: FixtureHost) -> None:
        _bootloader.apply(rhel9, "x", dict(PANIC, nokaslr=None))
        assert json.loads(rhel9.text(STATE)) == {"arguments": ["nokaslr", "panic"], "before": {}}
