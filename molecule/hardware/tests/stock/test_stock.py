# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in check mode where the roles have much to do: it has done nothing."""

from __future__ import annotations

import typing as t


def test_check_mode_has_left_nothing(host: t.Any) -> None:
    done = host.run("/usr/local/bin/lab-etc | diff /var/log/lab-etc-before -")
    assert (done.rc, done.stdout) == (0, "")
    for package in ("smartmontools", "lm-sensors", "rasdaemon"):
        assert not host.package(package).is_installed, package
    assert not host.file("/usr/local/lib/kernelops-panic_hardening").exists
    assert not host.file("/usr/local/sbin/kernelops-hardware").exists
    assert not host.file("/var/lib/kernelops-panic_hardening").exists
    assert "RuntimeWatchdogUSec=0" in host.run("systemctl show -p RuntimeWatchdogUSec").stdout
