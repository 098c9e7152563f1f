# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is one crash in several places, and what only looks the same."""

import time
from typing import Any, Dict, List, Optional, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence, _merge
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.crash.test_evidence import Journal, entry, put, with_journal
from unit.plugins.module_utils.fixture_host import FixtureHost

OOPS = samples.X86_NULL.split("Kernel panic")[0]
CRASH = samples.stamped(samples.X86_NULL, 12.3)
TEN = 1767607200  # 2026-01-05T10:00:00Z
DAY = 86400


def times(host: FixtureHost, told: Dict[int, str]) -> None:
    journal = host.programs["journalctl"]
    assert isinstance(journal, Journal)
    journal.times = told


def places(host: FixtureHost) -> List[List[str]]:
    return [[i["source"]] + i["evidence"] for i in _evidence.of_host(host, 10).incidents]


def test_three_days_with_the_same_crash_at_boot_are_three_crashes(empty: FixtureHost) -> None:
    for day in range(3):
        path = "/var/crash/2026010%d1000/dmesg.2026010%d1000" % (5 + day, 5 + day)
        put(empty, path, CRASH.encode(), TEN + day * DAY)
    found = _evidence.select(
        _evidence.of_host(empty, 10).incidents, _evidence.wanted(dict(kinds=[], since=None, boots=1, limit=0))
    )
    assert [(i["evidence"], i["count"]) for i in found] == [([], 3)] * 3


@pytest.mark.parametrize("dumps", [0, 3])
def test_a_boot_loop_is_as_many_crashes(empty: FixtureHost, dumps: int) -> None:
    """Five minutes from crash to crash; a dump is written a minute after its crash."""
    with_journal(empty, ["", OOPS, OOPS, OOPS], [entry("x")])
    times(empty, {1: "10:10:25", 2: "10:05:25", 3: "10:00:25"})
    for n in range(dumps):
        name = "20260105100%d" % (n * 5) if n < 2 else "202601051010"
        put(empty, "/var/crash/%s/dmesg.%s" % (name, name), CRASH.encode(), TEN + 85 + n * 300)
    found = places(empty)
    if not dumps:
        assert sorted(found) == [["journal of boot -1"], ["journal of boot -2"], ["journal of boot -3"]]
    else:
        assert [(one[0][-4:], one[1:]) for one in found] == [
            ("1000", ["journal of boot -3"]),
            ("1005", ["journal of boot -2"]),
            ("1010", ["journal of boot -1"]),
        ]


@pytest.mark.parametrize(
    "record", ["/var/crash/202601050306/dmesg.202601050306", "/var/lib/systemd/pstore/1/dmesg.txt"]
)
def test_an_oops_that_the_next_boot_survived_is_not_the_panic_before_it(empty: FixtureHost, record: str) -> None:
    with_journal(empty, ["", OOPS, OOPS], [entry("Reached target reboot.target - System Reboot.")])
    times(empty, {1: "10:15:25", 2: "10:00:25"})
    put(empty, record, (b"Panic#1 Part1\n" if "pstore" in record else b"") + CRASH.encode(), TEN + 60)
    found = _evidence.of_host(empty, 10)
    assert [(i["source"], i["evidence"], i["fatal"]) for i in found.incidents] == [
        (record, ["journal of boot -2"], True),
        ("journal of boot -1", [], False),
    ]
    assert found.last_boot["ended"] == "clean"


def test_one_crash_in_a_dump_an_archive_a_log_and_the_journal(empty: FixtureHost) -> None:
    """A long dump, a host that was switched on in the morning, and a log file that does not name its zone."""
    put(empty, "/var/crash/202601051000/dmesg.202601051000", CRASH.encode(), TEN + 600)
    put(empty, "/var/lib/systemd/pstore/176760722/dmesg.txt", b"Panic#1 Part1\n" + CRASH.encode(), TEN + 40000)
    lines = "".join("Jan  5 12:00:20 node1 kernel: " + line for line in CRASH.splitlines(True))
    put(empty, "/var/log/kern.log", lines.encode(), TEN + DAY)
    with_journal(empty, ["", OOPS], [entry("x")])
    ((first, second, third, fourth),) = places(empty)
    assert (first[:11], second[:12], third, fourth) == (
        "/var/crash/", "/var/lib/sys", "/var/log/kern.log", "journal of boot -1",
    )  # fmt: skip


def test_records_of_two_archives_are_two_crashes(empty: FixtureHost) -> None:
    for n in range(2):
        put(empty, "/var/lib/systemd/pstore/%d/dmesg.txt" % n, b"Panic#1 Part1\n" + CRASH.encode(), TEN + 300 * n)
    assert len(places(empty)) == 2


def test_a_dump_is_never_of_the_running_boot(empty: FixtureHost) -> None:
    put(empty, "/var/crash/202601051000/dmesg.202601051000", CRASH.encode(), TEN + 60)
    with_journal(empty, [OOPS], [])
    assert len(places(empty)) == 2


# The year comes from the file's last change.
KERN_LOG = "".join(
    "Jan  5 10:00:2%d node1 kernel: %s\n" % (n % 10, line) for n, line in enumerate(OOPS.splitlines()[:9])
)
BOOTS = "Jan  5 10:01:30 node1 kernel: [    0.000000] Linux version 6.1.0-56-amd64 (x@y) #1 SMP\n"


@pytest.mark.parametrize(
    "last, boots, fatal, ended",
    [
        ("Reached target reboot.target - System Reboot.", 10, False, "clean"),
        ("x", 10, True, "reset"),
        # Without the journal the log file is all there is.
        ("x", 0, True, "reset"),
    ],
)
def test_the_journal_knows_better_than_a_log_file_how_it_ended(
    empty: FixtureHost, last: str, boots: int, fatal: bool, ended: str
) -> None:
    put(empty, "/var/log/kern.log", (KERN_LOG + BOOTS).encode(), TEN + DAY)
    with_journal(empty, ["", "\n".join(OOPS.splitlines()[:9])], [entry(last)])
    found = _evidence.of_host(empty, boots)
    assert [(i["source"], i["fatal"]) for i in found.incidents] == [("/var/log/kern.log", fatal)]
    assert found.last_boot["ended"] == ended
    assert "presumed" not in found.incidents[0]


def record(source: str, at: Optional[str], seconds: Optional[float]) -> Dict[str, Any]:
    return dict(source=source, at=at, seconds=seconds, fingerprint="f", fatal=False, presumed=False)


def at(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(TEN + seconds))


@pytest.mark.parametrize(
    "one, other, same",
    [
        (("/var/log/kern.log", 0, 5.0), ("/dev/kmsg", 0, 5.0), True),
        (("/var/log/kern.log", 0, None), ("/var/log/messages", 100, None), True),
        (("/var/log/kern.log", 0, None), ("/var/log/messages", 200, None), False),
        # Its beginning did not fit into the record.
        (("/var/log/kern.log", 0, 5.0), ("/var/lib/systemd/pstore/1/dmesg.txt", 300, 6.5), True),
        (("/var/log/kern.log", 0, 5.0), ("/var/lib/systemd/pstore/1/dmesg.txt", 300, 7.5), False),
        (("/var/log/kern.log", 0, 5.0), ("/var/lib/systemd/pstore/1/dmesg.txt", 1000, 6.5), False),
        (("/var/log/kern.log", 0, 5.0), ("/var/lib/systemd/pstore/1/dmesg.txt", DAY, 5.0), False),
        (("/dev/kmsg", 0, None), ("journal of boot -1", 0, None), False),
        (("/dev/kmsg", 0, None), ("journal of boot -0", 0, None), True),
        # ABRT copies what kdump wrote; one directory may hold both of its texts.
        (("/var/crash/a/vmcore-dmesg.txt", 0, 5.0), ("/var/spool/abrt/vmcore-a/dmesg", 600, 5.0), True),
        (("/var/crash/a/vmcore-dmesg.txt", 0, 5.0), ("/var/crash/a/dmesg.txt", 10, 5.0), True),
        (("/var/crash/a/vmcore-dmesg.txt", 0, 5.0), ("/var/crash/b/vmcore-dmesg.txt", 10, 5.0), False),
    ],
)  # fmt: skip
def test_two_records(one: Tuple[str, int, Any], other: Tuple[str, int, Any], same: bool) -> None:
    records = [record(source, at(seconds), clock) for source, seconds, clock in (one, other)]
    assert (len(_merge.merged(records)) == 1) is same
    assert (len(_merge.merged(records[::-1])) == 1) is same


def test_what_has_no_time_is_one_only_by_the_kernel_s_clock() -> None:
    assert len(_merge.merged([record("/var/log/a", None, 5.0), record("/var/log/b", at(0), 5.0)])) == 1
    assert len(_merge.merged([record("/var/log/a", None, 5.0), record("/var/log/b", at(0), 5.5)])) == 2


def test_many_of_one_kind_cost_little() -> None:
    started = time.monotonic()
    found = [record("journal of boot -%d" % (n % 10), at(n * 15), None) for n in range(5000)]
    assert len(_merge.merged(found)) == 5000
    assert time.monotonic() - started < 20
