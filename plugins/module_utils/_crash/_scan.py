# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream of bytes to incidents, in linear time and with a few megabytes of memory, however long the stream is.

Most of a log is not about crashes: whole blocks are searched for the words of the triggers, and only the lines around a hit
are taken apart.
"""

import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _hits, _pstore
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._chains import BANNER, CONTEXT, Triage
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Kept
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import LINE_LIMIT, Reader

BLOCK = 1024 * 1024

# How far back the lines before a hit are looked for.
LOOK = 32 * 1024
NULS = re.compile(b"\0+")
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
        # A power cut leaves pages of NUL bytes in a log; one of them still keeps two words apart.
        chunk = NULS.sub(b"\0", chunk) if b"\0" in chunk else chunk
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
        self.tail = b""  # what stands before the block, as far as it is looked back

    def line(self, number: int, raw: bytes) -> None:
        self.fed = number
        self.triage.feed(self.reader.line(number, raw))

    def finish(self) -> Kept:
        self.triage.finish()
        return self.triage.done

    def block(self, block: bytes, hits: Optional[Set[int]] = None) -> None:
        """Look at one block of whole lines; C(hits) are where the lines begin that matter, if that is known."""
        position, number = 0, self.number + 1
        for start in sorted(_hits.lines(block) if hits is None else hits) + [len(block)]:
            position, number = self._report(block, position, number, start)
            if start < position or start == len(block):
                continue
            end = _hits.line_end(block, start)
            number += block.count(b"\n", position, start)
            self._look_back(block, start, number, block[start:end])
            self.line(number, block[start:end])
            position, number = end, number + 1
        self.number += block.count(b"\n") + (not block.endswith(b"\n"))
        self.tail = (self.tail + block)[-LOOK:] if len(block) < LOOK else block[-LOOK:]

    def _report(self, block: bytes, position: int, number: int, until: int) -> Tuple[int, int]:
        """While a report is open every line belongs to it."""
        while self.triage.active and position < until:
            end = _hits.line_end(block, position)
            self.line(number, block[position:end])
            position, number = end, number + 1
        return position, number

    def _look_back(self, block: bytes, start: int, number: int, raw: bytes) -> None:
        """The lines before a hit: one to know who speaks, more where the end of a boot is judged."""
        count = min(CONTEXT if any(word in raw for word in LOOK_BACK) else 1, number - 1 - self.fed)
        if count <= 0:
            return
        text = block[start - LOOK : start] if start >= LOOK else (self.tail + block[:start])[-LOOK:]
        lines = text.split(b"\n")[-count - 1 : -1]
        if len(text) == LOOK and len(lines) == text.count(b"\n"):
            # The first is only the end of a line.
            del lines[0]
        for place in range(len(lines), 0, -1):
            if len(lines[place - 1]) >= LINE_LIMIT:
                # What is before an endless line is out of reach.
                del lines[:place]
                break
        for back in range(len(lines), 0, -1):
            self.line(number - back, lines[-back] + b"\n")
