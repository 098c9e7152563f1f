# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file of evidence, plain or compressed, to its incidents; a broken one yields what it still holds, and a warning."""

import bz2
import gzip
import importlib
import io
import lzma
import zlib
from typing import IO, Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Type

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _apport, _grep, _scan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

try:
    _zstd: Any = importlib.import_module("compression.zstd")  # Python 3.14
except ImportError:
    _zstd = None

CHUNK = 1024 * 1024
# A small file can unpack to any size: what is behind this is no log that somebody keeps.
UNPACKED_LIMIT = 8 * 1024 * 1024 * 1024

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
HEAD = 16
# Its own default would take more memory than a log ever asks for.
UNZSTD = ["zstd", "--decompress", "--stdout", "--quiet", "--memory=64MB"]
BROKEN: Tuple[Type[Exception], ...] = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, HostError)
if _zstd is not None:
    BROKEN += (_zstd.ZstdError,)


class Found(NamedTuple):
    """The incidents of a file, and why they may not be all."""

    incidents: List[Dict[str, Any]]
    warning: Optional[str]


def incidents(host: Host, path: str, more: Sequence[str] = ()) -> Found:
    """Every incident in a file and the parts that continue it, with its C(source); never raises for what it holds or lacks."""
    warnings: List[str] = []
    lacks: List[str] = []
    found = None if more else _fast(host, path, lacks)
    if found is None:
        found = _scan.incidents(
            (chunk for part in (path,) + tuple(more) for chunk in read(host, part, warnings)), lacks
        )
    warnings += ["%s: %s" % (path, lack) for lack in lacks]
    for incident in found:
        incident["source"] = path
    return Found(found, "; ".join(warnings) or None)


def _fast(host: Host, path: str, lacks: List[str]) -> Optional[List[Dict[str, Any]]]:
    """With the help of grep, where the file is large and plain."""
    try:
        with host.open(path) as handle:
            if handle.read(HEAD).startswith((GZIP, BZIP2, XZ, ZSTD, _apport.MAGIC)):
                return None
            handle.seek(0)
            return _grep.incidents(host, path, handle, lacks)
    except (HostError, OSError):
        return None


def read(host: Host, path: str, warnings: List[str]) -> Iterator[bytes]:
    """The text of a file, a chunk at a time, with a warning where it ends too early."""
    try:
        with host.open(path) as handle:
            yield from _chunks(host, handle, path, warnings)
            # The parts of a record end where their space ended.
            yield b"\n"
    except HostError as error:
        warnings.append(str(error))


def _chunks(host: Host, handle: IO[bytes], path: str, warnings: List[str]) -> Iterator[bytes]:
    """The file's text, a chunk at a time; the end of a broken file is an end like another, with a warning."""
    size = 0
    try:
        for chunk in _unpack(host, handle, path, warnings):
            size += len(chunk)
            if size > UNPACKED_LIMIT:
                warnings.append("%s: only its first %d GiB were read" % (path, UNPACKED_LIMIT >> 30))
                return
            yield chunk
    except BROKEN as error:
        warnings.append("%s: damaged after %d bytes of text: %s" % (path, size, error))


def _unpack(host: Host, handle: IO[bytes], path: str, warnings: List[str]) -> Iterator[bytes]:
    magic = handle.read(HEAD)
    handle.seek(0)
    if magic.startswith(ZSTD) and _zstd is None:
        return _unpack_zstd(host, handle, path, warnings)
    if magic.startswith(_apport.MAGIC):
        return _apport.pieces(handle)
    stream = _opened(handle, magic)
    return iter(lambda: stream.read(CHUNK), b"")


def _opened(handle: IO[bytes], magic: bytes) -> IO[bytes]:
    if magic.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=handle))
    if magic.startswith(BZIP2):
        return bz2.BZ2File(handle)
    if magic.startswith(XZ):
        return lzma.LZMAFile(handle)
    if magic.startswith(ZSTD):
        unpacked: IO[bytes] = _zstd.ZstdFile(handle)
        return unpacked
    return handle


def _unpack_zstd(host: Host, handle: IO[bytes], path: str, warnings: List[str]) -> Iterator[bytes]:
    if host.which(UNZSTD[0]) is None:
        text = "%s: Python before 3.14 cannot read zstd, and the program zstd is not installed; install it, or unpack the file"
        warnings.append(text % path)
        return iter(())
    return host.stream(UNZSTD, handle)
