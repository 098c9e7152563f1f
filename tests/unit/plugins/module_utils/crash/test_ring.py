# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running kernel's own messages: an oops that the host survived, without journal and without log files."""

import os
from pathlib import Path
from typing import Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence, _ring
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, Unreadable
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.fixture_host import FixtureHost

# 2026-01-05T10:00:00Z
BOOTED = "cpu  1 2 3\nbtime 1767607200\nprocesses 5\n"


def kmsg(text: str, seconds: float = 25.0, priority: int = 4, flags: str = "-") -> str:
    lines = text.splitlines()
    return "".join(
        "%d,%d,%d,%s;%s\n" % (priority, 700 + n, seconds * 1000000 + n, flags, line) for n, line in enumerate(lines)
    )


def running(host: FixtureHost, text: str) -> FixtureHost:
    host.put("/dev/kmsg", text)
    host.put("/proc/stat", BOOTED)
    return host


def test_an_oops_that_the_host_survived(empty: FixtureHost) -> None:
    oops = samples.X86_NULL.split("Kernel panic")[0]
    running(empty, kmsg("usb 1-1: new device", 2) + " SUBSYSTEM=usb\n DEVICE=+usb:1-1\n" + kmsg(oops))
    found = _evidence.of_host(empty, 10)
    (incident,) = found.incidents
    assert (incident["kind"], incident["function"], incident["module"]) == ("null-deref", "rtl8125_poll", "r8125")
    assert (incident["source"], incident["fatal"], incident["line"]) == ("/dev/kmsg", False, 2)
    assert incident["at"] == "2026-01-05T10:00:25Z"
    assert found.warnings == []


def test_in_the_log_file_and_in_the_buffer_it_is_one(empty: FixtureHost) -> None:
    oops = samples.X86_NULL.split("Kernel panic")[0]
    lines = "".join("2026-01-05T10:00:26Z node1 kernel: %s\n" % line for line in oops.splitlines())
    empty.put("/var/log/kern.log", lines)
    (incident,) = _evidence.of_host(running(empty, kmsg(oops)), 10).incidents
    assert (incident["source"], incident["evidence"]) == ("/var/log/kern.log", ["/dev/kmsg"])


def test_what_a_program_writes_is_not_the_kernel_s(empty: FixtureHost) -> None:
    running(empty, kmsg("BUG: Bad page state in process x  pfn:1", priority=(1 << 3) + 4))
    assert _evidence.of_host(empty, 10).incidents == []


def test_lines_are_as_dmesg_writes_them() -> None:
    chunks = [
        b"4,1,25000001,-;a\\x5cb\\x0ac\\xff\n",
        b"4,2,25000002,-,caller=T17;d\n X=1\n",
        b"garbage\n4,3,",
        b"7,c;e\n4,4,1,-;cut",
    ]
    assert b"".join(_ring.lines(chunks)) == (
        b"[   25.000001] a\\b\n[   25.000001] c\xff\n[   25.000002] [T17] d\n[    0.000007] e\n"
    )  # fmt: skip


def test_a_container_does_not_show_its_host_s_crashes(empty: FixtureHost) -> None:
    running(empty, kmsg(samples.X86_NULL)).put("/run/systemd/container", "lxc\n")
    found = _evidence.of_host(empty, 10)
    assert (found.incidents, found.warnings) == ([], [])


def test_who_may_not_read_it_is_told(empty: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_self: Host, path: str) -> Iterator[bytes]:
        raise Unreadable("%s: Operation not permitted" % path)

    monkeypatch.setattr(Host, "records", denied)
    found = _evidence.of_host(running(empty, ""), 10)
    assert found.warnings == [
        "the messages of the running kernel could not be read: /dev/kmsg: Operation not permitted"
    ]


def test_reading_does_not_wait_for_more_and_passes_what_was_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: List[object] = [b"1", BrokenPipeError(), b"2", BlockingIOError(), b"3"]

    def read(_handle: int, _size: int) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    (tmp_path / "kmsg").write_bytes(b"")
    monkeypatch.setattr(os, "read", read)
    assert list(Host(str(tmp_path)).records("/kmsg")) == [b"1", b"2"]


@pytest.mark.skipif(not os.access("/dev/kmsg", os.R_OK), reason="this user may not read the kernel's messages")
def test_the_kernel_that_runs_here_can_be_read() -> None:
    for line in b"".join(_ring.lines(Host().records("/dev/kmsg"))).splitlines():
        assert line.startswith(b"[")
