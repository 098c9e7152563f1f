# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that must stand once on a line: on the text, in GRUB's drop-in, and through grubby."""

from typing import Any, Callable, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bls, _bootloader, _cmdline, _grub
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_programs import Grubby

CRASH: Dict[str, Optional[str]] = {"crashkernel": "256M"}
CFG = "/boot/grub/grub.cfg"
DEFAULTS = "/etc/default/grub"


@pytest.mark.parametrize(
    "line, plain, unique",
    [
        ("ro crashkernel=256M", True, True),
        ("ro crashkernel=64M crashkernel=256M", True, False),
        ("ro crashkernel=256M crashkernel=256M", True, False),
        ("ro crashkernel=256M crashkernel=64M", False, False),
        ("ro crashkernel=256M -- crashkernel=64M", True, True),
        ("ro", False, False),
        ("", False, False),
    ],
)
def test_has(line: str, plain: bool, unique: bool) -> None:
    assert _cmdline.has(line, CRASH) is plain
    assert _cmdline.has(line, CRASH, True) is unique


def test_has_without_a_value() -> None:
    assert _cmdline.has("ro nokaslr", {"nokaslr": None}, True)
    assert not _cmdline.has("nokaslr nokaslr", {"nokaslr": None}, True)
    assert not _cmdline.has("nokaslr=1", {"nokaslr": None})


def test_every_argument_must_stand_once() -> None:
    both: Dict[str, Optional[str]] = {"crashkernel": "256M", "panic": "10"}
    assert _cmdline.has("panic=10 crashkernel=256M", both, True)
    assert not _cmdline.has("panic=1 panic=10 crashkernel=256M", both, True)
    assert not _cmdline.has("panic=10", both, True)


def values(host: FixtureHost) -> List[List[str]]:
    return [_cmdline.values(e["arguments"], "crashkernel") for e in _bootloader.observe(host)["entries"]]


class TestGrub:
    @pytest.fixture
    def common(self, debian12: FixtureHost) -> FixtureHost:
        """The variable that all entries have in common has one, which our drop-in for normal entries cannot reach."""
        debian12.put(DEFAULTS, debian12.text(DEFAULTS) + 'GRUB_CMDLINE_LINUX="crashkernel=64M tail=1"\n')
        debian12.programs["grub-mkconfig"](["grub-mkconfig", "-o", CFG])
        return debian12

    def test_the_common_variable_loses_its_own(self, common: FixtureHost) -> None:
        assert values(common) == [["64M"], ["64M"], ["64M"]]
        _bootloader.apply(common, "kdump", CRASH, True)
        assert values(common) == [["256M"], ["256M"], []]
        assert all("tail=1" in e["arguments"] for e in _bootloader.observe(common)["entries"])

    def test_without_it_both_stand(self, common: FixtureHost) -> None:
        _bootloader.apply(common, "kdump", CRASH)
        assert values(common) == [["64M", "256M"], ["64M", "256M"], ["64M"]]

    def test_a_second_run_has_nothing_to_do(self, common: FixtureHost) -> None:
        _bootloader.apply(common, "kdump", CRASH, True)
        assert _bootloader.plan(common, "kdump", CRASH, True) == []

    def test_a_second_one_is_drift(self, common: FixtureHost) -> None:
        _bootloader.apply(common, "kdump", CRASH)
        assert _bootloader.plan(common, "kdump", CRASH) == []
        paths = [change["path"] for change in _bootloader.plan(common, "kdump", CRASH, True)]
        assert paths == ["/etc/default/grub.d/zz-kdump.cfg", "boot entries"]
        assert len(_bootloader.lacking(_bootloader.observe(common), CRASH, True)) == 2
        assert _bootloader.lacking(_bootloader.observe(common), CRASH) == []

    def test_removal_gives_the_common_one_back(self, common: FixtureHost) -> None:
        before = common.snapshot()
        _bootloader.apply(common, "kdump", CRASH, True)
        _bootloader.apply(common, "kdump", None, True)
        assert common.snapshot() == before

    def test_the_package_s_own_file_stays_and_loses(self, make_host: Callable[..., FixtureHost]) -> None:
        host = make_host("debian12/stock", "debian12/kdump-tools")
        package = host.text("/etc/default/grub.d/kdump-tools.cfg")
        _bootloader.apply(host, "kdump", CRASH, True)
        assert values(host) == [["256M"], ["256M"], []]
        assert host.text("/etc/default/grub.d/kdump-tools.cfg") == package

    def test_a_script_that_adds_a_second_one_is_an_error_and_nothing_changes(self, debian12: FixtureHost) -> None:
        real = debian12.programs["grub-mkconfig"]

        def adds(argv: List[str]) -> Result:
            done = real(argv)
            debian12.put(
                argv[2], debian12.text(argv[2]).replace("crashkernel=256M", "crashkernel=64M crashkernel=256M")
            )
            return done

        debian12.programs["grub-mkconfig"] = adds
        before = debian12.snapshot()
        with pytest.raises(HostError, match="would not carry crashkernel"):
            _bootloader.apply(debian12, "kdump", CRASH, True)
        assert debian12.snapshot() == before

    def test_the_drop_in_of_others_is_as_it_was(self) -> None:
        plain = _grub.drop_in_text("x", {"panic": "10"})
        unique = _grub.drop_in_text("x", {"panic": "10"}, True)
        assert unique.startswith(plain)
        assert unique[len(plain) :].startswith('GRUB_CMDLINE_LINUX="$(printf')
        assert unique.endswith(')"\n')


class FirstOnly(Grubby):
    """A grubby whose --args changes the first of several and leaves the others; --remove-args takes all."""

    @staticmethod
    def _changed(line: str, options: Dict[str, str]) -> str:
        gone = options.get("remove-args", "").split()
        words = [word for word in line.split() if word.split("=")[0] not in gone]
        for new in options.get("args", "").split():
            same = [i for i, word in enumerate(words) if word.split("=")[0] == new.split("=")[0]]
            if same:
                words[same[0]] = new
            else:
                words.append(new)
        return " ".join(words)


class TestGrubby:
    @pytest.fixture
    def twice(self, make_host: Callable[..., FixtureHost]) -> Any:
        host = make_host("rhel9")
        grubby = FirstOnly(host)
        grubby.listing = grubby.listing.replace(" resume=", " crashkernel=64M resume=", 1)
        host.programs["grubby"] = grubby
        assert [len(found) for found in values(host)] == [2, 1, 1]
        return host

    def test_all_go_before_one_is_set(self, twice: FixtureHost) -> None:
        _bootloader.apply(twice, "kdump", CRASH, True)
        assert values(twice)[:2] == [["256M"], ["256M"]]
        first = "--update-kernel=/boot/vmlinuz-5.14.0-162.6.1.el9_1.x86_64"
        mine = [call[2:] for call in twice.calls if call[:2] == ["grubby", first]]
        assert mine == [["--remove-args=crashkernel"], ["--args=crashkernel=256M"]]

    def test_one_is_only_changed(self, twice: FixtureHost) -> None:
        _bootloader.apply(twice, "kdump", CRASH, True)
        second = "--update-kernel=/boot/vmlinuz-5.14.0-70.13.1.el9_0.x86_64"
        mine = [call[2:] for call in twice.calls if call[:2] == ["grubby", second]]
        assert mine == [["--args=crashkernel=256M"]]

    def test_without_it_the_second_would_win(self, twice: FixtureHost) -> None:
        with pytest.raises(HostError, match="does not carry crashkernel=256M after the change"):
            _bootloader.apply(twice, "kdump", CRASH)

    def test_the_rescue_entry_keeps_its_own(self, twice: FixtureHost) -> None:
        before = values(twice)[2]
        _bootloader.apply(twice, "kdump", CRASH, True)
        assert values(twice)[2] == before != ["256M"]

    def test_a_second_run_has_nothing_to_do(self, twice: FixtureHost) -> None:
        _bootloader.apply(twice, "kdump", CRASH, True)
        assert _bootloader.plan(twice, "kdump", CRASH, True) == []

    def test_removal_gives_the_installer_s_back(self, twice: FixtureHost) -> None:
        line = twice.text("/etc/kernel/cmdline")
        _bootloader.apply(twice, "kdump", CRASH, True)
        assert "crashkernel=256M" in twice.text("/etc/kernel/cmdline")
        _bootloader.apply(twice, "kdump", None, True)
        assert set(twice.text("/etc/kernel/cmdline").split()) == set(line.split())
        assert {tuple(v) for v in values(twice)} == {("1G-4G:192M,4G-64G:256M,64G-:512M",)}
        assert not twice.exists(_bls.state_file("kdump"))
