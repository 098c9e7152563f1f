# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The crash left a dump that tells why, and the machine is ready for the next one."""

from __future__ import annotations

import json
import typing as t


def test_the_dump_and_its_dmesg_are_there(host: t.Any) -> None:
    """The drill has opened the dump and read every page; here the files themselves."""
    proof = json.loads(host.file("/var/lib/kernelops-panic_hardening/kdump-drill.json").content_string)
    dmesg = host.file(proof["dmesg"]).content_string
    assert "sysrq: Trigger a crash" in dmesg
    assert "Kernel panic - not syncing: sysrq triggered crash" in proof["panic"]
    assert host.file(proof["dump"]).size > 1024 * 1024
    assert proof["seconds"] < 300
    print(f"crash to ssh {proof['seconds']} s, dump {proof['bytes'] / 1024 / 1024:.1f} MiB")


def test_nothing_of_the_drill_is_left(host: t.Any) -> None:
    names = host.run("ls -A /var/crash /var/lib/kernelops-panic_hardening").stdout
    assert "kernelops-kdump-drill" not in names
    assert "drill-begun" not in names


def test_the_next_crash_kernel_is_loaded(host: t.Any) -> None:
    assert host.file("/sys/kernel/kexec_crash_loaded").content_string.strip() == "1"
