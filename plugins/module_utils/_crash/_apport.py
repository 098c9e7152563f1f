# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of Ubuntu's apport (/var/crash/*.crash): fields of text, or of base64 over gzip, of which few hold the kernel's words."""

import binascii
import zlib
from typing import IO, Any, Iterator, Optional

# Apport writes this field first.
MAGIC = b"ProblemType:"
OF_KERNEL = b"Kernel"
# What the hooks for an oops and for a dump attach; the rest is about packages, or the dump itself.
FIELDS = frozenset((b"OopsText", b"VmCoreDmesg"))
# A line of base64 holds a mebibyte of what is packed.
LINE_LIMIT = 4 * 1024 * 1024
CHUNK = 1024 * 1024
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def pieces(handle: IO[bytes]) -> Iterator[bytes]:
    """The kernel's messages in a report on the kernel, none in one on a program; raises EOFError, ValueError or zlib.error."""
    taken = False
    unpack: Optional[Any] = None
    for raw in iter(lambda: handle.readline(LINE_LIMIT), b""):
        if raw.startswith(b" "):
            if taken and unpack is not None:
                yield from _unpacked(unpack, binascii.a2b_base64(raw))
            elif taken:
                yield raw[1:]
            continue
        name, _colon, value = raw.partition(b":")
        value = value.strip()
        if name == MAGIC[:-1] and not value.startswith(OF_KERNEL):
            return
        _check_whole(unpack if taken else None)
        if taken:
            yield b"\n"
        taken = name in FIELDS
        unpack = zlib.decompressobj(GZIP_OR_ZLIB) if value == b"base64" else None
        if taken and value and unpack is None:
            yield value + b"\n"
    _check_whole(unpack if taken else None)


def _check_whole(unpack: Optional[Any]) -> None:
    if unpack is not None and not unpack.eof:
        raise EOFError("a packed field is cut off")


def _unpacked(unpack: Any, data: bytes) -> Iterator[bytes]:
    """A little data may unpack to very much."""
    while data:
        yield unpack.decompress(data, CHUNK)
        data = unpack.unconsumed_tail
