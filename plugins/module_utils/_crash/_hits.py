# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a log are worth to be taken apart: the same ones, whether the host's grep looks for them or Python does.

A hit is a line that holds one of the words of the triggers in what a line may say at most, and that neither a program has
said nor the kernel about one.
"""

import bisect
import re
from typing import Iterator, List, Set

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import LINE_LIMIT, MONTHS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import NOT_KERNEL, WORDS

NEEDLES = tuple(sorted(word.encode("ascii") for word in WORDS))
# Below this size it is not worth to ask whose lines they are.
WORTH = 256 * 1024

# These are written so that grep -E and Python read them alike.
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
_STAMP = "((%s) [ 0-9][0-9] %s|[0-9]{4}-[0-9]{2}-[0-9]{2}T%s(Z|[+-][0-9]{2}:?[0-9]{2})?) [!-~]+ " % (
    "|".join(MONTHS),
    _CLOCK,
    _CLOCK,
)
# A line of syslog or of the journal, where time, host and program come first, or what journalctl says of itself.
TAGGED = r"(%s[A-Za-z0-9_.@/()-]+(\[[0-9]+\])?:|-- )" % _STAMP
OF_KERNEL = " kernel:"

_KERNEL = b" kernel"
_tagged = re.compile(TAGGED.encode("ascii")).match
_of_kernel = re.compile((_STAMP + "kernel:").encode("ascii")).match
_untagged = re.compile(b"\n(?!%s|\\Z)" % TAGGED.encode("ascii")).search
# What the kernel tells of programs and of whom they asked, which can be most of a log.
_idle = re.compile(
    rb" ?(?:<\d{1,3}>)?(?:\[ {0,12}[\d.]{1,24} ?\] ?)?(?:\[ {0,8}[TC]\d{1,9} ?\] ?)?(?:%s)"
    % "|".join(re.escape(text) for text in NOT_KERNEL).encode("ascii")
).match


def is_idle(line: bytes) -> bool:
    """Whether a line with one of the words cannot be about a crash."""
    tag = _of_kernel(line)
    if tag is None and _tagged(line):
        return True
    return _idle(line, tag.end() if tag else 0) is not None


def says_it_early(line: bytes) -> bool:
    """Whether the word stands in what is read of a line."""
    return len(line) <= LINE_LIMIT or any(line.find(needle, 0, LINE_LIMIT) >= 0 for needle in NEEDLES)


def lines(block: bytes) -> Set[int]:
    """Where in whole lines the hits begin."""
    found = _among_kernel(block) if len(block) >= WORTH and _is_journal(block) else _starts(block)
    return {start for start in found if not is_idle(block[start : start + LINE_LIMIT])}


def _starts(block: bytes) -> Set[int]:
    found: Set[int] = set()
    for needle in NEEDLES:
        found.update(_lines_with(block, needle))
    return found


def _among_kernel(block: bytes) -> Set[int]:
    """The same among the kernel's lines alone, which are searched together: a search for each word in each line takes ten times as long."""
    starts: List[int] = []
    places: List[int] = []
    own: List[bytes] = []
    size = 0
    for start in _lines_with(block, _KERNEL):
        line = block[start : line_end(block, start)]
        starts.append(start)
        places.append(size)
        own.append(line)
        size += len(line)
    return {starts[bisect.bisect(places, place) - 1] for place in _starts(b"".join(own))}


def _is_journal(block: bytes) -> bool:
    """Whether every line names its program, and few of them the kernel: no others can hold a crash, whatever words programs use."""
    kernel = block.count(_KERNEL)
    if kernel * 8 > block.count(b"\n"):
        return False
    return _tagged(block) is not None and _untagged(block) is None


def _lines_with(block: bytes, needle: bytes) -> Iterator[int]:
    at = block.find(needle)
    while at >= 0:
        start = block.rfind(b"\n", 0, at) + 1
        if at + len(needle) - start <= LINE_LIMIT:
            yield start
        # The next line, not the next hit: a line is taken apart once, however often it says the word.
        end = block.find(b"\n", at)
        if end < 0:
            return
        at = block.find(needle, end + 1)


def line_end(block: bytes, start: int) -> int:
    """Where the next line begins."""
    end = block.find(b"\n", start)
    return len(block) if end < 0 else end + 1
