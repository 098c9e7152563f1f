# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a record of a crash is known again when another one holds only its beginning or its end: the lines, each as a number."""

import array
import re
import zlib
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line

# Of a longer report those with the smallest numbers count: of the same lines, everybody keeps the same.
MOST = 256
SHARED = 3
# What never stands alone: the kernel said before it what had happened (x86, arm, arm64).
is_rest = re.compile(r"Kernel panic - not syncing: (?:Oops: )?Fatal exception|Oops: [0-9a-f]{4} ").match

Numbers = Sequence[int]


class Marks(NamedTuple):
    """The lines of one record."""

    head: Optional[int]  # the first line
    texts: Numbers  # all of them
    stamped: Numbers  # those with the kernel's own time, together with it
    until: Optional[str]  # the stamp of the last


NONE = Marks(None, (), (), None)


class Growing:
    """The marks of a report whose end is not yet seen."""

    def __init__(self, title: str, before: List[str]) -> None:
        """Of the C(before) of a report without its beginning, some are its own."""
        self.head: Optional[int] = None
        self.texts: Set[int] = set(_number(text.strip()) for text in before if is_rest(title))
        self.stamped: Set[int] = set()
        self.until: Optional[str] = None

    def add(self, line: Line) -> None:
        text = _number(line.text.strip())
        if self.head is None:
            self.head = text
        self.texts.add(text)
        if line.seconds is not None:
            self.stamped.add(_number("%.6f %s" % (line.seconds, line.text.strip())))
        self.until = line.stamp
        if len(self.texts) > 4 * MOST:
            self.texts, self.stamped = set(_smallest(self.texts)), set(_smallest(self.stamped))

    def marks(self) -> Marks:
        return Marks(self.head, _smallest(self.texts), _smallest(self.stamped), self.until)


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")) & 0xFFFFFFFF


def _smallest(numbers: Set[int]) -> Numbers:
    return array.array("I", sorted(numbers)[:MOST])


def overlap(one: Set[int], other: Set[int]) -> bool:
    """Whether most of the smaller of two records is in the other."""
    first, second = _comparable(one, other)
    shared = len(first & second)
    return shared >= SHARED and shared * 2 >= min(len(first), len(second))


def within(one: Set[int], other: Set[int]) -> bool:
    """Whether all of a record is in another, which holds more."""
    if len(one) >= len(other):
        return False
    first, second = _comparable(one, other)
    return first <= second


def _comparable(one: Set[int], other: Set[int]) -> Tuple[Set[int], Set[int]]:
    """Numbers above the largest of the other may be missing there only because it kept no more."""
    if len(one) < MOST and len(other) < MOST:
        return one, other
    last = min(max(one, default=-1), max(other, default=-1))
    return {number for number in one if number <= last}, {number for number in other if number <= last}
