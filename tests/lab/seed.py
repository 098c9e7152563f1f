# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A NoCloud seed for a user's own cloud image: a tiny ISO 9660 volume, written without any tool."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

BLOCK = 2048
VOLUME_LABEL = "cidata"
ROOT_BLOCK, TABLE_BLOCK, FIRST_FILE_BLOCK = 20, 18, 21
# Files must have one date all the same: a fixed one keeps equal seeds equal.
DATE = bytes((126, 1, 1, 0, 0, 0, 0))


def both(number: int, size: int) -> bytes:
    """Return a number as ISO 9660 stores it: little-endian, then big-endian."""
    code = {2: "H", 4: "I"}[size]
    return struct.pack("<" + code, number) + struct.pack(">" + code, number)


def record(name: bytes, block: int, length: int, flags: int) -> bytes:
    """Return a directory record."""
    body = (
        b"\0" + both(block, 4) + both(length, 4) + DATE + bytes((flags, 0, 0)) + both(1, 2) + bytes((len(name),)) + name
    )
    size = 1 + len(body) + (len(name) + 1) % 2
    return bytes((size,)) + body.ljust(size - 1, b"\0")


def path_table(order: str) -> bytes:
    """Return the table of folders: the root alone."""
    return struct.pack(order + "BBIH", 1, 0, ROOT_BLOCK, 1) + b"\0\0"


def volume_descriptor(blocks: int) -> bytes:
    """Return the primary volume descriptor."""
    table = len(path_table("<"))
    parts = (
        b"\x01CD001\x01\0" + b" " * 32 + VOLUME_LABEL.encode().ljust(32) + b"\0" * 8 + both(blocks, 4) + b"\0" * 32,
        both(1, 2) + both(1, 2) + both(BLOCK, 2) + both(table, 4),
        struct.pack("<II", TABLE_BLOCK, 0) + struct.pack(">II", TABLE_BLOCK + 1, 0),
        record(b"\0", ROOT_BLOCK, BLOCK, 2) + b" " * (128 * 4 + 37 * 3),
        (b"0" * 16 + b"\0") * 4 + b"\x01\0",
    )
    return b"".join(parts).ljust(BLOCK, b"\0")


def iso(files: Mapping[str, bytes]) -> bytes:
    """Return a volume that holds small files in its root; Linux shows their names in lower case."""
    entries, contents, block = (
        [record(b"\0", ROOT_BLOCK, BLOCK, 2), record(b"\x01", ROOT_BLOCK, BLOCK, 2)],
        b"",
        FIRST_FILE_BLOCK,
    )
    for name in sorted(files):
        data = files[name]
        entries.append(record(name.upper().encode() + b".;1", block, len(data), 0))
        padded = data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")
        contents += padded
        block += len(padded) // BLOCK
    directory = b"".join(entries)
    if len(directory) > BLOCK:
        raise ValueError("too many files for one block of directory")
    sections = (
        volume_descriptor(block),
        b"\xffCD001\x01".ljust(BLOCK, b"\0"),
        path_table("<").ljust(BLOCK, b"\0"),
        path_table(">").ljust(BLOCK, b"\0"),
        directory.ljust(BLOCK, b"\0"),
    )
    return bytes(16 * BLOCK) + b"".join(sections) + contents


def cloud_config(hostname: str, public_key: str) -> dict[str, bytes]:
    """Return NoCloud's files: root may log in with the lab's key, nothing is fetched from a network."""
    user_data = {
        "hostname": hostname,
        "disable_root": False,
        "ssh_pwauth": False,
        "users": [{"name": "root", "lock_passwd": True, "ssh_authorized_keys": [public_key]}],
        "package_update": False,
        "growpart": {"mode": "off"},
    }
    meta_data = {"instance-id": f"kernelops-lab-{hostname}", "local-hostname": hostname}
    # JSON is YAML: nothing to quote by hand.
    return {
        "user-data": b"#cloud-config\n" + json.dumps(user_data, indent=1).encode() + b"\n",
        "meta-data": json.dumps(meta_data).encode() + b"\n",
    }


def write(path: Path, hostname: str, public_key: str) -> None:
    """Write the seed of a machine."""
    path.write_bytes(iso(cloud_config(hostname, public_key)))
