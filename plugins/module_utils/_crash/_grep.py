# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large plain files: the host's grep finds the words ten times as fast as Python, and only what is around them is read.

What it finds is what reading the whole finds; where that cannot be told for sure, the whole is read.
"""

import os
import re
from typing import IO, Any, Dict, Iterator, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _hits, _pstore
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Kept
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._messages import WORDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._scan import LOOK, Scan, told
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import LINE_LIMIT
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

# Below this size it is not worth a process.
WORTH = 8 * 1024 * 1024
# More hits than that, and a scan of the whole is no slower.
HITS = 200000
WINDOW = 16 * 1024
LONGEST = 1024 * 1024
SAMPLES, SAMPLE = 256, 64 * 1024
HEAD = 200
TIMEOUT = 600

EXPRESSION = "|".join(re.sub(r"([\[\]().*+?^$|\\{}])", r"\\\1", word) for word in WORDS)


class Hit(NamedTuple):
    number: int  # of the line, from 1
    offset: int  # of the line's beginning


class Unusual(Exception):
    """The file is not what this way of reading can handle."""


def incidents(
    host: Host, path: str, handle: IO[bytes], lacks: Optional[List[str]] = None
) -> Optional[List[Dict[str, Any]]]:
    """The incidents in a plain file as _scan.incidents tells them, or None where it has to be read as a whole."""
    size = os.fstat(handle.fileno()).st_size
    if size < WORTH or host.which("grep") is None or _is_endless(handle, size) or _is_record(handle):
        return None
    # Programs use the words too, but where every line names its program only the kernel's own lines count.
    what = "%s.*(%s)" % (_hits.OF_KERNEL, EXPRESSION) if _all_tagged(host, path) else EXPRESSION
    try:
        return told(_windows(handle, _search(host, path, what, size)), lacks)
    except (CommandError, Unusual):
        return None


def _is_endless(handle: IO[bytes], size: int) -> bool:
    """Whether a line may be longer than grep should keep in memory, as where a power cut left pages of NUL bytes."""
    for place in range(0, size, max(LONGEST, size // SAMPLES)):
        handle.seek(place)
        if size - place > SAMPLE and b"\n" not in handle.read(SAMPLE):
            return True
    return False


def _is_record(handle: IO[bytes]) -> bool:
    """Whether the order of the lines may not be that of time."""
    handle.seek(0)
    return _pstore.is_record(handle.read(HEAD).replace(b"\0", b""))


def _all_tagged(host: Host, path: str) -> bool:
    expression = "^" + _hits.TAGGED
    argv = ["grep", "--text", "--invert-match", "--max-count=1", "--count", "-E", "-e", expression, "--"]
    try:
        return host.output(argv + [host.real(path)], HEAD, TIMEOUT) == b"0\n"
    except CommandError:
        return False


def _search(host: Host, path: str, what: str, size: int) -> List[Hit]:
    """The hits; raises Unusual where programs use the words as well: to read the whole takes less than to read most of it in pieces."""
    argv = ["grep", "--text", "--line-number", "--byte-offset", "-E", "-e", what, "--", host.real(path)]
    hits: List[Hit] = []
    windows, end = 0, -1
    for line in _lines(host.stream(argv, None, TIMEOUT, (0, 1))):
        number, _colon, rest = line.partition(b":")
        offset, _colon, text = rest.partition(b":")
        if not (number.isdigit() and offset.isdigit()) or b"\0" in text:
            raise Unusual
        if _hits.is_idle(text[:LINE_LIMIT]) or not _hits.says_it_early(text):
            continue
        if int(offset) > end:
            windows, end = windows + 1, int(offset) + WINDOW
        if windows * WINDOW * 2 > size or len(hits) == HITS:
            raise Unusual
        hits.append(Hit(int(number), int(offset)))
    return hits


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        whole = (rest + piece).split(b"\n")
        rest = whole.pop()
        if len(rest) > LONGEST:
            raise Unusual
        yield from whole


def _windows(handle: IO[bytes], hits: List[Hit]) -> Kept:
    scan = Scan()
    place = 0
    while place < len(hits):
        hit = hits[place]
        begin = max(0, hit.offset - LOOK)
        handle.seek(begin)
        scan.tail = _whole(handle.read(hit.offset - begin))
        scan.number = hit.number - 1
        position = hit.offset
        while position == hit.offset or scan.triage.active:
            block = handle.read(WINDOW)
            if not block:
                break
            block = _whole(block + (_line(handle) if not block.endswith(b"\n") else b""))
            starts = set()
            while place < len(hits) and hits[place].offset < position + len(block):
                starts.add(hits[place].offset - position)
                place += 1
            scan.block(block, starts)
            position += len(block)
    return scan.finish()


def _whole(block: bytes) -> bytes:
    """The block as it is; NUL bytes would be counted in it that a scan of the whole does not count."""
    if b"\0" in block:
        raise Unusual
    return block


def _line(handle: IO[bytes]) -> bytes:
    rest = handle.readline(LONGEST)
    if len(rest) == LONGEST:
        raise Unusual
    return rest
