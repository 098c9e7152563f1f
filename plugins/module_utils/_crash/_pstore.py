# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of pstore (fs/pstore/platform.c): Part1 holds the newest text, and EFI lists the parts of several records in disorder."""

import re
from typing import Dict, Iterator, List, Tuple

HEADER = re.compile(rb"(?:<\d{1,3}>)?([A-Z][A-Za-z]{2,15})#(\d{1,9}) Part(\d{1,6})\s{0,4}\Z")
# Where systemd-pstore puts parts together, each begins with the name of its file.
NAME = re.compile(rb"dmesg-[\w-]{1,80}:\s{0,2}\Z")
# What a backend can keep is far smaller than this.
SIZE_LIMIT = 4 * 1024 * 1024
LINES = 100000
STAMP = re.compile(rb"(?:<\d{1,3}>)?\[ {0,8}\d{1,10}\.\d{6}\]")
# Lines that two records must share to be of one boot.
SHARED = 3

Record = List[Tuple[int, bytes]]


def is_record(block: bytes) -> bool:
    """Whether a file begins as a record of pstore does."""
    lines = block[:200].split(b"\n", 2)
    return HEADER.match(lines[1] if len(lines) > 1 and NAME.match(lines[0]) else lines[0]) is not None


def records(first: bytes, rest: Iterator[bytes]) -> List[Record]:
    """The lines of each record with their numbers in the file, oldest part first; in the order in which they were written."""
    parts: Dict[Tuple[bytes, bytes], Dict[int, Record]] = {}
    order: List[Tuple[bytes, bytes]] = []
    current: Record = []
    number = size = 0
    for block in _limited(first, rest):
        size += len(block)
        for raw in block.splitlines(True):
            number += 1
            if number > LINES:
                break
            if NAME.match(raw):
                continue
            match = HEADER.match(raw) if b"#" in raw[:32] else None
            if match is None:
                current.append((number, raw))
                continue
            key = (match.group(1), match.group(2))
            if key not in parts:
                parts[key] = {}
                order.append(key)
            current = parts[key].setdefault(int(match.group(3)), [])
    # The kernel counts its records from its start.
    order.sort(key=lambda key: int(key[1]))
    return _joined([[line for part in sorted(parts[key], reverse=True) for line in parts[key][part]] for key in order])


def _joined(found: List[Record]) -> List[Record]:
    """An oops that panics is recorded twice: the later record repeats what it still has of the earlier one, and goes on."""
    joined: List[Record] = []
    for record in found:
        seen = set(raw for _number, raw in joined[-1] if STAMP.match(raw)) if joined else set()
        if sum(1 for _number, raw in record if raw in seen) < SHARED:
            joined.append(record)
        else:
            # Its first line was cut off somewhere in the earlier one.
            joined[-1] += [line for line in record[1:] if line[1] not in seen]
    return joined


def _limited(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    size = len(first)
    for block in rest:
        size += len(block)
        if size > SIZE_LIMIT:
            return
        yield block
