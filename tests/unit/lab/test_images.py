# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Images are built once, put in place whole, and forgotten when nobody uses them; the privileged step is imitated."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import images, paths, recipes, resources
from lab.errors import LabError


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Give a cache of its own; return the list of outputs that the privileged step was asked for."""
    asked: list[Path] = []

    def step(_recipe: recipes.Recipe, _work: Path, out: Path) -> None:
        asked.append(out)
        out.write_text(f"build {len(asked)}")

    monkeypatch.setenv("KERNELOPS_LAB_CACHE", str(tmp_path))
    monkeypatch.setattr(images, "_privileged_build", step)
    monkeypatch.setattr(images, "public_key", lambda: "ssh-ed25519 AAAA")
    monkeypatch.setattr(images, "find_tool", lambda name: f"/bin/{name}")
    monkeypatch.setattr(resources, "require_disk", lambda *_: None)
    monkeypatch.setattr(resources, "require_memory", lambda *_: None)
    yield asked


def test_an_image_is_built_once(builds: list[Path]) -> None:
    first, second = images.ensure("debian12"), images.ensure("debian12")
    assert first == second
    assert len(builds) == 1
    assert first.path.read_text() == "build 1"
    assert not list(paths.folder("tmp").iterdir())


def test_a_failed_build_leaves_nothing_and_the_next_works(builds: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_recipe: recipes.Recipe, _work: Path, out: Path) -> None:
        out.write_text("half")
        raise LabError("no network")

    with monkeypatch.context() as broken:
        broken.setattr(images, "_privileged_build", fail)
        with pytest.raises(LabError, match="no network"):
            images.ensure("debian12")
    assert not list(paths.folder("tmp").iterdir())
    assert not list(paths.folder("images").iterdir())
    assert images.ensure("debian12").path.read_text() == f"build {len(builds)}"


@pytest.mark.usefixtures("builds")
def test_a_second_build_takes_the_first_ones_snapshots_along() -> None:
    image = images.ensure("debian12")
    mine = paths.folder("snapshots") / f"debian12-{image.key}-0123.qcow2"
    other = paths.folder("snapshots") / "debian12-ffffffffffffffff-0123.qcow2"
    mine.touch()
    other.touch()
    image.path.unlink()
    images.ensure("debian12")
    assert not mine.exists()
    assert other.exists()


@pytest.mark.usefixtures("builds")
def test_old_and_superfluous_builds_are_forgotten() -> None:
    folder = paths.folder("images")
    ages = {"debian12-a.qcow2": 1, "debian12-b.qcow2": 2, "debian12-c.qcow2": 30, "debian13-a.qcow2": 30}
    for name, days in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (0, time.time() - days * 86400))
    current = images.ensure("debian12").path
    left = {path.name for path in folder.iterdir()}
    assert left == {current.name, "debian12-a.qcow2", "debian12-b.qcow2", "debian13-a.qcow2"}


@pytest.mark.usefixtures("builds")
def test_what_a_killed_build_left_is_removed_and_a_running_one_is_not() -> None:
    dead, running = (paths.folder("tmp") / f"build-{name}" for name in ("dead", "running"))
    for folder in (dead, running):
        folder.mkdir()
        (folder / "disk.raw").touch()
    with open(running / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with images.work_folder():
            assert not dead.exists()
            assert (running / "disk.raw").exists()


@pytest.mark.usefixtures("builds")
def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_tool", lambda name: None if name == "mmdebstrap" else name)
    with pytest.raises(LabError, match="mmdebstrap.*doctor"):
        images.ensure("debian12")
