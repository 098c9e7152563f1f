# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""An environment is made once, made anew when its inputs change, and never taken for whole when it is half."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from house import environments
from house.environments import Environment, SetupError
from house.interpreters import Interpreter

PYTHON = Path(sys.executable)
VERSION = sys.version_info[:2]
EMPTY = Environment(".venv", "pins.txt", 1)
PIN = re.compile(r"[A-Za-z0-9._-]+==[^\s;]+( *;.+)?")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "pins.txt").write_text("# none\n")
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes seconds, and each run of tests/setup shows that it works; here its commands are imitated."""

    def imitate(argv: Sequence[str | Path], _doing: str) -> None:
        if argv[1:3] == ["-m", "venv"]:
            folder = Path(argv[3])
            (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
            (folder / "bin").mkdir()
            (folder / "bin" / "python").touch()

    monkeypatch.setattr(environments, "run", imitate)


def make(top: Path) -> bool:
    return environments.make(EMPTY, PYTHON, VERSION, top)


@pytest.mark.usefixtures("quick")
def test_it_is_made_once_and_holds_the_collection(top: Path) -> None:
    assert make(top)
    link = next(top.glob(".venv/lib/python3.*/site-packages/ansible_collections/kernelops/panic_hardening"))
    assert link.resolve() == top.resolve()
    assert not make(top)


def test_a_command_that_fails_ends_it_with_its_last_words_and_where_to_look() -> None:
    with pytest.raises(SetupError, match=r"pip install failed:\n.*no such pin\n.*pip config list"):
        environments.run(["sh", "-c", "echo no such pin >&2; exit 1"], "pip install")


def test_a_failure_leaves_nothing_that_looks_whole(top: Path) -> None:
    with pytest.raises(SetupError, match=r"python3 -m venv .* failed"):
        environments.make(EMPTY, Path("/bin/false"), VERSION, top)
    assert not (top / ".venv" / "complete").exists()


@pytest.mark.usefixtures("quick")
def test_it_is_made_anew_when_something_is_amiss(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(top)
    stray = top / ".venv" / "stray"
    for spoil in (
        lambda: (top / "pins.txt").write_text("# other pins\n"),
        (top / ".venv" / "complete").unlink,
        (top / ".venv" / "bin" / "python").unlink,
        lambda: monkeypatch.setattr(environments, "RECIPE", "other"),
    ):
        stray.touch()
        spoil()
        assert make(top)
        assert not stray.exists()
        assert not make(top)


@pytest.mark.usefixtures("quick")
def test_an_interrupted_one_is_repaired(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(environments, "link_collection", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make(top)
    assert make(top)
    assert (top / ".venv" / "complete").exists()


@pytest.mark.usefixtures("quick")
def test_a_moved_checkout_gets_a_new_one(top: Path) -> None:
    make(top)
    moved = top.with_name(top.name + "-moved")
    top.rename(moved)
    assert make(moved)
    shutil.rmtree(moved)


def test_no_room_is_told_before_anything_is_made(top: Path) -> None:
    large = Environment(".venv", "pins.txt", 10**9)
    with pytest.raises(SetupError, match=r"1000000000 MB.* MB free"):
        environments.make(large, PYTHON, VERSION, top)
    assert not (top / ".venv").exists()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Folder and Python of what would be made."""
    found: list[tuple[str, str]] = []

    def record(environment: Environment, python: Path, _version: object, _top: Path) -> bool:
        found.append((environment.folder, str(python)))
        return True

    monkeypatch.setattr(environments, "make", record)
    return found


FOUND = [Interpreter((3, minor), Path(f"/p/3.{minor}"), makes_venvs=True) for minor in (9, 10, 12, 13)]


def test_each_core_gets_the_newest_python_that_it_supports(made: list[tuple[str, str]], top: Path) -> None:
    environments.ensure("core-2.16", FOUND, top)
    environments.ensure("core-newest", FOUND, top)
    assert made == [(".venv-core/2.16", "/p/3.12"), (".venv-core/newest", "/p/3.13")]


def test_the_old_core_is_tried_on_what_is_there(made: list[tuple[str, str]], top: Path) -> None:
    environments.ensure("core-2.16", FOUND[3:], top)
    assert made == [(".venv-core/2.16", sys.executable)]


def test_the_main_environment_stands_in_for_the_newest_core(made: list[tuple[str, str]], top: Path) -> None:
    (top / ".venv").mkdir()
    for _time in range(2):
        environments.ensure("core-newest", FOUND[:2], top)
        assert (top / ".venv-core" / "newest").resolve() == top / ".venv"
    assert made == []


@pytest.mark.usefixtures("quick")
def test_what_stood_in_is_replaced_and_stays_whole(top: Path) -> None:
    make(top)
    environments.ensure("core-newest", [], top)
    newest = Environment(".venv-core/newest", "pins.txt", 1)
    assert environments.make(newest, PYTHON, VERSION, top)
    assert not (top / ".venv-core" / "newest").is_symlink()
    assert (top / ".venv" / "complete").exists()


@pytest.mark.parametrize("file", sorted(environments.TOP.glob("tests/requirements*.txt")), ids=lambda path: path.name)
def test_all_is_pinned(file: Path) -> None:
    lines = [line.partition(" #")[0].strip() for line in file.read_text().splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 5
    assert [pin for pin in pins if not PIN.fullmatch(pin)] == []
