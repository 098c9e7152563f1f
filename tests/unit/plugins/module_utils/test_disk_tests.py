# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer begins self-tests of NVMe disks in their hours, one at a time, and keeps what a disk said that refused."""

import calendar
import json
import time
from typing import Any, Iterator, List, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_results,
    _disk_watch,
    _smartmontools_policy,
)
from unit.plugins.module_utils.fixture_disks import POLICY, Smartctl, machine, nvme
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal

# A Wednesday, noon, in a zone that is not the one of the clock.
NOON = calendar.timegm((2026, 11, 18, 11, 0, 0))
HOUR, DAY = 3600, 86400


@pytest.fixture
def host(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HardwareHost]:
    made = machine(str(tmp_path / "h"))
    made.put("/sys/block/nvme1n1/removable", "0\n")
    smartctl(made).reports["/dev/nvme1"] = nvme()
    made.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    settings = {"limits": _smartmontools_policy.limits(POLICY), "self_tests": _smartmontools_policy.tests(POLICY)}
    made.put(_disk_watch.SETTINGS, json.dumps(dict(settings, devices=[], scan=True)))
    journal = Journal(made)
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield made
    journal.close()
    monkeypatch.undo()
    time.tzset()


def smartctl(host: HardwareHost) -> Smartctl:
    found = host.programs["smartctl"]
    assert isinstance(found, Smartctl)
    return found


def rounds(host: HardwareHost, monkeypatch: pytest.MonkeyPatch, begin: int, hours: int) -> List[Tuple[str, str, str]]:
    """A round each half hour; when which test was begun on which disk."""
    begun = []
    for at in range(begin, begin + hours * HOUR, HOUR // 2):
        monkeypatch.setattr(time, "time", lambda now=at: now)
        before = len(smartctl(host).tests)
        _disk_watch.watch(host)
        for argv in smartctl(host).tests[before:]:
            begun.append((time.strftime("%a %H:%M", time.localtime(at)), argv[-2], argv[-1]))
    return begun


def test_each_in_its_hour_and_one_disk_at_a_time(host: HardwareHost, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(host, monkeypatch, NOON, 13) == []
    assert rounds(host, monkeypatch, NOON + 13 * HOUR, 24) == [
        ("Thu 02:00", "short", "/dev/nvme0"),
        ("Thu 02:30", "short", "/dev/nvme1"),
    ]
    assert rounds(host, monkeypatch, NOON + 37 * HOUR, 48) == [
        ("Fri 02:00", "short", "/dev/nvme0"),
        ("Fri 02:30", "short", "/dev/nvme1"),
        ("Sat 02:00", "short", "/dev/nvme0"),
        ("Sat 02:30", "short", "/dev/nvme1"),
        ("Sat 03:00", "long", "/dev/nvme0"),
        ("Sat 03:30", "long", "/dev/nvme1"),
    ]


def test_what_was_missed_is_made_up_for_once_and_the_long_one_is_enough(
    host: HardwareHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(host, monkeypatch, NOON, 1)
    assert rounds(host, monkeypatch, NOON + 9 * DAY, 6) == [
        ("Fri 12:00", "long", "/dev/nvme0"),
        ("Fri 12:30", "long", "/dev/nvme1"),
    ]


def test_a_refusal_is_kept_until_the_next_test(host: HardwareHost, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds(host, monkeypatch, NOON, 1)
    for day, says in ((1, "Self-tests not supported\n\n"), (2, smartctl(host).test_says)):
        smartctl(host).test_says = says
        rounds(host, monkeypatch, NOON + day * DAY, 4)
        kept = _disk_results.read(host)["/dev/nvme0"]["test_refused"]
        assert kept == ("Self-tests not supported" if day == 1 else "")


def test_a_disk_that_does_not_answer_costs_the_round_nothing(
    host: HardwareHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(host, monkeypatch, NOON, 1)
    good = smartctl(host)

    def hanging(argv: List[str]) -> Any:
        good.hangs[:] = ["/dev/nvme0"] if "-t" in argv else []
        return good(argv)

    host.programs["smartctl"] = hanging
    monkeypatch.setattr(time, "time", lambda: NOON + DAY)
    _disk_watch.watch(host)
    assert "did not end" in _disk_results.read(host)["/dev/nvme0"]["test_refused"]
