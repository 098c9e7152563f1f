# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The seed is a volume that Linux reads: checked here by its structure, on a real boot by hand."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from lab import seed

BLOCK = seed.BLOCK


def read_root(volume: bytes) -> dict[str, bytes]:
    """Follow the descriptor to the root folder and its files, as a kernel does."""
    descriptor = volume[16 * BLOCK : 17 * BLOCK]
    assert descriptor[:6] == b"\x01CD001"
    assert volume[17 * BLOCK : 17 * BLOCK + 6] == b"\xffCD001"
    assert struct.unpack_from("<I", descriptor, 80)[0] * BLOCK == len(volume)
    assert struct.unpack_from("<I", descriptor, 80)[0] == struct.unpack_from(">I", descriptor, 84)[0]
    root = struct.unpack_from("<I", descriptor, 156 + 2)[0]
    found, at = {}, root * BLOCK
    while volume[at]:
        record = volume[at : at + volume[at]]
        block, length = struct.unpack_from("<I", record, 2)[0], struct.unpack_from("<I", record, 10)[0]
        name = record[33 : 33 + record[32]]
        if name not in (b"\0", b"\x01"):
            found[name.decode()] = volume[block * BLOCK : block * BLOCK + length]
        at += len(record)
    return found


def test_files_come_back_whole() -> None:
    files = {"user-data": b"x" * 5000, "meta-data": b"{}\n", "empty": b""}
    assert read_root(seed.iso(files)) == {f"{name.upper()}.;1": data for name, data in files.items()}


def test_the_label_is_what_cloud_init_looks_for() -> None:
    assert seed.iso({})[16 * BLOCK + 40 : 16 * BLOCK + 72].rstrip() == b"cidata"


def test_records_begin_on_even_bytes() -> None:
    for name in (b"A", b"AB", b"ABC"):
        assert len(seed.record(name, 21, 5, 0)) % 2 == 0


def test_cloud_config_lets_the_lab_in_as_root(tmp_path: Path) -> None:
    key = 'ssh-ed25519 AAAA "quoted" key'
    seed.write(tmp_path / "seed.iso", "mine", key)
    files = read_root((tmp_path / "seed.iso").read_bytes())
    head, _, body = files["USER-DATA.;1"].decode().partition("\n")
    assert head == "#cloud-config"
    config = json.loads(body)
    assert config["disable_root"] is False
    assert config["hostname"] == "mine"
    assert config["users"][0]["ssh_authorized_keys"] == [key]
    assert json.loads(files["META-DATA.;1"])["local-hostname"] == "mine"
