# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the removal the distribution's own boot menu is there again."""

from __future__ import annotations

import typing as t


def test_files_are_gone(host: t.Any) -> None:
    found = host.check_output(
        "find / -xdev -name '*fallback_kernel*' -o -xdev -name '*boot_kernel*' -o -xdev -name 'kernelops-*'"
    )
    assert [path for path in found.splitlines() if not path.startswith("/usr/local/lib/kernelops-lab")] == []


def test_the_menu_is_the_distribution_s(host: t.Any) -> None:
    menu = host.file("/boot/grub/grub.cfg").content_string
    assert "kernelops" not in menu
    assert 'set default="0"' in menu
    assert "kernelops" not in host.check_output("grub-editenv - list")


def test_nothing_runs_any_more(host: t.Any) -> None:
    assert host.run("systemctl is-active kernelops-fallback_kernel-arm.service").stdout.strip() == "inactive"
