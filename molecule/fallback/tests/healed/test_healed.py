# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bad kernel was left again without anybody, and is shouted about."""

from __future__ import annotations

import json
import typing as t

BAD = "99.1.0-1-cloud-amd64"
SERVICE = "kernelops-fallback_kernel.service"


def test_the_known_good_kernel_runs(host: t.Any) -> None:
    running = host.check_output("uname -r")
    assert f"known_good='{running}'" in host.file("/etc/grub.d/09_boot_kernel").content_string
    assert host.file(f"/boot/vmlinuz-{BAD}").exists


def test_it_is_shouted_about(host: t.Any) -> None:
    status = json.loads(host.file("/run/kernelops-panic_hardening/fallback_kernel.json").content_string)
    assert (status["alarm"], status["trial"]) == (True, BAD)
    said = host.check_output(f"journalctl -b -u {SERVICE} -p crit -o cat --no-pager")
    assert f"the trial of the kernel {BAD} has failed" in said
    assert SERVICE in host.check_output("systemctl --failed --no-legend --plain")


def test_it_is_remembered(host: t.Any) -> None:
    assert f"kernelops_trial={BAD}" in host.check_output("grub-editenv - list")
