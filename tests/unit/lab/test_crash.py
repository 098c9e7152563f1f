# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Faults by name, and the one-time boot entries of the early ones."""

from __future__ import annotations

import re

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from lab import crash, faults, paths
from lab.errors import LabError
from lab.faults import COMPLAINTS, FAULTS, find
from lab.ssh import Result

ROOT = "root=UUID=11111111-2222-4333-8444-555555555555"
MENU = f"""\
### BEGIN /etc/grub.d/00_header ###
if [ "${{next_entry}}" ] ; then
   set default="${{next_entry}}"
fi
function load_video {{
  insmod vbe
}}
menuentry 'Memory test' $menuentry_id_option 'memtest' {{
\tlinux16\t/boot/memtest86+x64.bin
}}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-x' {{
\tload_video
\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
\tsearch --no-floppy --fs-uuid --set=root x
\techo\t'Loading Linux 6.1.0-56-cloud-amd64 ...'
\tlinux\t/boot/vmlinuz-6.1.0-56-cloud-amd64 {ROOT} ro console=ttyS0 panic=10 quiet
\techo\t'Loading initial ramdisk ...'
\tinitrd\t/boot/initrd.img-6.1.0-56-cloud-amd64
}}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-x' {{
\tmenuentry 'Debian GNU/Linux, recovery mode' {{
\t\tlinux\t/boot/vmlinuz-6.1.0-56-cloud-amd64 {ROOT} ro single
\t}}
}}
"""


def linux_line(entry: str) -> str:
    lines = [line for line in entry.splitlines() if line.split()[:1] == ["linux"]]
    assert len(lines) == 1
    return lines[0]


def test_the_machines_own_entry_is_copied() -> None:
    """Its panic= must come along: that is what an early fault proves."""
    words = linux_line(crash.faulty_entry(MENU, find("init-exits"))).split()
    assert words[1] == "/boot/vmlinuz-6.1.0-56-cloud-amd64"
    assert {ROOT, "panic=10"} <= set(words)
    assert words[-1] == "init=/bin/false"
    assert "single" not in words


def test_a_missing_root_replaces_the_real_one() -> None:
    line = linux_line(crash.faulty_entry(MENU, find("root-missing")))
    assert re.findall(r"root=\S+", line) == [find("root-missing").append]
    assert "panic=10" in line


def test_no_initrd() -> None:
    without, usual = (crash.faulty_entry(MENU, find(name)) for name in ("no-initrd", "init-exits"))
    assert "\tinitrd\t" in usual
    assert "\tinitrd\t" not in without
    assert ROOT in linux_line(without)


def test_the_entry_is_whole_and_has_the_id_that_is_booted_once() -> None:
    entry = crash.faulty_entry(MENU, find("init-exits"))
    assert entry.startswith(f"menuentry '{crash.ENTRY_ID}' --id {crash.ENTRY_ID} {{\n")
    assert entry.endswith("\n}\n")
    assert "fi\n" in entry


def test_a_menu_without_linux_is_refused() -> None:
    with pytest.raises(LabError, match=r"grub\.cfg"):
        crash.faulty_entry(MENU[: MENU.index("menuentry 'Debian")], find("init-exits"))


def test_the_module_has_every_fault_that_it_is_asked_for() -> None:
    source = (paths.LAB_SOURCE / "crash_module/kernelops_crash.c").read_text()
    in_module = set(re.findall(r'\{ "([a-z-]+)", strike_', source))
    asked = {
        fault.name
        for fault in (*FAULTS, *COMPLAINTS, faults.HANG)
        if "kernelops_crash.ko" in fault.command() and fault.kind != "early"
    }
    assert asked == in_module
    assert len(in_module) > 8


def test_one_of_each_class_covers_the_classes() -> None:
    quick = faults.one_of_each_class()
    assert {fault.kind for fault in quick} == {fault.kind for fault in FAULTS}
    assert {fault.always_fatal for fault in quick if fault.kind == "running"} == {True, False}
    assert set(quick) < set(faults.all_faults())


def test_a_hang_is_no_fault_that_a_panic_parameter_helps_with() -> None:
    assert find("hang") not in faults.all_faults()


def test_an_unknown_fault_is_answered_with_the_known() -> None:
    with pytest.raises(LabError, match="sysrq-c"):
        find("sysrq-z")


def test_a_diagnosis_is_tried_on_twenty_kinds_that_it_knows() -> None:
    everything = faults.diagnosed(everything=True)
    kinds = {fault.incident for fault in everything}
    assert kinds <= set(KINDS)
    assert len(kinds) >= 20
    some = faults.diagnosed(everything=False)
    assert len(some) == 5
    assert {fault.survived for fault in some} == {True, False}
    assert "early" in {fault.kind for fault in some}
    assert set(some) <= set(everything)


class Listener:
    """A machine whose kernel complains at the second look."""

    name = "m"

    def __init__(self) -> None:
        self.looks = 0
        self.lines: list[str] = []

    def ssh(self, command: str, timeout: float = 60, text: str | None = None) -> Result:
        if not command.startswith("dmesg"):
            return Result(0, "", "")
        self.looks += 1
        # An earlier complaint of the same kind must not count.
        old, new = "old\nNMI received for unknown reason 20\n", "NMI received for unknown reason 30\n"
        if command == "dmesg":
            return Result(0, old, "")
        assert command == "dmesg | tail -n +3"
        return Result(0, new if self.looks > 2 else "", "")

    def boot_id(self) -> str:
        return "b"

    def serial(self, since: int = 0) -> str:
        return ""

    def serial_size(self) -> int:
        return 7

    def alive(self) -> bool:
        return True

    def monitor(self, line: str) -> str:
        self.lines.append(line)
        return ""


def test_a_complaint_is_looked_for_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    machine = Listener()
    struck = crash.strike(machine, find("unknown-nmi"))
    assert (struck.boot_id, struck.serial_offset, machine.lines, machine.looks) == ("b", 7, ["nmi"], 3)
