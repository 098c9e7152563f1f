# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of evidence on the controller: private, below the host's folder whatever the host calls them, and limited."""

from __future__ import annotations

import base64
import os
import pathlib
import stat
import typing as t
import zlib

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _copies


def piece(source: str, data: bytes = b"Oops") -> dict[str, t.Any]:
    return {"source": source, "size": len(data), "data": base64.b64encode(zlib.compress(data)).decode()}


def mode(path: pathlib.Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_host_s_copies_are_private(tmp_path: pathlib.Path) -> None:
    own = _copies.folder(str(tmp_path / "new/evidence"), "web1")
    (copied,) = _copies.save(own, [piece("/var/crash/2026/dmesg")], 100)
    path = tmp_path / "new/evidence/web1/var/crash/2026/dmesg"
    assert copied == {"source": "/var/crash/2026/dmesg", "path": str(path), "size": 4}
    assert path.read_bytes() == b"Oops"
    assert [mode(path), mode(own), mode(path.parent), mode(tmp_path / "new/evidence")] == [0o600, 0o700, 0o700, 0o700]


def test_a_folder_that_is_there_keeps_its_mode_but_the_host_s_does_not(tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "web1").mkdir(0o755)
    _copies.folder(str(tmp_path), "web1")
    assert (mode(tmp_path), mode(tmp_path / "web1")) == (0o755, 0o700)


@pytest.mark.parametrize(
    "source", ["../../../etc/passwd", "/..", "..", "", "/", "a/../../../b", "x\x1b[2J\n", "/\u202e", "./.", "a" * 5000]
)
def test_no_name_leads_out_of_the_host_s_folder(tmp_path: pathlib.Path, source: str) -> None:
    own = _copies.folder(str(tmp_path), "web1")
    (copied,) = _copies.save(own, [piece(source)], 100)
    path = pathlib.Path(copied["path"])
    assert path.is_relative_to(own) and path.resolve().is_relative_to(own)
    assert str(path).isprintable() and path.read_bytes() == b"Oops"


@pytest.mark.parametrize("host", ["..", ".", "a/../../b", "/etc"])
def test_no_host_s_name_leads_out_of_the_folder(tmp_path: pathlib.Path, host: str) -> None:
    assert pathlib.Path(_copies.folder(str(tmp_path), host)).parent == tmp_path


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "web1").symlink_to("elsewhere")
    with pytest.raises(OSError, match="is no folder of the user"):
        _copies.folder(str(tmp_path), "web1")


def test_a_host_that_sends_more_than_asked_is_refused(tmp_path: pathlib.Path) -> None:
    own = _copies.folder(str(tmp_path), "web1")
    with pytest.raises(ValueError, match="more than it was asked for"):
        _copies.save(own, [piece("a", b"x" * 600), piece("b", b"x" * 600)], 1000)
    assert not (tmp_path / "web1/b").exists()


@pytest.mark.parametrize("data", ["!", "QUJD", ""])
def test_what_arrives_damaged_is_an_error(tmp_path: pathlib.Path, data: str) -> None:
    own = _copies.folder(str(tmp_path), "web1")
    with pytest.raises(ValueError):
        _copies.save(own, [{"source": "a", "data": data}], 1000)
