# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream of bytes to incidents, in linear time and with a few megabytes of memory, however long the stream is.

Most of a log is not about crashes: whole blocks are searched for the words of the triggers, and only the lines around a hit
are taken apart.
"""

import bisect
import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _pstore
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._chains import BANNER, CONTEXT, Triage
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Kept
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import LINE_LIMIT, Reader
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import WORDS

BLOCK = 1024 * 1024

NEEDLES = tuple(sorted(word.encode("ascii") for word in WORDS))
KERNEL = b"kernel: "
SAMPLES = 512
STAMPED = re.compile(rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[^ ]{0,20} [^ ]{1,255} ")
LOOK_BACK = (b"Kernel panic - not", BANNER.encode("ascii"))


def incidents(chunks: Iterable[bytes], lacks: Optional[List[str]] = None) -> List[Dict[str, Any]]:
    """The incidents in the stream, in its order; C(lacks) gets a word about those that are too many."""
    scan = Scan()
    blocks = _blocks(chunks)
    for block in blocks:
        if not scan.number and _pstore.is_record(block):
            return told(_records(block, blocks), lacks)
        scan.block(block)
    return told(scan.finish(), lacks)


def told(kept: Kept, lacks: Optional[List[str]]) -> List[Dict[str, Any]]:
    """The incidents that were kept, after a word about the others."""
    lack = kept.lack()
    if lack and lacks is not None:
        lacks.append(lack)
    return kept.all()


def _records(first: bytes, blocks: Iterator[bytes]) -> Kept:
    """A file of pstore records: each of them is a log of its own."""
    found: List[Dict[str, Any]] = []
    for record in _pstore.records(first, blocks):
        scan = Scan()
        for number, raw in record:
            scan.line(number, raw)
        found.extend(scan.finish().all())
    kept = Kept()
    for incident in sorted(found, key=lambda one: int(one["line"])):
        kept.add(incident)
    return kept


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, about BLOCK bytes at a time; of an endless line its beginning."""
    rest = b""
    skipping = False
    for chunk in chunks:
        # A power cut leaves pages of NUL bytes in a log.
        chunk = chunk.replace(b"\0", b"") if b"\0" in chunk else chunk
        if skipping:
            end = chunk.find(b"\n")
            if end < 0:
                continue
            chunk, skipping = chunk[end:], False
        rest += chunk
        if len(rest) < BLOCK:
            continue
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        else:
            rest, skipping = rest[:LINE_LIMIT], True
    if rest:
        yield rest


class Scan:
    """Feeds the lines that matter to the triage, with their numbers."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.triage = Triage()
        self.number = 0  # lines before the block
        self.fed = 0  # the last line that the triage has seen
        self.tail: List[bytes] = []

    def line(self, number: int, raw: bytes) -> None:
        self.fed = number
        self.triage.feed(self.reader.line(number, raw))

    def finish(self) -> Kept:
        self.triage.finish()
        return self.triage.done

    def block(self, block: bytes, hits: Optional[Set[int]] = None) -> None:
        """Look at one block of whole lines; C(hits) are where the lines begin that matter, if that is known."""
        position, number = 0, self.number + 1
        for start in sorted(_hits(block) if hits is None else hits) + [len(block)]:
            position, number = self._report(block, position, number, start)
            if start < position or start == len(block):
                continue
            end = _line_end(block, start)
            number += block.count(b"\n", position, start)
            self._look_back(block, position, start, number, block[start:end])
            self.line(number, block[start:end])
            position, number = end, number + 1
        self.number += block.count(b"\n") + (not block.endswith(b"\n"))
        self.tail = block[-LINE_LIMIT * 4 :].split(b"\n")[-CONTEXT - 1 :]

    def _report(self, block: bytes, position: int, number: int, until: int) -> Tuple[int, int]:
        """While a report is open every line belongs to it."""
        while self.triage.active and position < until:
            end = _line_end(block, position)
            self.line(number, block[position:end])
            position, number = end, number + 1
        return position, number

    def _look_back(self, block: bytes, begin: int, start: int, number: int, raw: bytes) -> None:
        """The lines before a hit: one to know who speaks, more where the end of a boot is judged."""
        count = CONTEXT if any(word in raw for word in LOOK_BACK) else 1
        lines: List[bytes] = []
        place = start
        while place > begin and len(lines) < count:
            before = block.rfind(b"\n", max(begin, place - LINE_LIMIT), place - 1) + 1
            lines.append(block[max(before, begin) : place])
            place = max(before, begin)
        if place == 0 and len(lines) < count and number > 1:
            lines.extend(reversed(self.tail[-(count - len(lines)) - 1 : -1]))
        for back in range(len(lines), 0, -1):
            if number - back > self.fed:
                self.line(number - back, lines[back - 1])


def _line_end(block: bytes, start: int) -> int:
    end = block.find(b"\n", start)
    return len(block) if end < 0 else end + 1


def _hits(block: bytes) -> Set[int]:
    """Where the lines begin that hold one of the words."""
    if len(block) >= BLOCK // 4 and _is_journal(block):
        # A journal of the whole system: few lines are the kernel's, and no other can hold a crash, whatever words programs use.
        return _hits_of_kernel(block)
    found: Set[int] = set()
    for needle in NEEDLES:
        found.update(_lines_with(block, needle))
    return found


def _hits_of_kernel(block: bytes) -> Set[int]:
    """The same among the kernel's lines alone, which are searched together: a search for each word in each line takes ten times as long."""
    starts: List[int] = []
    places: List[int] = []
    lines: List[bytes] = []
    size = 0
    for start in _lines_with(block, KERNEL):
        line = block[start : _line_end(block, start)]
        starts.append(start)
        places.append(size)
        lines.append(line)
        size += len(line)
    text = b"".join(lines)
    return {starts[bisect.bisect(places, place) - 1] for needle in NEEDLES for place in _lines_with(text, needle)}


def _is_journal(block: bytes) -> bool:
    """Whether every line names its program, and few of them the kernel."""
    kernel = block.count(KERNEL)
    if not kernel or kernel * 8 > block.count(b"\n"):
        return False
    step = len(block) // SAMPLES
    starts = (block.find(b"\n", place) + 1 for place in range(0, len(block) - step, step))
    return all(STAMPED.match(block, start) for start in starts)


def _lines_with(block: bytes, needle: bytes) -> Iterator[int]:
    at = block.find(needle)
    while at >= 0:
        yield block.rfind(b"\n", 0, at) + 1
        # The next line, not the next hit: a line is taken apart once, however often it says the word.
        end = block.find(b"\n", at)
        if end < 0:
            return
        at = block.find(needle, end + 1)
