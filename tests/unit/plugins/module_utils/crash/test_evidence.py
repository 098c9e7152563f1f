# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host keeps its evidence: read once each, put together, and how the last boot ended."""

import bz2
import gzip
import json
import lzma
import os
from typing import Any, Callable, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (
    _evidence,
    _files,
    _grep,
    _kept,
    _when,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, Result, Unreadable
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.fixture_host import FixtureHost

CRASH = samples.stamped(samples.X86_NULL)
PARAMS: Dict[str, Any] = dict(kinds=[], since=None, boots=10, limit=0)


def put(host: FixtureHost, path: str, data: bytes, modified: int = 1767607300) -> None:
    host.put(path, "")
    with open(host.root + path, "wb") as stream:
        stream.write(data)
    os.utime(host.root + path, (modified, modified))


class Journal:
    """A journalctl that knows some boots, the running one first."""

    def __init__(self, boots: List[str], last: List[Dict[str, Any]]) -> None:
        self.boots = boots
        self.last = last
        self.capture = False
        self.times: Dict[int, str] = {}

    def __call__(self, argv: List[str]) -> Result:
        back = -int(argv[argv.index("-b") + 1])
        if back >= len(self.boots):
            return Result(1, "", "Data from the specified boot is not available: No such boot ID in journal\n")
        if "-u" in argv:
            assert argv[argv.index("-u") + 1] == "kdump-tools-dump.service"
            return Result(0, json.dumps(entry("saved")) + "\n" if self.capture else "", "")
        if "json" in argv and self.capture and back == 2:
            return Result(0, json.dumps(entry("usb 1-1: new device", _BOOT_ID="crashed")) + "\n", "")
        if "json" in argv:
            return Result(0, "".join(json.dumps(entry) + "\n" for entry in self.last), "")
        lines = self.boots[back].splitlines()
        stamp = self.times.get(back, "10:00:25")
        return Result(0, "".join("2026-01-05T%s.123456+0000 node1 kernel: %s\n" % (stamp, line) for line in lines), "")


def entry(message: str, who: str = "systemd", pid: str = "1", **more: str) -> Dict[str, Any]:
    # 2026-01-05T10:00:25Z
    found = dict(
        MESSAGE=message, SYSLOG_IDENTIFIER=who, _PID=pid, _BOOT_ID="b00t", __REALTIME_TIMESTAMP="1767607225000000"
    )
    return dict(found, **more)


def with_journal(host: FixtureHost, boots: List[str], last: List[Dict[str, Any]]) -> FixtureHost:
    host.put("/usr/bin/journalctl", "")
    host.programs["journalctl"] = Journal(boots, last)
    return host


@pytest.mark.parametrize(
    "name, pack", [("plain", bytes), ("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_a_compressed_file_is_read(empty: FixtureHost, name: str, pack: Any) -> None:
    # What a file is shows in its first bytes, not in its name.
    put(empty, "/tmp/log." + name, pack(CRASH.encode()))
    found = _files.incidents(empty, "/tmp/log." + name)
    assert found.warning is None
    assert [(incident["kind"], incident["source"]) for incident in found.incidents] == [
        ("null-deref", "/tmp/log." + name)
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_damaged_file_is_a_warning(empty: FixtureHost, pack: Any) -> None:
    packed = pack((CRASH * 50).encode())
    put(empty, "/tmp/log", packed[: len(packed) // 2])
    found = _files.incidents(empty, "/tmp/log")
    assert found.warning is not None and "/tmp/log: damaged" in found.warning


def test_what_is_no_file_is_a_warning(empty: FixtureHost) -> None:
    os.mkfifo(empty.root + "/pipe")
    os.mkdir(empty.root + "/dir")
    found = _evidence.of_files(empty, ["/none", "/pipe", "/dir"])
    assert found.incidents == []
    assert [warning.split(":")[0] for warning in found.warnings] == ["/none", "/pipe", "/dir"]


@pytest.mark.parametrize("worth", [0, 1 << 40])
def test_too_many_incidents_are_a_warning(empty: FixtureHost, monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    monkeypatch.setattr(_grep, "WORTH", worth)
    monkeypatch.setattr(_kept, "LIMIT", 3)
    line = "[%6d.000000] BUG: Bad page state in process x  pfn:1\n" + "[    1.0] x\n" * 900
    put(empty, "/log", "".join(line % (n * 1000) for n in range(5)).encode())
    found = _evidence.of_files(empty, ["/log"])
    assert [incident["seconds"] for incident in found.incidents] == [2000.0, 3000.0, 4000.0]
    assert found.warnings == ["/log: of 5 incidents only the newest 3 and older fatal ones are told"]


def test_each_named_file_is_judged_alone(empty: FixtureHost) -> None:
    for name in ("/a", "/b"):
        put(empty, name, CRASH.encode())
    found = _evidence.of_files(empty, ["/a", "/b"])
    chosen = _evidence.select(found.incidents, _evidence.wanted(PARAMS))
    assert sorted(incident["source"] for incident in chosen) == ["/a", "/b"]
    assert [(incident["count"], incident["evidence"]) for incident in chosen] == [(2, []), (2, [])]


def test_the_same_crash_in_three_places_is_one(empty: FixtureHost) -> None:
    put(empty, "/var/crash/202601051000/dmesg.202601051000", CRASH.encode())
    put(empty, "/var/lib/systemd/pstore/176760722/dmesg.txt", b"Panic#1 Part1\n" + CRASH.encode())
    put(empty, "/var/lib/systemd/pstore/176760722/dmesg-efi-1", b"Panic#1 Part1\n" + CRASH.encode())
    with_journal(empty, ["", samples.X86_NULL.split("Kernel panic")[0]], [entry("x")])
    found = _evidence.of_host(empty, 10)
    assert len(found.incidents) == 1
    assert found.incidents[0]["source"] == "/var/crash/202601051000/dmesg.202601051000"
    assert found.incidents[0]["evidence"] == ["/var/lib/systemd/pstore/176760722/dmesg.txt", "journal of boot -1"]
    assert found.incidents[0]["fatal"] is True
    assert found.last_boot == {"ended": "panic", "boot_id": "b00t", "at": "2026-01-05T10:00:25Z"}
    assert found.warnings == []


def test_the_archive_of_an_oops_that_panicked_is_one_incident(make_host: Callable[..., FixtureHost]) -> None:
    (found,) = _evidence.of_host(make_host("debian12/pstore"), 0).incidents
    assert (found["kind"], found["function"], found["fatal"]) == ("null-deref", "strike_null_read", True)
    assert (found["task"], found["seconds"]) == ({"comm": "kernelops_crash", "pid": 260}, 25.721923)


def test_the_parts_of_a_record_may_be_files_of_their_own(empty: FixtureHost) -> None:
    lines = CRASH.splitlines(True)
    put(empty, "/sys/fs/pstore/dmesg-efi-1", ("Panic#2 Part1\n" + "".join(lines[8:])).encode())
    put(empty, "/sys/fs/pstore/dmesg-efi-2", ("Panic#2 Part2\n" + "".join(lines[:8])).encode())
    found = _evidence.of_host(empty, 0)
    assert [(i["kind"], i["function"], i["fatal"]) for i in found.incidents] == [("null-deref", "rtl8125_poll", True)]


# As on Debian 12 after `systemctl restart systemd-journald`.
RESTARTED = [
    entry("Journal stopped", "systemd-journald", "210"),
    entry("Stopped systemd-journald.service - Journal Service."),
    entry("Starting systemd-journald.service - Journal Service..."),
    entry("Journal started", "systemd-journald", "621"),
    entry("Started systemd-journald.service - Journal Service."),
    entry("Accepted publickey for root", "sshd", "639"),
]


@pytest.mark.parametrize(
    "last, ended",
    [
        ([entry("Reached target System Power Off.")], "clean"),
        ([entry("Reached target reboot.target - System Reboot.")], "clean"),
        ([entry("Journal stopped", "systemd-journald", "77")], "clean"),
        ([entry("Sending SIGTERM to remaining processes...", "systemd-shutdown")], "clean"),
        ([entry("Reached target Shutdown.", pid="900", _SYSTEMD_USER_UNIT="x")], "reset"),
        ([entry("Reached target shutdown.target - Shutdown.", pid="900")], "reset"),
        ([entry("Journal stopped", "myapp", "77")], "reset"),
        ([entry("usb 1-1: new device", "kernel", "")], "reset"),
        (RESTARTED, "reset"),
        (RESTARTED + [entry("Reached target System Reboot.")], "clean"),
        ([], "unknown"),
    ],
)
def test_how_the_last_boot_ended(empty: FixtureHost, last: List[Dict[str, Any]], ended: str) -> None:
    with_journal(empty, ["", ""], last)
    assert _evidence.of_host(empty, 10).last_boot["ended"] == ended


def test_an_old_panic_does_not_explain_the_last_boot(empty: FixtureHost) -> None:
    put(empty, "/var/crash/202501051000/dmesg.202501051000", CRASH.encode(), 1736071225)
    with_journal(empty, ["", ""], [entry("x")])
    assert _evidence.of_host(empty, 10).last_boot["ended"] == "reset"


RECORD = "/var/lib/systemd/pstore/7268/dmesg.txt"
END = 1767607225  # the last entry of the journal


@pytest.mark.parametrize(
    "archived, booted, clean, ended, boot_id",
    [
        (END + 40, END + 30, False, "panic", "b00t"),
        # Somebody switched it on again the next morning.
        (END + 40010, END + 40000, False, "panic", "b00t"),
        # The record of an earlier crash, archived while this boot was up: after it the power was cut.
        (END - 60, END + 30, False, "reset", "b00t"),
        (END - 60, END + 30, True, "clean", "b00t"),
        # A restart into a kernel that died before it had a journal.
        (END + 90, END + 80, True, "panic", None),
        # Copied there by somebody, long after.
        (END + 90000, END + 30, False, "reset", "b00t"),
    ],
)
def test_a_record_tells_of_the_boot_that_it_was_archived_after(
    empty: FixtureHost, archived: int, booted: int, clean: bool, ended: str, boot_id: Any
) -> None:
    put(empty, RECORD, b"Panic#1 Part1\n" + CRASH.encode(), archived)
    empty.put("/proc/stat", "cpu  1 2 3\nbtime %d\n" % booted)
    with_journal(empty, ["", ""], [entry("Reached target reboot.target - System Reboot." if clean else "x")])
    last_boot = _evidence.of_host(empty, 10).last_boot
    assert (last_boot["ended"], last_boot["boot_id"]) == (ended, boot_id)


@pytest.mark.parametrize("boots, boot_id", [(["", "", ""], "crashed"), (["", ""], "b00t")])
def test_the_boot_that_took_the_dump_is_not_the_one_asked_for(
    empty: FixtureHost, boots: List[str], boot_id: str
) -> None:
    """It has a journal of its own on Debian, which goes on after the dump was written."""
    put(empty, "/var/crash/202601051000/dmesg.202601051000", CRASH.encode(), END - 20)
    with_journal(empty, boots, [entry("kdump-tools: rebooting", "kdump-tools", "300")])
    journal = empty.programs["journalctl"]
    assert isinstance(journal, Journal)
    journal.capture = True
    found = _evidence.of_host(empty, 10)
    assert (found.last_boot["ended"], found.last_boot["boot_id"]) == ("panic", boot_id)
    assert len(found.incidents) == 1


def test_a_panic_of_an_earlier_boot_s_journal_is_not_the_last_one_s(empty: FixtureHost) -> None:
    put(empty, RECORD, b"Panic#1 Part1\n" + CRASH.encode(), END + 40)
    crashed = samples.X86_NULL.split("Kernel panic")[0]
    with_journal(empty, ["", "", crashed], [entry("x")])
    found = _evidence.of_host(empty, 10)
    assert found.incidents[0]["evidence"] == ["journal of boot -2"]
    assert found.last_boot["ended"] == "reset"


def test_without_a_journal_the_end_is_unknown(empty: FixtureHost) -> None:
    found = _evidence.of_host(empty, 10)
    assert (found.incidents, found.warnings, found.last_boot["ended"]) == ([], [], "unknown")
    assert found.last_boot["kept"] is False


def test_a_first_boot_whose_journal_will_be_kept_is_no_lack(empty: FixtureHost) -> None:
    with_journal(empty, [""], [])
    assert _evidence.of_host(empty, 10).last_boot["kept"] is False
    empty.put("/var/log/journal/c0ffee/system.journal", "LPKSHHRH")
    assert _evidence.of_host(empty, 10).last_boot == dict(ended="unknown", boot_id=None, at=None, kept=True)


def test_a_container_leaves_the_journal_to_its_host(empty: FixtureHost) -> None:
    empty.put("/run/.containerenv", "")
    assert _evidence.of_host(empty, 10).last_boot["kept"] is True


def test_a_journal_that_this_user_may_not_read_is_named(empty: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    with_journal(empty, ["", ""], [entry("x")])
    empty.put("/var/log/journal/c0ffee/system.journal", "LPKSHHRH")
    found = _evidence.of_host(empty, 10)
    assert (found.warnings, found.last_boot["ended"]) == ([], "reset")
    path = "/var/log/journal/c0ffee/system.journal: Permission denied"

    def denied(_self: Host, _path: str, _count: int) -> bytes:
        raise Unreadable(path)

    monkeypatch.setattr(Host, "head", denied)
    found = _evidence.of_host(empty, 10)
    assert found.warnings == ["the journal could not be read: " + path]
    assert found.last_boot["ended"] == "unknown"
    assert _evidence.of_host(empty, 0).warnings == []


def test_syslog_gets_its_year_from_the_file(empty: FixtureHost) -> None:
    lines = "".join("Dec 31 23:00:00 node1 kernel: %s\n" % line for line in samples.RISCV_NULL.splitlines())
    put(empty, "/var/log/kern.log.2.gz", gzip.compress(lines.encode()), 1767607300)
    found = _evidence.of_host(empty, 0)
    assert [incident["at"] for incident in found.incidents] == ["2025-12-31T23:00:00Z"]


def test_selection_and_order(empty: FixtureHost) -> None:
    put(empty, "/var/log/kern.log", b"2026-01-05T10:00:00Z n kernel: BUG: Bad page state in process x\n"
        b"2026-01-06T10:00:00Z n kernel: I/O error, dev sda, sector 1\n2026-01-07T10:00:00Z n kernel: I/O error, dev sda, sector 2\n")  # fmt: skip
    found = _evidence.of_host(empty, 0).incidents
    pick = lambda **more: [i["at"][8:10] for i in _evidence.select(found, _evidence.wanted(dict(PARAMS, **more)))]  # noqa: E731
    assert pick() == ["07", "06", "05"]
    assert pick(kinds=["mem-corruption"]) == ["05"]
    assert pick(since="2026-01-06") == ["07", "06"]
    assert [i["count"] for i in _evidence.select(found, _evidence.wanted(PARAMS))] == [2, 2, 1]
    assert _evidence.summarize(found) == {"incidents": 3, "fatal": 0, "kinds": {"mem-corruption": 1, "io-error": 2}}


@pytest.mark.parametrize(
    "at, since, wanted",
    [
        ("2026-01-05T04:30:00+02:00", "2026-01-05T03:00Z", False),
        ("2026-01-05T04:30:00+02:00", "2026-01-05T02:30Z", True),
        ("2026-01-05T03:01:00Z", "2026-01-05T03:01Z", True),
        ("2026-01-05T03:01:00Z", "2026-01-05T03:01:01Z", False),
        ("2026-01-05T00:30:00+02:00", "2026-01-05", False),
        (None, "2026-01-05", True),
        ("2026-01-05T03:01:00Z", None, True),
    ],
)
def test_since_is_a_time_and_no_text(at: Optional[str], since: Optional[str], wanted: bool) -> None:
    incident = dict(fingerprint="f", kind="oom", at=at, source="/x", line=1)
    asked = _evidence.wanted(dict(PARAMS, since=since))
    assert bool(_evidence.select([incident], asked)) is wanted


@pytest.mark.parametrize(
    "bad, name",
    [
        ({"kinds": ["oops"]}, "kinds"),
        ({"since": "yesterday"}, "since"),
        ({"limit": -1}, "limit"),
        ({"boots": -1}, "boots"),
    ],
)
def test_bad_input_is_refused(bad: Dict[str, Any], name: str) -> None:
    with pytest.raises(PolicyError, match="^%s: " % name):
        _evidence.wanted(dict(PARAMS, **bad))


def test_times() -> None:
    assert _when.apart("2026-01-05T10:00:25Z", "2026-01-05T11:00:25+01:00") == 0
    assert _when.apart("2026-01-05T10:00:25Z", None) is None
    assert _when.epoch("2026-01-05T10:00:25+01:00") == 1767603625
    assert _when.epoch("yesterday") is None
    assert [_when.of_machine(at) for at in (None, "2026-99-99T10:00:25", "2026-01-05T10:00:25+01:00")] == [
        None, "2026-99-99T10:00:25", "2026-01-05T10:00:25+01:00",
    ]  # fmt: skip
    assert _when.utc(1767607225) == "2026-01-05T10:00:25Z"
