# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the restart a crash kernel is loaded, from one crashkernel= argument, and dumps have a private place."""

from __future__ import annotations

import re
import typing as t


def test_a_crash_kernel_is_loaded(host: t.Any) -> None:
    assert host.file("/sys/kernel/kexec_crash_loaded").content_string.strip() == "1"
    assert int(host.file("/sys/kernel/kexec_crash_size").content_string) >= 128 * 1024 * 1024


def test_one_crashkernel_on_each_normal_entry(host: t.Any) -> None:
    """kdump-tools has set its own before: only ours may be left."""
    menu = host.file("/boot/grub/grub.cfg").content_string
    lines = re.findall(r"(?m)^\s*linux\s+\S*vmlinuz\S*\s+(.*)$", menu)
    for line in [host.file("/proc/cmdline").content_string, *(line for line in lines if " single" not in line)]:
        found = re.findall(r"crashkernel=\S+", line)
        assert len(found) == 1, line
        assert found[0].endswith("2G-64G:256M,64G-:512M")


def test_the_capture_kernel_restarts_by_itself_and_keeps_its_own_sysctls(host: t.Any) -> None:
    command = host.file("/var/crash/kexec_cmd").content_string
    assert " panic=10 " in command
    assert "systemd.mask=systemd-sysctl.service" in command


def test_dumps_are_private(host: t.Any) -> None:
    assert host.file("/var/crash").mode == 0o700


def test_systemd_takes_the_bounds_of_the_dump(host: t.Any) -> None:
    shown = host.run(
        "systemctl show kdump-tools-dump.service -p TimeoutStartUSec -p FailureAction -p JobTimeoutAction"
    ).stdout
    assert set(shown.split()) == {"TimeoutStartUSec=1h", "FailureAction=reboot-force", "JobTimeoutAction=reboot-force"}
