# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are read while they print."""

import os
import time
import tracemalloc
from pathlib import Path
from typing import List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _journal
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, Result
from unit.plugins.module_utils.fixture_host import FixtureHost


def test_what_a_command_makes_of_a_file_comes_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3000000)
    with Host().open(str(tmp_path / "a")) as handle:
        assert handle.read(5) == b"xxxxx"
        # The command begins at the beginning, whatever has been read before.
        pieces = list(Host().stream(["cat"], handle))
        assert sum(map(len, pieces)) == 3000000
        assert len(pieces) > 1
        # Nobody asks for more: the command, which would never end, is ended.
        for piece in Host().stream(["cat", "/dev/zero"], handle):
            assert piece
            break


@pytest.mark.parametrize(
    "argv, timeout, said",
    [
        (["no-such-command"], 9, "no-such-command: No such file"),
        (["false"], 9, "false: ended with code 1"),
        (["sleep", "30"], 1, "sleep 30: did not end within 1 seconds"),
    ],
)
def test_a_command_that_fails_on_a_file_is_named(tmp_path: Path, argv: List[str], timeout: int, said: str) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with Host().open(str(tmp_path / "a")) as handle, pytest.raises(CommandError, match=said):
        list(Host().stream(argv, handle, timeout))


def test_what_a_command_prints_is_limited() -> None:
    assert Host().output(["printf", "abc"], 3) == b"abc"
    assert Host().output(["printf", "abcd"], 3) is None
    with pytest.raises(CommandError, match="code 2"):
        Host().output(["grep", "-E", "(", "/dev/null"], 10)
    with pytest.raises(CommandError, match="no-such-command"):
        Host().output(["no-such-command"], 10)


def runs(pid: int) -> bool:
    """Whether a process is there; one that nobody has waited for yet does not run any more."""
    status = Path("/proc/%d/status" % pid)
    try:
        return "State:\tZ" not in status.read_text()
    except OSError:
        return False


def test_nothing_is_left_of_a_command_that_nobody_reads_on() -> None:
    pieces = Host().stream(["sh", "-c", "sleep 60 & echo $$ $!; wait"])
    pid, child = (int(word) for word in next(pieces).split())
    assert runs(pid) and runs(child)
    pieces.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)
    for _try in range(100):
        if not runs(child):
            break
        time.sleep(0.05)
    assert not runs(child)


def test_complaints_without_end_do_not_hold_up_what_is_printed() -> None:
    complain = "head -c 3000000 /dev/zero | tr '\\0' x >&2"
    argv = ["sh", "-c", "echo a; %s; echo b; %s; echo the last words >&2; exit 3" % (complain, complain)]
    told: List[bytes] = []
    with pytest.raises(CommandError, match="x the last words|xthe last words") as caught:
        for piece in Host().stream(argv, None, 30):
            told.append(piece)
    assert b"".join(told) == b"a\nb\n"
    assert caught.value.code == 3
    assert len(str(caught.value)) < 2500


@pytest.mark.parametrize(
    "script",
    ["sleep 30", "while :; do echo x; sleep 0.1; done", "sleep 30 & echo x", "exec 1>&- 2>&-; sleep 30", "exec yes"],
    ids=["silent", "trickling", "child holds the pipe", "closed", "flood"],
)
def test_a_command_that_does_not_end_is_ended(script: str) -> None:
    begin = time.monotonic()
    with pytest.raises(CommandError, match="did not end within 1 seconds") as caught:
        for _piece in Host().stream(["sh", "-c", script], None, 1):
            pass
    assert caught.value.code is None
    assert time.monotonic() - begin < 8


BOOT = "2026-01-05T10:00:25.123456+0000 node1 kernel: "


@pytest.fixture
def host(tmp_path: Path) -> FixtureHost:
    host = FixtureHost(str(tmp_path))
    host.put("/usr/bin/journalctl", "")
    return host


def test_a_journal_is_never_in_memory_as_a_whole(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "yes '%susb 1-1: new device' | head -c 60000000; echo; echo '%sBUG: Bad page state'" % (BOOT, BOOT)
    monkeypatch.setattr(_journal, "of_boot", lambda back: ["sh", "-c", script if back == 0 else "exit 1"])
    tracemalloc.start()
    try:
        found = _journal.incidents(host, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(incident["kind"], incident["source"]) for incident in found.incidents] == [
        ("mem-corruption", "journal of boot -0")
    ]
    assert found.warnings == []
    assert peak < 12 * 1024 * 1024


def test_no_flood_after_a_crash_hides_it(host: FixtureHost) -> None:
    host.programs["journalctl"] = flooded
    found = _journal.incidents(host, 3)
    assert [(incident["kind"], incident["line"]) for incident in found.incidents] == [("mem-corruption", 1)]
    assert found.warnings == []


def flooded(argv: List[str]) -> Result:
    if argv[argv.index("-b") + 1] != "-0":
        return Result(1, "", "no such boot")
    lines = [BOOT + "BUG: Bad page state\n"] + [BOOT + "[UFW BLOCK] IN=eth0 SRC=192.0.2.1\n"] * 100001
    count = int(argv[argv.index("-n") + 1]) if "-n" in argv else len(lines)
    return Result(0, "".join(lines[-count:]), "")


def test_what_a_journal_held_before_it_broke_off_counts(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "TIMEOUT", 1)
    script = "echo '%sBUG: Bad page state'; sleep 30" % BOOT
    monkeypatch.setattr(_journal, "of_boot", lambda _back: ["sh", "-c", script])
    found = _journal.incidents(host, 3)
    assert [incident["kind"] for incident in found.incidents] == ["mem-corruption"]
    assert len(found.warnings) == 1 and "did not end within 1 seconds" in found.warnings[0]


def test_why_there_is_no_journal_is_told(host: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "of_boot", lambda _back: ["sh", "-c", "echo No such file >&2; exit 1"])
    assert "No such file" in _journal.incidents(host, 3).warnings[0]
