# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines around incidents in a source that is too large to be carried off, read a piece at a time."""

import contextlib
import io
from typing import Generator, Iterable, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _files, _journal, _ring
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

# Lines: what led to a crash, and a report with what followed from it.
BEFORE, AFTER = 200, 1500
TIMEOUT = 300

Pieces = Generator[bytes, None, None]


def read(host: Host, name: str, lines: List[int], room: int) -> bytes:
    """What stands around the C(lines), at most C(room) bytes of it; raises HostError where it cannot be read to there."""
    windows = _windows(lines)
    warnings: List[str] = []
    found = bytearray()
    with contextlib.closing(_text(host, name, warnings)) as pieces:
        for part in _within(pieces, windows):
            found += part
            if len(found) > room:
                break
    if warnings and not found:
        raise HostError("; ".join(warnings))
    return bytes(found[:room])


def _text(host: Host, name: str, warnings: List[str]) -> Pieces:
    """A source as the triage has counted its lines."""
    boot = _journal.boot_of(name)
    if boot is not None:
        yield from host.stream(_journal.of_boot(boot), None, TIMEOUT)
    elif name == _ring.KMSG:
        yield from _ring.lines(host.records(name))
    else:
        yield from _files.read(host, name, warnings)


def _windows(lines: List[int]) -> List[Tuple[int, int]]:
    """The first and the last line of each excerpt, in order."""
    windows: List[Tuple[int, int]] = []
    for line in sorted(lines):
        if windows and line - BEFORE <= windows[-1][1] + 1:
            windows[-1] = (windows[-1][0], line + AFTER)
        else:
            windows.append((max(1, line - BEFORE), line + AFTER))
    return windows


def _within(pieces: Iterable[bytes], windows: List[Tuple[int, int]]) -> Pieces:
    number, place = 1, 0
    for piece in pieces:
        if number + piece.count(b"\n") < windows[place][0]:
            # Most of a log is counted and no more.
            number += piece.count(b"\n")
            continue
        for part in io.BytesIO(piece):
            if number >= windows[place][0]:
                yield part
            # A line may go on in the next piece.
            number += part.endswith(b"\n")
            if number > windows[place][1]:
                place += 1
                if place == len(windows):
                    return
