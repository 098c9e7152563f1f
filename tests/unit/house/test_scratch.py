# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Temporary files go where they are cheap, and do not stay."""

from __future__ import annotations

from pathlib import Path

from house import scratch


def test_in_memory_where_there_is_room_and_gone_afterwards(tmp_path: Path) -> None:
    with scratch.folder(tmp_path, enough=1) as made:
        assert Path(made).parent == tmp_path
        (Path(made) / "file").write_text("")
    assert list(tmp_path.iterdir()) == []


def test_elsewhere_where_there_is_too_little_or_none(tmp_path: Path) -> None:
    assert scratch.place(tmp_path, enough=1 << 62) is None
    assert scratch.place(tmp_path / "none") is None
    with scratch.folder(tmp_path / "none") as made:
        assert Path(made).is_dir()
