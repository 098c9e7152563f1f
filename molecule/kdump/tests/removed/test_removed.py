# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the removal nothing of it is left but the dumps."""

from __future__ import annotations

import typing as t


def test_files_are_gone(host: t.Any) -> None:
    for path in (
        "/etc/default/kdump-tools",
        "/etc/default/grub.d/zz-kdump.cfg",
        "/etc/default/grub.d/kdump-tools.cfg",
        "/usr/local/sbin/kernelops-kdump-rotate",
        "/etc/systemd/system/emergency.service.d",
        "/etc/systemd/system/kdump-tools-dump.service.d",
        "/var/lib/kernelops-panic_hardening",
    ):
        assert not host.file(path).exists, path
    assert "crashkernel=" not in host.file("/boot/grub/grub.cfg").content_string


def test_the_package_is_gone_and_the_dump_is_not(host: t.Any) -> None:
    assert not host.package("kdump-tools").is_installed
    assert host.run("ls /var/crash/2*/dump.2*").rc == 0
