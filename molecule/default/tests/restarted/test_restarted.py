# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the crash: the machine came back by itself, on the command line that the role has set."""

from __future__ import annotations

import typing as t


def test_it_runs_on_the_hardened_command_line(host: t.Any) -> None:
    assert "panic=10" in host.file("/proc/cmdline").content_string.split()


def test_nothing_failed_on_the_way(host: t.Any) -> None:
    assert host.run("systemctl is-failed systemd-sysctl").stdout.strip() == "active"
