# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the distributions' own collectors keep: reports of apport, directories of ABRT."""

import base64
import gzip
import os
from typing import List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _apport, _evidence, _files
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.fixture_host import FixtureHost

CRASH = samples.stamped(samples.X86_NULL)
APPORT = "/var/crash/linux-image-6.8.0-41-generic-202601051000.0.crash"
ABRT = "/var/spool/abrt/oops-2026-01-05-10:00:25-812-0/"


def packed(data: bytes, step: int = 700) -> str:
    """As apport packs: each piece of the gzip stream in a line of base64."""
    whole = gzip.compress(data)
    pieces = [whole[n : n + step] for n in range(0, len(whole), step)]
    return "".join(" %s\n" % base64.b64encode(piece).decode() for piece in pieces)


def report(kind: str, *fields: str) -> str:
    return "ProblemType: %s\nArchitecture: amd64\nDate: Mon Jan  5 10:00:25 2026\n" % kind + "".join(fields)


def kinds(host: FixtureHost, text: str) -> List[str]:
    host.put(APPORT, text)
    found = _evidence.of_host(host, 0)
    assert found.warnings == []
    return [incident["kind"] for incident in found.incidents]


def test_the_text_of_an_oops(empty: FixtureHost) -> None:
    text = "".join(" %s\n" % line for line in samples.X86_NULL.splitlines())
    assert kinds(empty, report("KernelOops", "OopsText:\n", text, "Package: linux\n")) == ["null-deref"]


def test_the_packed_messages_of_a_dump_beside_what_is_larger(empty: FixtureHost) -> None:
    other = "CurrentDmesg:\n Kernel panic - not syncing: other\nVmCore: base64\n" + packed(b"\0" * 9000)
    assert kinds(
        empty, report("KernelCrash", other, "VmCoreDmesg: base64\n", packed(CRASH.encode()), "Uname: x\n")
    ) == ["null-deref"]


def test_a_report_on_a_program_says_nothing_of_the_kernel(empty: FixtureHost) -> None:
    assert kinds(empty, report("Crash", "OopsText:\n", " %s" % samples.X86_NULL.replace("\n", "\n "))) == []


def test_the_dump_and_the_report_on_it_are_one(empty: FixtureHost) -> None:
    empty.put("/var/crash/202601051000/dmesg.202601051000", CRASH)
    empty.put(APPORT, report("KernelCrash", "VmCoreDmesg: base64\n", packed(CRASH.encode())))
    (incident,) = _evidence.of_host(empty, 0).incidents
    assert incident["source"] == "/var/crash/202601051000/dmesg.202601051000"
    assert incident["evidence"] == [APPORT]


@pytest.mark.parametrize(
    "broken", [" !!!\n", " QUJD\n", packed(CRASH.encode(), 100)[:-200], packed(CRASH.encode())[:90] + "\n"]
)
def test_a_broken_report_is_a_warning(empty: FixtureHost, broken: str) -> None:
    empty.put(APPORT, report("KernelCrash", "VmCoreDmesg: base64\n", broken))
    found = _files.incidents(empty, APPORT)
    assert found.warning is not None and found.warning.startswith(APPORT + ": damaged after ")


def test_little_that_unpacks_to_much_is_taken_in_pieces(empty: FixtureHost) -> None:
    empty.put(APPORT, report("KernelCrash", "VmCoreDmesg: base64\n", packed(b"x" * 40000000, 1 << 20)))
    with empty.open(APPORT) as handle:
        sizes = [len(piece) for piece in _apport.pieces(handle)]
    assert sum(sizes) >= 40000000
    assert max(sizes) <= _apport.CHUNK


def test_abrt_says_when_and_of_what(empty: FixtureHost) -> None:
    for name, text in (("type", "Kerneloops\n"), ("time", "1767607225\n"), ("backtrace", samples.X86_NULL)):
        empty.put(ABRT + name, text)
    os.utime(empty.root + ABRT + "backtrace", (1, 1))
    (incident,) = _evidence.of_host(empty, 0).incidents
    assert (incident["kind"], incident["at"]) == ("null-deref", "2026-01-05T10:00:25Z")


def test_abrt_s_other_problems_are_not_the_kernel_s(empty: FixtureHost) -> None:
    for name, text in (("type", "CCpp\n"), ("time", "soon\n"), ("backtrace", samples.X86_NULL)):
        empty.put(ABRT + name, text)
    assert _evidence.of_host(empty, 0).incidents == []


def test_a_broken_time_is_that_of_the_file(empty: FixtureHost) -> None:
    empty.put(ABRT + "time", "9" * 400)
    empty.put(ABRT + "dmesg", samples.X86_NULL)
    os.utime(empty.root + ABRT + "dmesg", (1767607225, 1767607225))
    assert [incident["at"] for incident in _evidence.of_host(empty, 0).incidents] == ["2026-01-05T10:00:25Z"]
