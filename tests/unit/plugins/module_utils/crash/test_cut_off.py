# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that hold only the beginning or the end of a crash: what they belong to, and what they do not."""

import time
from typing import Any, Dict, List, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence, _marks, _merge
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.crash.test_evidence import Journal, entry, put, with_journal
from unit.plugins.module_utils.crash.test_merge import CRASH, DAY, OOPS, TEN, at, record, times
from unit.plugins.module_utils.fixture_host import FixtureHost

DUMP = "/var/crash/202601051000/dmesg.202601051000"
RECORD = "/var/lib/systemd/pstore/1/dmesg.txt"
LATER = "/var/lib/systemd/pstore/2/dmesg.txt"
LINES = CRASH.splitlines(True)
# Another bug, whose first lines are the same.
OTHER = OOPS.replace("rtl8125_poll", "e1000_clean").replace("r8125", "e1000e")


def archive(host: FixtureHost, lines: List[str], at: int, path: str = RECORD) -> None:
    put(host, path, ("Panic#1 Part1\n" + "".join(lines)).encode(), at)


def told(host: FixtureHost) -> List[Tuple[str, str, bool, List[str]]]:
    return [
        (one["kind"], one["function"], one["fatal"], [one["source"]] + one["evidence"])
        for one in _evidence.of_host(host, 10).incidents
    ]


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_journal_that_caught_the_first_lines(empty: FixtureHost, count: int) -> None:
    put(empty, DUMP, CRASH.encode(), TEN + 85)
    with_journal(empty, ["", "\n".join(OOPS.splitlines()[:count])], [entry("x")])
    assert told(empty) == [("null-deref", "rtl8125_poll", True, [DUMP, "journal of boot -1"])]


@pytest.mark.parametrize("cut", [1, 2, 4, 5, 8, 12, 20])
def test_a_record_that_had_no_room_for_the_beginning(empty: FixtureHost, cut: int) -> None:
    archive(empty, LINES[cut:], TEN + 600)
    put(empty, "/var/log/kern.log", "".join("Jan  5 10:00:20 n kernel: " + line for line in LINES).encode(), TEN + DAY)
    assert told(empty) == [("null-deref", "rtl8125_poll", True, ["/var/log/kern.log", RECORD])]


@pytest.mark.parametrize("cut", [1, 5, 8, 12])
def test_a_record_of_which_the_journal_knows_no_stamps(empty: FixtureHost, cut: int) -> None:
    archive(empty, LINES[cut:], TEN + 60)
    with_journal(empty, ["", OOPS], [entry("x")])
    assert told(empty) == [("null-deref", "rtl8125_poll", True, ["journal of boot -1", RECORD])]


def test_the_panic_long_after_a_beginning_that_did_not_fit(empty: FixtureHost) -> None:
    """The clock of the record begins where a lockup was reported once more."""
    texts = (samples.SOFT_LOCKUP, 300.0), (samples.SOFT_LOCKUP.replace("for 22s", "for 48s"), 326.0)
    first, again = [samples.stamped(text, clock).splitlines(True) for text, clock in texts]
    put(empty, DUMP, "".join(first + again).encode(), TEN + 85)
    archive(empty, again, TEN + 90)
    ((_kind, _function, _fatal, where),) = told(empty)
    assert where == [DUMP, RECORD]


def warned(clock: float) -> List[str]:
    return samples.stamped(WARNING, clock).splitlines(True)


WARNING = """\
------------[ cut here ]------------
WARNING: CPU: 1 PID: 2113 at drivers/oot/main.c:77 oot_check+0x41/0x50 [oot]
CPU: 1 PID: 2113 Comm: insmod Tainted: G        W  OE  6.1.0-56-amd64 #1
RIP: 0010:oot_check+0x41/0x50 [oot]
Call Trace:
 <TASK>
 do_one_initcall+0xba/0x240
 </TASK>
---[ end trace 0000000000000000 ]---
"""


@pytest.mark.parametrize("cut", [0, 2, 8, 20])
def test_two_crashes_in_one_boot_a_minute_apart_stay_two(empty: FixtureHost, cut: int) -> None:
    """The record is of the second one, whether it holds all of that or its end."""
    second = samples.stamped(samples.X86_NULL, 160.0).splitlines(True)
    log = "".join("Jan  5 10:00:20 n kernel: " + line for line in warned(100.0))
    log += "".join("Jan  5 10:01:20 n kernel: " + line for line in second)
    put(empty, "/var/log/kern.log", log.encode(), TEN + DAY)
    archive(empty, second[cut:], TEN + 120)
    assert {kind: set(where) for kind, _function, _fatal, where in told(empty)} == {
        "warning": {"/var/log/kern.log"},
        "null-deref": {"/var/log/kern.log", RECORD},
    }


class Timed(Journal):
    """One whose boot before the running one says when each of its lines came."""

    def __call__(self, argv: List[str]) -> Result:
        if "json" in argv or argv[argv.index("-b") + 1] != "-1":
            return super().__call__(argv)
        parts = [line.partition(" ") for line in self.boots[1].splitlines()]
        return Result(0, "".join("2026-01-05T%s.1+0000 n kernel: %s\n" % (at, text) for at, _, text in parts), "")


@pytest.mark.parametrize("cut", [0, 2, 8, 20])
def test_two_crashes_a_minute_apart_in_a_journal_without_stamps_stay_two(empty: FixtureHost, cut: int) -> None:
    lines = ["10:00:25 " + line for line in WARNING.splitlines()] + ["10:01:25 " + line for line in OOPS.splitlines()]
    empty.put("/usr/bin/journalctl", "")
    empty.programs["journalctl"] = Timed(["", "\n".join(lines)], [entry("x")])
    archive(empty, LINES[cut:], TEN + 120)
    assert sorted((kind, where) for kind, _function, _fatal, where in told(empty)) == [
        ("null-deref", [RECORD, "journal of boot -1"] if cut == 0 else ["journal of boot -1", RECORD]),
        ("warning", ["journal of boot -1"]),
    ]


@pytest.mark.parametrize("cut", [0, 2, 8, 20])
def test_two_boots_with_the_same_values_of_the_clock_stay_two(empty: FixtureHost, cut: int) -> None:
    """The same driver at the same moment of the boot, to the microsecond."""
    archive(empty, LINES, TEN + 60)
    archive(empty, LINES[cut:], TEN + 360, LATER)
    with_journal(empty, ["", OOPS, OOPS], [entry("x")])
    times(empty, {1: "10:05:25", 2: "10:00:25"})
    assert sorted(sorted(where) for _kind, _function, _fatal, where in told(empty)) == [
        [RECORD, "journal of boot -2"],
        [LATER, "journal of boot -1"],
    ]


@pytest.mark.parametrize("clock", [12.3, 12.9])
def test_another_bug_at_the_same_value_of_the_clock_is_another(empty: FixtureHost, clock: float) -> None:
    archive(empty, LINES, TEN + 60)
    other = samples.stamped(OTHER, clock).splitlines(True)
    put(empty, "/var/log/kern.log", "".join("Jan  5 10:00:20 n kernel: " + line for line in other).encode(), TEN + DAY)
    assert sorted(where for _kind, _function, _fatal, where in told(empty)) == [[RECORD], ["/var/log/kern.log"]]


def test_the_whole_of_another_bug_is_no_part_of_the_one_before_it(empty: FixtureHost) -> None:
    """Both begin with the same words, and nothing but the time is known of them."""
    put(empty, DUMP, CRASH.encode(), TEN + 85)
    with_journal(empty, ["", OTHER], [entry("x")])
    assert sorted(where for _kind, _function, _fatal, where in told(empty)) == [[DUMP], ["journal of boot -1"]]


def test_beginnings_without_a_clock_go_to_the_crash_of_their_time(empty: FixtureHost) -> None:
    for number, minute in ((1, 0), (2, 30)):
        path = "/var/crash/2026010510%02d/dmesg.2026010510%02d" % (minute, minute)
        put(empty, path, samples.stamped((OOPS, OTHER)[number - 1], 12.3).encode(), TEN + minute * 60 + 85)
    begin = "\n".join(OOPS.splitlines()[:4])
    with_journal(empty, ["", begin, begin], [entry("x")])
    times(empty, {1: "10:30:25", 2: "10:00:25"})
    assert [(function, where[1:]) for _kind, function, _fatal, where in told(empty)] == [
        ("rtl8125_poll", ["journal of boot -2"]),
        ("e1000_clean", ["journal of boot -1"]),
    ]


def test_what_was_known_again_by_is_not_told(empty: FixtureHost) -> None:
    put(empty, DUMP, CRASH.encode())
    found: List[Dict[str, Any]] = _evidence.of_host(empty, 0).incidents + _evidence.of_files(empty, [DUMP]).incidents
    assert [set(one) & {"marks", "presumed"} for one in found] == [set(), set()]


def test_many_that_begin_alike_cost_little() -> None:
    started = time.monotonic()
    found = []
    for number in range(1000):
        marks = tuple(sorted({7} | {number * 131 + line * 977 for line in range(100)}))
        one = record(DUMP if number % 2 else "/var/log/kern.log", at(number * 5), None)
        found.append(
            dict(one, fingerprint=str(number), marks=_marks.Marks(7, marks, marks, None), kind="oom", title="x")
        )
    assert len(_merge.merged(found)) == 1000
    assert time.monotonic() - started < 20


def test_of_very_long_reports_the_same_lines_are_compared() -> None:
    whole, end = _marks.Growing("", []), _marks.Growing("", [])
    for number in range(5000):
        line = said("frame_%d+0x1/0x2" % number)
        whole.add(line)
        if number >= 4000:
            end.add(line)
    assert len(whole.marks().texts) == _marks.MOST
    assert _marks.overlap(set(end.marks().texts), set(whole.marks().texts))
    other = _marks.Growing("", [])
    for number in range(5000, 6000):
        other.add(said("frame_%d+0x1/0x2" % number))
    assert not _marks.overlap(set(other.marks().texts), set(whole.marks().texts))


def said(text: str) -> Line:
    return Line(1, text, True, None, None, None)


@pytest.mark.parametrize("later, fatal", [(0, True), (100, True), (130, False)])
def test_an_oops_at_the_end_of_a_boot_that_nobody_ended_was_its_end(
    empty: FixtureHost, later: int, fatal: bool
) -> None:
    """Where the journal alone is kept, and the host did not go on for long."""
    moment = str((TEN + 25 + later) * 1000000)
    with_journal(empty, ["", OOPS], [entry("x", "app", "7", __REALTIME_TIMESTAMP=moment)])
    found = _evidence.of_host(empty, 10)
    assert [(one["kind"], one["fatal"]) for one in found.incidents] == [("null-deref", fatal)]
    assert found.last_boot["ended"] == "reset"


@pytest.mark.parametrize(
    "boots, last",
    [
        (["", OOPS], "Reached target reboot.target - System Reboot."),
        ([OOPS], "x"),
        (["", WARNING], "x"),
    ],
)
def test_an_oops_that_a_boot_outlived_was_not_its_end(empty: FixtureHost, boots: List[str], last: str) -> None:
    with_journal(empty, boots, [entry(last)])
    assert [one["fatal"] for one in _evidence.of_host(empty, 10).incidents] == [False]


def test_the_end_of_a_crash_whose_beginning_the_journal_caught(empty: FixtureHost) -> None:
    """No line of it is in both."""
    archive(empty, LINES[8:], TEN + 60)
    with_journal(empty, ["", "\n".join(OOPS.splitlines()[:4])], [entry("x")])
    ((kind, _function, fatal, where),) = told(empty)
    assert (kind, fatal, where) == ("null-deref", True, ["journal of boot -1", RECORD])
    # A boot that ended in good order did not end so.
    with_journal(
        empty, ["", "\n".join(OOPS.splitlines()[:4])], [entry("Reached target reboot.target - System Reboot.")]
    )
    assert len(told(empty)) == 2
