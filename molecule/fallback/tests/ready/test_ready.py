# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running kernel is the known-good one, the program waits for the next boot, and a person can choose in the menu."""

from __future__ import annotations

import typing as t

PROGRAM = "/usr/local/lib/kernelops-panic_hardening/fallback_kernel.pyz"


def test_the_known_good_kernel_is_the_first_entry_and_the_default(host: t.Any) -> None:
    menu = host.file("/boot/grub/grub.cfg").content_string
    running = host.check_output("uname -r")
    first = menu[menu.index("menuentry ") :]
    assert "'kernelops-known-good'" in first.splitlines()[0]
    assert f"/boot/vmlinuz-{running} " in first[: first.index("}")]
    assert 'set default="kernelops-known-good"' in menu
    assert "set fallback=0" in menu


def test_an_entry_checks_the_file_systems_and_grub_takes_the_menu(host: t.Any) -> None:
    menu = host.file("/boot/grub/grub.cfg").content_string
    check = menu[menu.index("'kernelops-check'") :]
    line = next(line for line in map(str.strip, check.splitlines()) if line.startswith("linux"))
    assert line.endswith("fsck.mode=force fsck.repair=yes")
    assert "panic=" not in line
    assert "set timeout=5" in menu
    assert host.run("grub-script-check /boot/grub/grub.cfg").rc == 0


def test_the_program_runs_with_the_host_s_python_alone(host: t.Any) -> None:
    assert host.run(f"/usr/bin/python3 -I {PROGRAM} confirm --help").rc == 0


def test_systemd_takes_the_units(host: t.Any) -> None:
    for name in ("kernelops-fallback_kernel.service", "kernelops-fallback_kernel-arm.service"):
        assert host.check_output(f"systemctl is-enabled {name}") == "enabled"
        assert host.run(f"systemd-analyze verify {name}").stderr == ""
    assert host.check_output("systemctl is-active kernelops-fallback_kernel-arm.service") == "active"


def test_a_systemd_that_crashes_restarts(host: t.Any) -> None:
    """Read back from the configuration that systemd itself would read."""
    shown = host.check_output("systemd-analyze cat-config systemd/system.conf")
    lines = [line for line in shown.splitlines() if line in ("CrashReboot=yes", "CrashAction=reboot")]
    assert len(lines) == 1
    newer = int(host.check_output("systemctl --version").split()[1]) >= 256
    assert lines == (["CrashAction=reboot"] if newer else ["CrashReboot=yes"])
