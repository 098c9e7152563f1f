# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a host's evidence on the controller. Names and contents come from the host and may be anything."""

from __future__ import annotations

import base64
import os
import re
import stat
import tempfile
import typing as t
import zlib

UNSAFE = re.compile(r"[^\w.+@=-]+", re.ASCII)
PART_LIMIT = 200


def folder(dest: str, host: str) -> str:
    """The host's own folder, which nobody else can look into; raises OSError."""
    top = os.path.join(os.getcwd(), os.path.expanduser(dest))
    os.makedirs(top, 0o700, exist_ok=True)
    path = os.path.join(top, _part(host))
    if not os.path.lexists(path):
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(0, "is no folder of the user that runs Ansible", path)
    os.chmod(path, 0o700)
    return path


def _part(name: str) -> str:
    text = UNSAFE.sub("_", name)[:PART_LIMIT]
    return text if text.strip(".") else "_"


def place(own: str, source: str) -> str:
    """Where a piece of evidence goes: below the host's folder, whatever it is called."""
    parts = [_part(part) for part in source.split("/") if part]
    return os.path.join(own, *(parts or ["_"]))


def save(own: str, pieces: t.Sequence[t.Mapping[str, t.Any]], limit: int) -> list[dict[str, t.Any]]:
    """Write what the host sent; raises OSError, or ValueError where it is not what the module sends."""
    copied = []
    for piece in pieces:
        path = place(own, str(piece["source"]))
        data = _unpack(str(piece["data"]), limit)
        limit -= len(data)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".copy.", dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        copied.append({"source": piece["source"], "path": path, "size": len(data)})
    return copied


def _unpack(packed: str, limit: int) -> bytes:
    unpack = zlib.decompressobj()
    try:
        data = unpack.decompress(base64.b64decode(packed, validate=True), limit + 1)
    except zlib.error as error:
        raise ValueError(f"a piece of evidence arrived damaged: {error}") from error
    if len(data) > limit:
        raise ValueError("the host sent more than it was asked for")
    if not unpack.eof:
        raise ValueError("a piece of evidence arrived cut off")
    return data
