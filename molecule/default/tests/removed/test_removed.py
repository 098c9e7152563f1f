# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the removal the machine is as its distribution made it."""

from __future__ import annotations

import typing as t


def test_files_are_gone(host: t.Any) -> None:
    for path in (
        "/etc/sysctl.d/99-zz-panic_sysctl.conf",
        "/etc/default/grub.d/zz-panic_sysctl.cfg",
        "/etc/systemd/journald.conf.d",
        "/etc/tmpfiles.d/kernelops-crash_evidence.conf",
        "/etc/systemd/system/kernelops-fallback_kernel.service",
        "/etc/grub.d/09_boot_kernel",
        "/usr/local/lib/kernelops-panic_hardening",
        "/usr/local/sbin/kernelops-hardware",
        "/etc/kernelops-panic_hardening",
        "/var/lib/kernelops-panic_hardening",
    ):
        assert not host.file(path).exists


def test_values_are_back(host: t.Any) -> None:
    assert host.sysctl("kernel.panic") == 0
    assert host.sysctl("kernel.panic_on_oops") == 0
    assert "panic=" not in host.file("/boot/grub/grub.cfg").content_string
