# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that leaves a host: as it was read, within the limit, and with a reason for all that stays behind."""

import base64
import zlib
from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _copy
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host
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
