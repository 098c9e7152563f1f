# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine as its distribution installs it, also after a run in check mode."""

from __future__ import annotations

import typing as t


def test_nothing_restarts_it(host: t.Any) -> None:
    """The reason for this collection; if a distribution mends it, we want to know."""
    assert host.sysctl("kernel.panic") == 0
    assert "panic=" not in host.file("/proc/cmdline").content_string
    assert "panic=" not in host.file("/boot/grub/grub.cfg").content_string


def test_check_mode_has_left_nothing(host: t.Any) -> None:
    assert not host.file("/etc/sysctl.d/99-zz-panic_sysctl.conf").exists
    assert not host.file("/etc/default/grub.d/zz-panic_sysctl.cfg").exists
    assert not host.file("/etc/systemd/journald.conf.d").exists
    assert not host.file("/etc/tmpfiles.d/kernelops-crash_evidence.conf").exists
    assert not host.file("/etc/systemd/system/kernelops-fallback_kernel.service").exists
    assert not host.file("/etc/grub.d/09_boot_kernel").exists
    assert not host.file("/usr/local/lib/kernelops-panic_hardening").exists
    assert not host.file("/usr/local/sbin/kernelops-hardware").exists
    assert not host.file("/etc/kernelops-panic_hardening").exists
    assert not host.file("/var/lib/kernelops-panic_hardening").exists
