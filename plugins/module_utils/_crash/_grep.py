# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large plain files: the host's grep finds the words ten times as fast as Python, and only what is around them is read."""

import io
import os
import re
from typing import IO, Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._chains import CONTEXT
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Kept
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._messages import WORDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._scan import KERNEL, Scan, told
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import NOT_KERNEL
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

# Below this size it is not worth a process.
WORTH = 8 * 1024 * 1024
# More hits than fit into this, and a scan of the whole is no slower.
OUTPUT_LIMIT = 32 * 1024 * 1024
HITS = 200000
WINDOW = 16 * 1024
BEFORE = CONTEXT * 160
LONGEST = 1024 * 1024
SAMPLES, SAMPLE = 256, 64 * 1024
HEAD = 64

EXPRESSION = "|".join(re.sub(r"([\[\]().*+?^$|\\{}])", r"\\\1", word) for word in WORDS)
# A line of syslog or of the journal, where time, host and program come first, or what journalctl says of itself.
TAGGED = (
    "^([A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})[^ ]* [^ ]+ "
    "|^-- "
)
# What the kernel tells of programs and of whom they asked, which can be most of a log.
IDLE = re.compile(
    KERNEL + rb"(?:\[ {0,12}[\d.]{1,24}\] )?(?:%s)" % "|".join(re.escape(text) for text in NOT_KERNEL).encode("ascii")
)


class Hit(NamedTuple):
    number: int  # of the line, from 1
    offset: int


class Unusual(Exception):
    """The file is not what this way of reading can handle."""


def incidents(
    host: Host, path: str, handle: IO[bytes], lacks: Optional[List[str]] = None
) -> Optional[List[Dict[str, Any]]]:
    """The incidents in a plain file as _scan.incidents tells them, or None where it has to be read as a whole."""
    size = os.fstat(handle.fileno()).st_size
    if size < WORTH or host.which("grep") is None or _is_endless(handle, size):
        return None
    # Programs use the words too, but where every line names its program only the kernel's own lines count.
    kernel_only = ["-e", "kernel: .*(%s)" % EXPRESSION]
    hits = _search(host, path, kernel_only if _all_tagged(host, path) else ["--only-matching", "-e", EXPRESSION], size)
    if hits is None:
        return None
    try:
        return told(_windows(handle, hits), lacks)
    except Unusual:
        return None


def _is_endless(handle: IO[bytes], size: int) -> bool:
    """Whether a line may be longer than grep should keep in memory, as where a power cut left pages of NUL bytes."""
    for place in range(0, size, max(LONGEST, size // SAMPLES)):
        handle.seek(place)
        if size - place > SAMPLE and b"\n" not in handle.read(SAMPLE):
            return True
    return False


def _all_tagged(host: Host, path: str) -> bool:
    argv = ["grep", "--text", "--invert-match", "--max-count=1", "--count", "-E", "-e", TAGGED, "--", host.real(path)]
    try:
        return host.output(argv, HEAD, timeout=600) == b"0\n"
    except CommandError:
        return False


def _search(host: Host, path: str, what: List[str], size: int) -> Optional[List[Hit]]:
    """The hits, or None where programs use the words as well: to read the whole takes less than to read most of it in pieces."""
    argv = ["grep", "--text", "--line-number", "--byte-offset", "-E"] + what + ["--", host.real(path)]
    try:
        out = host.output(argv, OUTPUT_LIMIT, timeout=600)
    except CommandError:
        return None
    hits: List[Hit] = []
    windows, end = 0, -1
    # One at a time: as a list they would take several times the memory.
    for line in io.BytesIO(out or b""):
        number, _colon, rest = line.partition(b":")
        offset, _colon, text = rest.partition(b":")
        if not (number.isdigit() and offset.isdigit()):
            return None
        if IDLE.match(text, text.find(KERNEL)):
            continue
        if int(offset) > end:
            windows, end = windows + 1, int(offset) + WINDOW
            if windows * WINDOW * 2 > size:
                return None
        if not hits or hits[-1].number != int(number):
            hits.append(Hit(int(number), int(offset)))
        if len(hits) == HITS:
            return None
    return None if out is None else hits


def _windows(handle: IO[bytes], hits: List[Hit]) -> Kept:
    scan = Scan()
    place = 0
    position = 0
    while place < len(hits):
        hit = hits[place]
        begin = max(position, hit.offset - BEFORE)
        handle.seek(begin)
        if begin != position:
            begin += len(_line(handle))
        position = min(begin, hit.offset) if begin <= hit.offset else _start_of(handle, hit.offset)
        handle.seek(position)
        block = handle.read(hit.offset - position + WINDOW)
        block += _line(handle) if not block.endswith(b"\n") else b""
        scan.tail = []  # lines of another place
        scan.number = hit.number - 1 - block.count(b"\n", 0, hit.offset - position)
        place = _feed(scan, block, position, hits, place)
        position += len(block)
        while scan.triage.active:
            block = handle.read(WINDOW)
            if not block:
                break
            block += _line(handle) if not block.endswith(b"\n") else b""
            place = _feed(scan, block, position, hits, place)
            position += len(block)
    return scan.finish()


def _start_of(handle: IO[bytes], offset: int) -> int:
    """Where the line of a hit begins, when it is longer than what is read before a hit."""
    begin = max(0, offset - LONGEST)
    handle.seek(begin)
    at = handle.read(offset - begin).rfind(b"\n")
    if at < 0 and begin:
        raise Unusual
    return begin + at + 1


def _line(handle: IO[bytes]) -> bytes:
    rest = handle.readline(LONGEST)
    if len(rest) == LONGEST:
        raise Unusual
    return rest


def _feed(scan: Scan, block: bytes, position: int, hits: List[Hit], place: int) -> int:
    """Scan a window with the hits in it; returns the first hit behind it."""
    starts = set()
    while place < len(hits) and hits[place].offset < position + len(block):
        starts.add(block.rfind(b"\n", 0, max(hits[place].offset - position, 0)) + 1)
        place += 1
    scan.block(block, starts)
    return place
