# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short cut through the host's grep finds what reading the whole finds."""

import random
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _files, _grep, _scan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from unit.plugins.module_utils.crash import samples

HOST = Host()
QUIET = "".join("[%5d.000000] usb 1-1: new high-speed USB device number %d\n" % (n, n) for n in range(400))

pytestmark = pytest.mark.skipif(HOST.which("grep") is None, reason="this machine has no grep")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grep, "WORTH", 0)
    monkeypatch.setattr(_grep, "WINDOW", 700)
    monkeypatch.setattr(_grep, "LOOK", 900)
    monkeypatch.setattr(_scan, "LOOK", 900)


def short_cut(folder: Path, data: bytes) -> Optional[List[Dict[str, Any]]]:
    path = str(folder / "log")
    (folder / "log").write_bytes(data)
    with HOST.open(path) as handle:
        found: Optional[List[Dict[str, Any]]] = _grep.incidents(HOST, path, handle)
        return found


def test_the_same_incidents_at_the_same_lines(tmp_path: Path) -> None:
    source = random.Random(11)
    texts = [samples.X86_NULL, samples.SOFT_LOCKUP, samples.OOM, samples.ATA, samples.PPC64_BUG, samples.NO_ROOT]
    for _round in range(10):
        data = ""
        for n in range(8):
            data += (
                QUIET[: source.randrange(len(QUIET))] + "\n" + samples.stamped(source.choice(texts), 10000.0 * (n + 1))
            )
        found = short_cut(tmp_path, data.encode())
        assert found is not None and len(found) == 8
        assert found == _scan.incidents([data.encode()])


def test_a_file_without_a_crash_and_an_empty_one(tmp_path: Path) -> None:
    assert short_cut(tmp_path, QUIET.encode()) == []
    assert short_cut(tmp_path, b"") == []


def test_bytes_that_are_no_text_do_not_hide_a_crash(tmp_path: Path) -> None:
    data = b"\0" * 5000 + b"\xff\xfe\n" + samples.stamped(samples.X86_NULL).encode() + b"\0" * 3000
    # Beside NUL bytes the whole is read: a scan does not count them all.
    assert short_cut(tmp_path, data) is None
    assert [incident["kind"] for incident in _files.incidents(HOST, str(tmp_path / "log")).incidents] == ["null-deref"]
    data = data.replace(b"\0", b"\xf5")
    found = short_cut(tmp_path, data)
    assert found is not None and len(found) == 1
    assert found == _scan.incidents([data])


def test_what_grep_would_drown_in_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grep, "LONGEST", 1000)
    assert short_cut(tmp_path, b"BUG" * 100000) is None


def test_records_of_pstore_are_read_as_a_whole(tmp_path: Path) -> None:
    assert short_cut(tmp_path, b"Oops#1 Part1\n" + samples.X86_NULL.encode()) is None


def test_grep_is_not_given_a_line_that_fills_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grep, "_all_tagged", None)
    assert short_cut(tmp_path, QUIET.encode() + b"\0" * 3000000 + QUIET.encode()) is None


def test_the_list_of_hits_is_no_longer_than_it_is_worth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join("INFO: %d\n" % n for n in range(200)) + QUIET * 30
    assert short_cut(tmp_path, text.encode()) == []
    monkeypatch.setattr(_grep, "HITS", 100)
    assert short_cut(tmp_path, text.encode()) is None


def journal(program: str, message: str, count: int) -> str:
    return "".join(
        "2026-11-01T00:00:%02d.123456+0000 node1 %s: %s %d\n" % (n % 60, program, message, n) for n in range(count)
    )


def test_a_file_full_of_the_words_is_read_as_a_whole(tmp_path: Path) -> None:
    text = "".join("INFO: the pool is idle %d\n" % n for n in range(9000))
    assert short_cut(tmp_path, text.encode()) is None
    assert short_cut(tmp_path, (QUIET + text[:300] + QUIET).encode()) == []


@pytest.mark.parametrize("head", ["", "-- Boot 5c1d0f4e7a9b4d63a5a0cf0be6a7d1e2 --\n"])
def test_in_a_journal_the_words_of_programs_are_no_hits(tmp_path: Path, head: str) -> None:
    noise = journal("app[7]", "INFO: no fault of the BUG tracker's stack", 3000)
    noise += journal(
        "kernel", "[   12.345678] traps: app[7] general protection fault ip:7f sp:7f error:0 in libc.so", 900
    )
    crash = ""
    for hour, text in enumerate((samples.X86_NULL, samples.OOM, samples.ATA)):
        stamp = "2026-11-01T0%d:00:00.123456+0000 node1" % (hour + 1)
        crash += "".join("%s kernel: %s\n" % (stamp, line) for line in text.splitlines()) + noise
    data = (head + noise + crash).encode()
    found = short_cut(tmp_path, data)
    assert found is not None and len(found) == 3
    assert found == _scan.incidents([data])


def test_a_line_without_its_program_is_not_passed_over(tmp_path: Path) -> None:
    """The text of a serial console at the end of a file of syslog."""
    data = (journal("app[7]", "the pool is idle", 3000) + "[    1.0] BUG: Bad page state\n").encode()
    found = short_cut(tmp_path, data)
    assert found is not None and [incident["line"] for incident in found] == [3001]
    assert found == _scan.incidents([data])


def test_what_programs_say_in_a_journal_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the kernel's lines with one of the words are taken apart, and the crash among them is found at its line."""
    noise = journal("app[7]", "INFO: no fault of the BUG tracker's stack", 9000) + journal(
        "kernel", "usb 1-1: new device", 900
    )
    crash = "".join(
        "2026-11-01T01:00:00.123456+0000 node1 kernel: %s\n" % line for line in samples.X86_NULL.splitlines()
    )
    seen: List[int] = []
    line = _scan.Scan.line

    def count(self: _scan.Scan, number: int, raw: bytes) -> None:
        seen.append(number)
        line(self, number, raw)

    monkeypatch.setattr(_scan.Scan, "line", count)
    (incident,) = _scan.incidents([(noise + crash + noise).encode()])
    assert (incident["kind"], incident["function"], incident["line"]) == ("null-deref", "rtl8125_poll", 9901)
    assert len(seen) < 600


def test_a_line_too_long_for_a_window_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grep, "LONGEST", 2000)
    assert short_cut(tmp_path, b"x" * 900 + b" BUG: Bad page state" + b"y" * 9000) is None


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    for path in (str(tmp_path), "/dev/zero", str(tmp_path / "none")):
        with pytest.raises(HostError, match=path):
            HOST.open(path)
