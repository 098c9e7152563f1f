# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of pstore (fs/pstore/platform.c): Part1 holds the newest text, and EFI lists the parts of several records in disorder."""

import re
from typing import Dict, Iterator, List, Tuple

HEADER = re.compile(rb"(?:<\d{1,3}>)?([A-Z][A-Za-z]{2,15})#(\d{1,9}) Part(\d{1,6})\s{0,4}\Z")
# What a backend can keep is far smaller than this.
SIZE_LIMIT = 32 * 1024 * 1024

Record = List[Tuple[int, bytes]]


def is_record(block: bytes) -> bool:
    """Whether a file begins as a record of pstore does."""
    return HEADER.match(block[:80].split(b"\n", 1)[0]) is not None


def records(first: bytes, rest: Iterator[bytes]) -> List[Record]:
    """The lines of each record with their numbers in the file, oldest part first; in the order in which the records begin."""
    parts: Dict[Tuple[bytes, bytes], Dict[int, Record]] = {}
    order: List[Tuple[bytes, bytes]] = []
    current: Record = []
    number = size = 0
    for block in _limited(first, rest):
        size += len(block)
        for raw in block.splitlines(True):
            number += 1
            match = HEADER.match(raw) if b"#" in raw[:32] else None
            if match is None:
                current.append((number, raw))
                continue
            key = (match.group(1), match.group(2))
            if key not in parts:
                parts[key] = {}
                order.append(key)
            current = parts[key].setdefault(int(match.group(3)), [])
    return [[line for part in sorted(parts[key], reverse=True) for line in parts[key][part]] for key in order]


def _limited(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    size = len(first)
    for block in rest:
        size += len(block)
        if size > SIZE_LIMIT:
            return
        yield block
