# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Healthy hardware: everything is watched, the watchdog is armed, and nothing was told but the test."""

from __future__ import annotations

import sys
import time
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import audit


def test_only_the_test_was_told(host: t.Any) -> None:
    assert audit.keys(host) == ["panic_hardening.test:"]
    shown = host.run("journalctl --no-pager -o cat MESSAGE_ID=0a31236c24c04193b7b1cfb7f5ce3d71").stdout.splitlines()
    assert shown == ["panic_hardening.test: test of the alarm path, nothing is wrong"]


def test_every_control_passes_or_does_not_apply(host: t.Any) -> None:
    # The first rounds of the timers come a minute or two after the boot.
    found: dict[str, t.Any] = {}
    for _attempt in range(12):
        found = audit.findings(host)
        if not [name for name, item in found.items() if item["status"] == "unknown"]:
            break
        time.sleep(15)
    bad = {name: item for name, item in found.items() if item["status"] not in ("pass", "not_applicable")}
    assert bad == {}
    for control in (
        "watchdog.armed",
        "smartmontools.health.nvme0",
        "smartmontools.health.sda",
        "panic_hardening.alert_tested",
    ):
        assert found[control]["status"] == "pass", control
    assert any(
        name.startswith("lm_sensors.temperature.lm75") and item["status"] == "pass" for name, item in found.items()
    )
    # QEMU shows no memory controller.
    assert found["rasdaemon.memory"]["status"] == "not_applicable"
    assert "i6300ESB" in found["watchdog.armed"]["observed"]


def test_the_watchdog_is_fed(host: t.Any) -> None:
    assert host.file("/sys/class/watchdog/watchdog0/state").content_string.strip() == "active"
    assert host.file("/sys/class/watchdog/watchdog0/timeout").content_string.strip() == "30"


def test_smartd_runs_with_our_lines(host: t.Any) -> None:
    assert host.service("smartmontools").is_running
    said = host.run("journalctl --no-pager -b -u smartmontools -o cat").stdout
    assert "/dev/nvme0" in said
    assert "/dev/sda" in said
    assert not host.run("systemctl --failed --no-legend --plain").stdout.strip()
