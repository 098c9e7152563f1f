# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB on Debian and Ubuntu: entries parsed, the drop-in run by a real shell, changes and their way back."""

import fcntl
import os
import subprocess
from typing import Any, Callable, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bootloader, _cmdline, _grub
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_programs import GrubMkconfig

PANIC = {"panic": "10"}
DROP_IN = "/etc/default/grub.d/zz-x.cfg"
CFG = "/boot/grub/grub.cfg"
LINUX = "linux\t/boot/vmlinuz-6.1.0-56-cloud-amd64 root=UUID=0 ro "


def section(name: str, *lines: str) -> str:
    return "### BEGIN /etc/grub.d/%s ###\n%s\n### END /etc/grub.d/%s ###\n" % (name, "\n".join(lines), name)


def entry(title: str, ident: str, *lines: str) -> str:
    return "menuentry '%s' --class x $menuentry_id_option '%s' {\n\t%s\n}" % (title, ident, "\n\t".join(lines))


class TestParse:
    """What grub-mkconfig wrote."""

    def test_the_lab_machine(self, debian12: FixtureHost) -> None:
        found = _grub.entries(debian12)
        assert [item["recovery"] for item in found] == [False, False, True]
        assert [item["title"] for item in found] == [
            "Debian GNU/Linux",
            "Debian GNU/Linux, with Linux 6.1.0-56-cloud-amd64",
            "Debian GNU/Linux, with Linux 6.1.0-56-cloud-amd64 (recovery mode)",
        ]
        assert {item["kernel"] for item in found} == {"/boot/vmlinuz-6.1.0-56-cloud-amd64"}
        assert found[0]["id"].startswith("gnulinux-simple-")
        assert found[1]["arguments"].endswith(" ro  console=ttyS0,115200 net.ifnames=0 quiet")
        assert " single " in found[2]["arguments"]

    def test_entries_of_others_are_ignored(self) -> None:
        other = entry("Other", "osprober-gnulinux", LINUX)
        text = (
            section("10_linux", entry("Debian", "gnulinux-simple-0", LINUX))
            + section("20_memtest86+", entry("memtest", "memtest86+", "linux16\t/boot/memtest86+x64.bin"))
            + section("30_os-prober", other, entry("Windows", "osprober-chain-1", "chainloader +1"))
            + section("30_uefi-firmware", entry("UEFI", "uefi-firmware", "fwsetup"))
            + section("40_custom", entry("Mine", "mine", LINUX))
            + section("41_custom")
        )
        assert [item["id"] for item in _grub.parse(text)] == ["gnulinux-simple-0"]

    def test_xen_passes_the_arguments_to_a_module(self) -> None:
        text = section(
            "20_linux_xen",
            entry(
                "Xen",
                "xen-simple-0",
                "multiboot2\t/boot/xen-4.17.gz placeholder",
                "module2\t/boot/vmlinuz-6.1 placeholder root=UUID=0 ro quiet",
                "module2\t--nounzip\t/boot/initrd.img-6.1",
            ),
        )
        assert [(e["id"], e["arguments"]) for e in _grub.parse(text)] == [
            ("xen-simple-0", "placeholder root=UUID=0 ro quiet")
        ]

    @pytest.mark.parametrize(
        "kernel",
        [
            "/vmlinuz-6.1",
            "/@/boot/vmlinuz-6.1",
            "/boot/vmlinux-6.1",
            "/boot/kernel-6.1",
            "/ROOT/debian@/boot/vmlinuz-6.1",
        ],
    )
    @pytest.mark.parametrize("command", ["linux", "linuxefi", "linux16"])
    def test_kernels_on_other_file_systems(self, kernel: str, command: str) -> None:
        text = section("10_linux", entry("D", "d", "%s\t%s root=x ro quiet" % (command, kernel)))
        assert [item["kernel"] for item in _grub.parse(text)] == [kernel]

    @pytest.mark.parametrize(
        "ident, arguments, recovery",
        [
            ("gnulinux-6.1-advanced-0", "ro quiet", False),
            ("gnulinux-6.1-recovery-0", "ro recovery nomodeset dis_ucode_ldr", True),
            ("gnulinux-6.1-recovery-0", "ro", True),
            ("x", "ro single", True),
            ("x", "ro systemd.unit=rescue.target", True),
            ("x", "ro emergency", True),
            ("x", "ro singles=1 root=/dev/mapper/recovery", False),
            ("x", "ro -- single", False),
        ],
    )
    def test_what_is_a_recovery_entry(self, ident: str, arguments: str, recovery: bool) -> None:
        text = section("10_linux", entry("D", ident, "linux /boot/vmlinuz-6.1 " + arguments))
        assert [item["recovery"] for item in _grub.parse(text)] == [recovery]

    def test_an_entry_without_an_id_has_its_title(self) -> None:
        text = section("10_linux", 'menuentry "Old" --class x {\n linux /boot/vmlinuz-6.1 ro\n}')
        assert [(e["id"], e["title"]) for e in _grub.parse(text)] == [("Old", "Old")]

    def test_rubbish_is_read_in_linear_time(self) -> None:
        assert _grub.parse("menuentry '" + "a" * 200000 + "\n" + "linux " * 50000 + "\n" + " " * 200000 + "x") == []


def run_drop_in(value: str, arguments: Dict[str, Any], shell: str = "sh") -> str:
    """What the drop-in makes of the variable, in the shell that runs grub-mkconfig."""
    script = "set -e\n%s\nprintf '%%s' \"$GRUB_CMDLINE_LINUX_DEFAULT\"\n" % _grub.drop_in_text("x", arguments)
    environment = dict(os.environ, GRUB_CMDLINE_LINUX_DEFAULT=value)
    process = subprocess.Popen([shell, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    try:
        out, err = process.communicate(timeout=5)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, b"")
    return out.decode("utf-8")


NEIGHBOURS = [
    ("", [""]),
    ("quiet", ["quiet"]),
    ("panic=5", []),
    ("quiet panic=5 splash", ["quiet", "splash"]),
    ("panic=5 panic=6 panic=7 quiet", ["quiet"]),
    ("panic", []),
    ("xpanic=1 panicx=2 panic.x=3 panic_on_warn=1", ["xpanic=1", "panicx=2", "panic.x=3", "panic_on_warn=1"]),
    ("quiet   panic=0   splash ", ["quiet", "splash"]),
    (
        "a=$HOME b=`id` c=$(id) d=\\1 e=%s f=& g=/ h=*",
        ["a=$HOME", "b=`id`", "c=$(id)", "d=\\1", "e=%s", "f=&", "g=/", "h=*"],
    ),
    ("-n -e x", ["-n", "-e", "x"]),
    ("it's", ["it's"]),
]


@pytest.mark.parametrize("value, kept", NEIGHBOURS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_drop_in_sets_the_argument_once_and_keeps_the_others(value: str, kept: List[str], shell: str) -> None:
    assert run_drop_in(value, PANIC, shell).split() == [item for item in kept if item] + ["panic=10"]


def test_the_drop_in_reads_a_dash_as_an_underscore() -> None:
    assert run_drop_in("panic-on-warn=1 panic_on_warn=1 q", {"panic_on_warn": "0"}).split() == ["q", "panic_on_warn=0"]


def test_the_drop_in_takes_a_dot_for_a_dot() -> None:
    arguments = {"net.ifnames": "0", "nokaslr": None}
    assert run_drop_in("netxifnames=1 net.ifnames=1 nokaslr", arguments).split() == [
        "netxifnames=1",
        "net.ifnames=0",
        "nokaslr",
    ]


def test_the_drop_in_of_the_lab_machine_is_still_the_same(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian12/hardened")
    assert host.text("/etc/default/grub.d/zz-panic_sysctl.cfg") == _grub.drop_in_text("panic_sysctl", PANIC)


@pytest.mark.parametrize("trees", [("debian12/stock",), ("debian12/stock", "debian12/hardened")])
def test_the_model_of_grub_mkconfig_writes_the_captured_file(make_host: Callable[..., FixtureHost], trees: Any) -> None:
    host = make_host(*trees)
    captured = host.text(CFG)
    blank = captured.replace(" panic=10", "").replace("console=ttyS0,115200 net.ifnames=0", "XXX")
    GrubMkconfig(host, blank)(["grub-mkconfig", "-o", "/fresh"])
    assert host.text("/fresh") == captured


def test_the_next_kernel_takes_what_the_drop_in_says(debian12: FixtureHost) -> None:
    assert _cmdline.future(_grub.assignments(debian12), "panic") == (None, "")
    debian12.put(DROP_IN, _grub.drop_in_text("x", PANIC))
    assert _cmdline.future(_grub.assignments(debian12), "panic") == ("10", DROP_IN + ":3")
    debian12.put("/etc/default/grub.d/zzz.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
    assert _cmdline.future(_grub.assignments(debian12), "panic") == (None, "/etc/default/grub.d/zzz.cfg:1")
    debian12.put("/etc/default/grub.d/zzz.cfg.dpkg-old", 'GRUB_CMDLINE_LINUX_DEFAULT="panic=1"\n')
    assert _cmdline.future(_grub.assignments(debian12), "panic")[1] == "/etc/default/grub.d/zzz.cfg:1"


class TestApply:
    """The change of a whole machine."""

    def test_every_normal_entry_gets_it_and_recovery_stays(self, debian12: FixtureHost) -> None:
        recovery = [item for item in _grub.entries(debian12) if item["recovery"]]
        _bootloader.apply(debian12, "x", dict(PANIC))
        found = _grub.entries(debian12)
        assert [_cmdline.values(item["arguments"], "panic") for item in found] == [["10"], ["10"], []]
        assert [item for item in found if item["recovery"]] == recovery
        assert _bootloader.plan(debian12, "x", dict(PANIC)) == []
        assert sorted(os.listdir(debian12.root + "/boot/grub")) == ["grub.cfg"]

    def test_the_plan_shows_files_and_entries_and_changes_nothing(self, debian12: FixtureHost) -> None:
        before = debian12.snapshot()
        plan = _bootloader.plan(debian12, "x", dict(PANIC))
        assert [item["path"] for item in plan] == [DROP_IN, "boot entries"]
        assert plan[1]["after"].count("panic=10") == 2
        assert debian12.snapshot() == before
        assert debian12.calls == []

    def test_removal_gives_the_machine_back(self, debian12: FixtureHost) -> None:
        before = debian12.snapshot()
        _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() != before
        _bootloader.apply(debian12, "x", None)
        assert debian12.snapshot() == before
        assert _bootloader.plan(debian12, "x", None) == []

    def test_two_owners_do_not_disturb_each_other(self, debian12: FixtureHost) -> None:
        _bootloader.apply(debian12, "x", dict(PANIC))
        _bootloader.apply(debian12, "y", {"nokaslr": None})
        assert all(_cmdline.has(e["arguments"], {"panic": "10", "nokaslr": None}) for e in _grub.entries(debian12)[:2])
        _bootloader.apply(debian12, "x", None)
        assert _bootloader.plan(debian12, "y", {"nokaslr": None}) == []

    def test_earlier_values_are_replaced(self, debian12: FixtureHost) -> None:
        text = debian12.text("/etc/default/grub").replace('DEFAULT="quiet"', 'DEFAULT="quiet panic=60"')
        debian12.put("/etc/default/grub", text)
        _bootloader.apply(debian12, "x", dict(PANIC))
        assert _cmdline.values(_grub.entries(debian12)[0]["arguments"], "panic") == ["10"]

    def test_a_drop_in_behind_ours_is_named_and_nothing_changes(self, debian12: FixtureHost) -> None:
        debian12.put("/etc/default/grub.d/zzz-site.cfg", '#\nGRUB_CMDLINE_LINUX_DEFAULT="quiet panic=0"\n')
        before = debian12.snapshot()
        with pytest.raises(HostError, match="would not carry panic=10: /etc/default/grub.d/zzz-site.cfg:2 decides"):
            _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() == before

    def test_a_script_that_sets_it_is_suspected(self, debian12: FixtureHost) -> None:
        stock = debian12.programs["grub-mkconfig"]

        def meddled(argv: List[str]) -> Result:
            result = stock(argv)
            debian12.put(argv[2], debian12.text(argv[2]).replace("panic=10", "panic=1"))
            return result

        debian12.programs["grub-mkconfig"] = meddled
        before = debian12.snapshot()
        with pytest.raises(HostError, match="does not|would not carry panic=10"):
            _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() == before

    def test_a_grub_mkconfig_that_fails_changes_nothing(self, debian12: FixtureHost) -> None:
        debian12.programs["grub-mkconfig"] = lambda argv: Result(1, "", "grub-probe: no space left")
        before = debian12.snapshot()
        with pytest.raises(HostError, match="grub-mkconfig .*ended with code 1: grub-probe: no space left"):
            _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() == before

    def test_a_grub_mkconfig_that_leaves_out_the_entries_changes_nothing(self, debian12: FixtureHost) -> None:
        """10_linux does so, without an error, where it does not know the root device."""
        debian12.programs["grub-mkconfig"] = GrubMkconfig(debian12, section("00_header", "set x=1"))
        before = debian12.snapshot()
        with pytest.raises(HostError, match="^grub-mkconfig wrote no Linux entry; /boot/grub/grub.cfg is unchanged"):
            _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() == before

    def test_a_full_disk_changes_nothing(self, debian12: FixtureHost) -> None:
        before = debian12.snapshot()
        debian12.refused.add(DROP_IN)
        with pytest.raises(HostError, match="^%s: could not be written" % DROP_IN):
            _bootloader.apply(debian12, "x", dict(PANIC))
        assert debian12.snapshot() == before

    def test_a_linked_grub_cfg_is_replaced_behind_its_link(self, debian12: FixtureHost) -> None:
        os.rename(debian12.root + CFG, debian12.root + "/boot/real.cfg")
        debian12.link(CFG, "../real.cfg")
        _bootloader.apply(debian12, "x", dict(PANIC))
        assert os.path.islink(debian12.root + CFG)
        assert "panic=10" in debian12.text("/boot/real.cfg")
        assert debian12.settled == ["/boot"], "GRUB would find the earlier one after a power cut"

    def test_a_file_behind_ours_is_foreseen_before_anything_runs(self, debian12: FixtureHost) -> None:
        debian12.put("/etc/default/grub.d/zzz-site.cfg", '#\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
        with pytest.raises(
            HostError, match="^/etc/default/grub.d/zzz-site.cfg:2 would keep panic=10 off the boot entries"
        ):
            _bootloader.plan(debian12, "x", dict(PANIC))
        assert debian12.calls == []
        debian12.put("/etc/default/grub.d/zzz-site.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT a"\n')
        assert _bootloader.plan(debian12, "x", dict(PANIC)) != []


def test_two_of_ours_do_not_make_the_menu_at_once(debian12: FixtureHost) -> None:
    """As a play, and the program that confirms a kernel."""
    make = debian12.programs["grub-mkconfig"]
    seen = []

    def held() -> bool:
        handle = os.open(debian12.root + "/boot/grub", os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def look(argv: List[str]) -> Result:
        seen.append(held())
        return make(argv)

    debian12.programs["grub-mkconfig"] = look
    _grub.regenerate(debian12, lambda text: None)
    assert seen == [True]
    assert not held()
