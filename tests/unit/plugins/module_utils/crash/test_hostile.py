# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log may come from an attacker: no line may cost more than its length, and nothing in it may break the triage."""

import random
import time
import tracemalloc
from typing import Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _messages, _scan, _text, _triggers
from unit.plugins.module_utils.crash import samples

LENGTH = 200000
# Far more than is needed; what backtracks without bound would need hours.
SECONDS = 20.0

ALL = "".join(
    (samples.X86_NULL, samples.ARM64_PAGING, samples.ARM_NULL, samples.PPC64_BUG, samples.S390_FAULT, samples.RISCV_NULL,
     samples.SOFT_LOCKUP, samples.NO_ROOT, samples.OOM, samples.ATA)
)  # fmt: skip
PIECES = (
    " ", "a", "0", "[", "]", "<", ">", "(", ")", ":", ".", "+0x", "/0x", "? ", "] [", "[<0", "a.", "a:1 ", "BUG: ", "INFO: task ", "WARNING: ",
    "WARNING: at ", "CPU: 1 PID: ", "Tainted: ", "Tainted: G ", "[    1.0] ", "<4>", "Oops: ", " in ", " from ", "RIP: 0010:", "[ 12] ", ", at: ",
    "kern  :", "** 1 printk messages dropped ** ", "Jan  5 10:00:25 ", "Memory failure: 0x", "EXT4-fs (", "XFS (", "EDAC MC", "Kill process 1 (",
    "Kernel attempted to ", "nable to handle kernel ", "Kernel panic - not syncing: ", "general protection exception: ", "^[[0", "\x1b[0;", "\r",
    "\x00", "\u00fc", "INFO: rcu ", "BUG a (Tainted:", "Panic#1 Part", "Linux version ",
)  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_line_costs_its_length(piece: str) -> None:
    line = piece * (LENGTH // len(piece))
    text = (
        "[    1.000000] BUG: unable to handle page fault for address: 0\n%s\n[    1.1] %s\n[    1.2] RIP: 0010:%s\n%s"
        % (line, line, line, line)
    )
    started = time.monotonic()
    found = samples.judge(text)
    assert time.monotonic() - started < SECONDS
    assert found[0]["kind"] == "paging-fault"
    assert all(len(incident["title"]) < 1000 for incident in found)


def test_every_word_repeated_in_one_line_costs_its_length() -> None:
    started = time.monotonic()
    for word in _messages.WORDS:
        samples.judge(word * (LENGTH // len(word)))
        _triggers.find((word * 5000)[: _text.LINE_LIMIT])
    assert time.monotonic() - started < SECONDS * 2


def test_every_pattern_is_tried_on_what_it_begins_with() -> None:
    started = time.monotonic()
    for rule in _triggers.RULES:
        for filler in (" ", "a", "0", "[", ": ", "a:1 ", "x "):
            _triggers.find((rule.literal + " " + filler * LENGTH)[: _text.LINE_LIMIT])
            if rule.pattern is not None:
                rule.pattern.match(rule.literal + " " + filler * LENGTH)
    assert time.monotonic() - started < SECONDS * 2


def mutated(source: random.Random) -> str:
    """The samples with lines lost, doubled, cut, swapped, mixed and filled with noise."""
    lines = ALL.splitlines()
    for _change in range(source.randint(1, 40)):
        place = source.randrange(len(lines))
        what = source.randrange(6)
        if what == 0:
            del lines[place]
        elif what == 1:
            lines.insert(place, lines[source.randrange(len(lines))])
        elif what == 2:
            lines[place] = lines[place][: source.randint(0, len(lines[place]))]
        elif what == 3:
            lines[place] += source.choice(PIECES) * source.randint(1, 300)
        elif what == 4:
            at = source.randint(0, len(lines[place]))
            lines[place] = lines[place][:at] + source.choice(PIECES) + lines[place][at:]
        else:
            lines.insert(place, "".join(chr(source.randrange(256)) for _n in range(source.randint(1, 200))))
    prefix = source.choice(
        ("", "[  100.000000] ", "<4>[  1.5] ", "Jan  5 10:00:25 node1 kernel: ", "[    5.0][    C1] ")
    )
    return "".join(prefix + line + "\n" for line in lines)


def test_damaged_reports_break_nothing() -> None:
    source = random.Random(20261123)
    started = time.monotonic()
    rounds = detected = 0
    while rounds < 150 and time.monotonic() - started < SECONDS:
        text = mutated(source)
        data = text.encode("latin-1", "replace") if rounds % 2 else text.encode("utf-8", "surrogateescape")
        found = _scan.incidents([data])
        rounds += 1
        detected += bool(found)
        for incident in found:
            assert incident["kind"] and incident["title"] and incident["fingerprint"] and incident["line"] >= 1
            assert len(incident["call_trace"]) <= 64
    assert rounds >= 20
    assert detected >= rounds * 0.95


def test_no_word_of_a_log_steers_a_terminal() -> None:
    evil = "a\x1b]0;x\x07b\x9b2Jc\u202ed\u2028e\u200bf\u2066g\x7fh\x00i"
    text = samples.X86_NULL.replace("swapper/1", evil).replace("QEMU", evil)
    for incident in samples.judge(text + "Kernel panic - not syncing: " + evil + "\n"):
        for value in (incident["title"], incident["cause"], incident["task"]["comm"], incident["hardware"]):
            assert value.isprintable()
        assert all(title.isprintable() for title in incident["follow_ups"])
    assert samples.only("Kernel panic - not syncing: " + evil)["title"].endswith("a]0;xb2Jcdefghi")


def test_noise_is_no_crash() -> None:
    source = random.Random(7)
    data = bytes(bytearray(source.randrange(256) for _n in range(300000)))
    assert _scan.incidents([data]) == []


def test_nul_bytes_and_broken_utf8_hide_nothing() -> None:
    text = samples.stamped(samples.X86_NULL).encode().replace(b"swapper/1", b"swap\xff\xfe/1")
    found = _scan.incidents([b"\0" * 5000000 + text + b"\0" * 1000])
    assert [incident["kind"] for incident in found] == ["null-deref"]


def test_a_log_that_ends_in_the_middle_is_judged_by_what_it_holds() -> None:
    text = samples.stamped(samples.X86_NULL)
    for end in range(60, len(text), 97):
        assert samples.only(text[:end])["kind"] == "null-deref"


def huge(megabytes: int) -> Iterator[bytes]:
    quiet = b"".join(
        b"[%6d.000000] usb 1-1: new high-speed USB device number %d using xhci_hcd\n" % (n, n)
        for n in range(10000, 25000)
    )
    for n in range(megabytes):
        yield quiet[: 1024 * 1024]
        if n % 4 == 0:
            yield b"\n" + samples.stamped(samples.X86_NULL, 1000.0 * (n + 100)).encode()


def test_memory_is_bounded() -> None:
    tracemalloc.start()
    try:
        found = _scan.incidents(huge(24))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == 6
    assert peak < 20 * 1024 * 1024


def test_a_record_of_many_short_lines_needs_little_memory() -> None:
    blocks = [b"Oops#1 Part1\n" + b"\n" * 1024 * 1024] + [b"\n" * 1024 * 1024] * 20
    tracemalloc.start()
    try:
        _scan.incidents(blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 1024 * 1024


def test_a_line_without_end_needs_no_memory() -> None:
    tracemalloc.start()
    try:
        found = _scan.incidents(b"x" * 1024 * 1024 for _n in range(64))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == []
    assert peak < 16 * 1024 * 1024


def test_of_a_log_full_of_crashes_the_newest_and_the_fatal_ones_are_told() -> None:
    bad = "[%9d.000000] BUG: Bad page state in process x  pfn:%d\n"
    text = samples.stamped(samples.X86_NULL, 1.0) + "".join(bad % (n * 1000, n) for n in range(1, 1101))
    text += samples.stamped(samples.NO_ROOT, 2000000.0)
    lacks: List[str] = []
    found = _scan.incidents([text.encode()], lacks)
    assert [incident["kind"] for incident in found] == ["null-deref"] + ["mem-corruption"] * 999 + ["panic-vfs-root"]
    assert found[1]["seconds"] == 102000.0
    assert lacks == ["of 1102 incidents only the newest 1000 and older fatal ones are told"]
