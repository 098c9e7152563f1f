# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failing hardware: each thing is told of once, and is a failed control that names the device."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import audit


def test_each_thing_was_told_of_once(host: t.Any) -> None:
    told = audit.keys(host)[1:]
    kinds = ["lm_sensors.temperature", "smartmontools.health", "smartmontools.missing"]
    assert sorted(key.split(":")[0] for key in told) == kinds
    disks = [alarm for alarm in audit.alarms(host) if alarm["role"] == "smartmontools"]
    assert {(disk["device"], disk["severity"]) for disk in disks} == {
        ("/dev/nvme0", "critical"),
        ("/dev/sda (serial number LABATA1)", "critical"),
    }


def test_the_controls_fail_and_name_the_device(host: t.Any) -> None:
    failed = {name: item for name, item in audit.findings(host).items() if item["status"] == "fail"}
    sensor = next(name for name in failed if name.startswith("lm_sensors.temperature.lm75"))
    assert set(failed) == {"smartmontools.health.nvme0", "smartmontools.missing.LABATA1", sensor}
    assert "/dev/nvme0" in failed["smartmontools.health.nvme0"]["reason"]
    assert "LABNVME1" in failed["smartmontools.health.nvme0"]["remedy"]
    assert "85 degrees" in failed[sensor]["reason"]
    assert {item["category"] for item in failed.values()} == {"health"}
