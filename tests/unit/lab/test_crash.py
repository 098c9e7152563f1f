# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Faults by name, and the one-time boot entries of the early ones."""

from __future__ import annotations

import re

import pytest

from lab import crash, faults, paths
from lab.errors import LabError
from lab.faults import FAULTS, find

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
    asked = {fault.name for fault in FAULTS if "kernelops_crash.ko" in fault.command() and fault.kind == "running"}
    assert asked == in_module
    assert len(in_module) > 8


def test_one_of_each_class_covers_the_classes() -> None:
    quick = faults.one_of_each_class()
    assert {fault.kind for fault in quick} == {fault.kind for fault in FAULTS}
    assert {fault.always_fatal for fault in quick if fault.kind == "running"} == {True, False}
    assert set(quick) < set(faults.all_faults())


def test_an_unknown_fault_is_answered_with_the_known() -> None:
    with pytest.raises(LabError, match="sysrq-c"):
        find("sysrq-z")
