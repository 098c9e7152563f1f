# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine hung and is back by itself: the watchdog says so, the alarm was raised, and the diagnosis knows a reset."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import audit


def test_the_watchdog_says_that_it_was_it(host: t.Any) -> None:
    statuses = host.run("cat /sys/class/watchdog/*/bootstatus").stdout.split()
    assert [status for status in statuses if int(status) & 32]
    found = audit.findings(host)
    assert found["watchdog.last_boot"]["status"] == "fail"
    assert "the watchdog reset the machine" in found["watchdog.last_boot"]["reason"]


def test_it_is_armed_again_without_anybody(host: t.Any) -> None:
    assert audit.findings(host)["watchdog.armed"]["status"] == "pass"


def test_the_reset_was_told_of(host: t.Any) -> None:
    assert audit.keys(host)[-1].startswith("watchdog.reset:watchdog")


def test_the_diagnosis_says_reset(host: t.Any) -> None:
    answer = host.ansible("kernelops.panic_hardening.crash_info", "limit=5", check=False, become=False)
    assert answer["last_boot"]["ended"] == "reset"
