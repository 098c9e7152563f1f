# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new kernel was booted as a trial, and the host itself has confirmed it."""

from __future__ import annotations

import typing as t

SERVICE = "kernelops-fallback_kernel.service"


def test_the_new_kernel_runs_and_is_the_known_good_one(host: t.Any) -> None:
    running = host.check_output("uname -r")
    newest = host.check_output("ls /boot/vmlinuz-* | sort --version-sort | tail -n 1").rpartition("vmlinuz-")[2]
    assert running == newest
    assert f"known_good='{running}'" in host.file("/etc/grub.d/09_boot_kernel").content_string
    assert "kernelops_trial" not in host.check_output("grub-editenv - list")


def test_the_journal_tells(host: t.Any) -> None:
    said = host.check_output(f"journalctl -b -u {SERVICE} -o cat --no-pager")
    assert f"the kernel {host.check_output('uname -r')} is confirmed" in said
    before = host.check_output("journalctl -b -1 -u kernelops-fallback_kernel-arm.service -o cat --no-pager")
    assert "the next boot tries the kernel" in before


def test_its_initrd_would_not_have_hung_for_ever_and_nothing_of_that_is_left_running(host: t.Any) -> None:
    script = "scripts/init-top/kernelops_fallback_kernel"
    assert script in host.check_output("lsinitramfs /boot/initrd.img-$(uname -r)").splitlines()
    assert script not in host.check_output("ps -eo args")


def test_no_unit_has_failed(host: t.Any) -> None:
    assert host.check_output("systemctl --failed --no-legend --plain") == ""
