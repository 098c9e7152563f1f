# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing was written in the container, and the kernel that it shares is as it was."""

from __future__ import annotations

import typing as t
from pathlib import Path


def test_it_is_a_container(host: t.Any) -> None:
    assert host.check_output("systemd-detect-virt --container") == "systemd-nspawn"


def test_no_file_was_left(host: t.Any) -> None:
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


def test_the_kernel_is_as_it_was(host: t.Any) -> None:
    """One kernel: what the host of the container sees is what a change in the container would have changed."""
    assert host.sysctl("kernel.panic") == int(Path("/proc/sys/kernel/panic").read_text())
    assert host.sysctl("kernel.panic") != 10
