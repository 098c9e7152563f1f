# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that leaves a host: as it was read, within the limit, and with a reason for all that stays behind."""

import base64
import gzip
import zlib
from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _copy, _evidence, _excerpt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host
from unit.plugins.module_utils.crash.test_evidence import put, with_journal
from unit.plugins.module_utils.fixture_host import FixtureHost

MIB = 1048576


def incident(source: str, *evidence: str) -> Dict[str, Any]:
    return dict(source=source, evidence=list(evidence))


def unpacked(found: _copy.Pieces) -> Dict[str, bytes]:
    return dict((one["source"], zlib.decompress(base64.b64decode(one["data"]))) for one in found.pieces)


def test_each_piece_is_read_once_and_as_it_is(empty: FixtureHost) -> None:
    empty.put("/a", "Oops\n")
    empty.put("/b", "x")
    found = _copy.read(empty, [incident("/a", "/b"), incident("/b", "/a")], MIB)
    assert unpacked(found) == {"/a": b"Oops\n", "/b": b"x"}
    assert [one["size"] for one in found.pieces] == [5, 1]
    assert found.left_out == []


def test_what_does_not_fit_stays_and_what_is_smaller_still_goes(empty: FixtureHost) -> None:
    for name, size in (("/a", 700000), ("/b", 700000), ("/c", 9)):
        empty.put(name, "x" * size)
    found = _copy.read(empty, [incident("/a"), incident("/b", "/c")], MIB)
    assert sorted(unpacked(found)) == ["/a", "/c"]
    assert found.left_out == [dict(source="/b", reason="larger than what is left of the limit of 1 MiB")]


def test_what_is_gone_is_named(empty: FixtureHost) -> None:
    found = _copy.read(empty, [incident("/gone")], MIB)
    assert (found.pieces, found.left_out) == (
        [],
        [dict(source="/gone", reason="/gone: No such file or directory")],
    )


@pytest.mark.parametrize("printed, taken", [(b"kernel: Oops\n", 1), (None, 0)])
def test_the_kernel_s_part_of_a_boot(
    empty: FixtureHost, monkeypatch: pytest.MonkeyPatch, printed: Optional[bytes], taken: int
) -> None:
    calls: List[List[str]] = []

    def output(_self: Host, argv: List[str], _limit: int, timeout: int = 60) -> Optional[bytes]:
        calls.append(argv)
        return printed

    monkeypatch.setattr(Host, "output", output)
    found = _copy.read(empty, [incident("journal of boot -3")], MIB)
    assert (len(found.pieces), len(found.left_out)) == (taken, 1 - taken)
    assert calls[0][0] == "journalctl" and "-k" in calls[0] and calls[0][calls[0].index("-b") + 1] == "-3"


def test_a_journal_that_fails_is_named(empty: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def output(_self: Host, argv: List[str], _limit: int, timeout: int = 60) -> Optional[bytes]:
        raise CommandError("journalctl: ended with code 2")

    monkeypatch.setattr(Host, "output", output)
    assert _copy.read(empty, [incident("journal of boot -1")], MIB).left_out[0]["reason"].startswith("journalctl: ")


def test_the_running_kernel_s_messages_are_text(empty: FixtureHost) -> None:
    empty.put("/dev/kmsg", "4,1,25000001,-;BUG: x\n SUBSYSTEM=y\n")
    assert unpacked(_copy.read(empty, [incident("/dev/kmsg")], MIB)) == {"/dev/kmsg": b"[   25.000001] BUG: x\n"}
    assert len(_copy.read(empty, [incident("/dev/kmsg")], 3).left_out) == 1


def test_what_a_user_put_into_the_directory_of_dumps_since_is_not_carried_off(empty: FixtureHost) -> None:
    empty.put("/etc/shadow", "root:secret\n")
    empty.link("/var/crash/1/dmesg.202601051000", "/etc/shadow")
    empty.owners["/var/crash/1/dmesg.202601051000"] = 1000
    for name in ("/var/crash/1/dmesg.202601051000", "/tmp/../var/crash//1/dmesg.202601051000"):
        found = _copy.read(empty, [incident(name)], MIB)
        assert (found.pieces, len(found.left_out)) == ([], 1)
        assert "belongs to the user 1000" in found.left_out[0]["reason"]


def large(host: FixtureHost, packed: bool = False) -> List[Dict[str, Any]]:
    """A log of 6 MB with two crashes that are far apart, and what is found there."""
    lines = ["[ 1000.000000] usb 1-1: new high-speed USB device %d" % n for n in range(100000)]
    lines[40000] = "[ 1000.000000] BUG: Bad page state in process first"
    lines[90000] = "[ 9000.000000] BUG: Bad page state in process second"
    text = "\n".join(lines).encode() + b"\n"
    put(host, "/var/log/kern.log", gzip.compress(text, 0) if packed else text)
    return _evidence.of_files(host, ["/var/log/kern.log"]).incidents


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_log_that_is_too_large_the_lines_around_the_incidents_go(empty: FixtureHost, packed: bool) -> None:
    found = _copy.read(empty, large(empty, packed), MIB)
    ((name, data),) = unpacked(found).items()
    assert name == "/var/log/kern.log.excerpt"
    lines = data.decode().splitlines()
    assert len(lines) == 2 * (_excerpt.BEFORE + 1 + _excerpt.AFTER)
    assert lines[_excerpt.BEFORE].endswith("first") and lines[-1 - _excerpt.AFTER].endswith("second")
    assert found.left_out == [
        dict(
            source="/var/log/kern.log",
            reason="larger than what is left of the limit of 1 MiB; the lines around its incidents were copied",
        )
    ]


def test_an_excerpt_leaves_room_for_what_comes_after_it(empty: FixtureHost) -> None:
    incidents = large(empty)
    empty.put("/b", "x" * 30000)
    found = _copy.read(empty, incidents + [incident("/b")], 65536)
    assert [(one["source"], one["size"]) for one in found.pieces] == [
        ("/var/log/kern.log.excerpt", 32768),
        ("/b", 30000),
    ]
    assert unpacked(found)["/var/log/kern.log.excerpt"].count(b"first") == 1
    assert len(_copy.read(empty, incidents, 4096).pieces) == 0


def test_of_a_boot_that_said_too_much_the_lines_around_the_incidents_go(
    empty: FixtureHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = "usb 1-1: x\n" * 20000 + "BUG: Bad page state in process x\n" + "usb 1-1: y\n" * 20000
    with_journal(empty, ["", boot], [])
    monkeypatch.setattr(Host, "output", lambda *_all, **_more: None)
    found = _copy.read(empty, _evidence.of_host(empty, 10).incidents, MIB)
    ((name, data),) = unpacked(found).items()
    assert name == "journal of boot -1.excerpt"
    assert b"Bad page state" in data.splitlines()[_excerpt.BEFORE]


def test_excerpts_that_touch_are_one_and_pieces_may_end_anywhere() -> None:
    log = b"".join(b"%d\n" % n for n in range(1, 10001))
    windows = _excerpt._windows([5000, 100, 1500, 9999])
    assert windows == [(1, 3000), (4800, 6500), (9799, 11499)]
    whole = b"".join(b"%d\n" % n for begin, end in windows for n in range(begin, min(end, 10000) + 1))
    for size in (1, 7, 1000, len(log)):
        pieces = (log[place : place + size] for place in range(0, len(log), size))
        assert b"".join(_excerpt._within(pieces, windows)) == whole
