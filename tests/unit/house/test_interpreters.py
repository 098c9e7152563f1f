# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Which Python is found, and which is taken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from house import interpreters
from house.interpreters import Interpreter


def fake(path: Path, answer: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def one(version: interpreters.Version, path: str = "/usr/bin/x", makes_venvs: bool = True) -> Interpreter:
    return Interpreter(version, Path(path), makes_venvs)


def test_the_running_interpreter_is_probed_as_it_is() -> None:
    found = interpreters.probe(Path(sys.executable))
    assert found == Interpreter(sys.version_info[:2], Path(sys.executable), makes_venvs=True)


@pytest.mark.parametrize(
    "answer, code, expected",
    [
        ("3 9", 0, ((3, 9), True)),
        ("3 12", 1, ((3, 12), False)),
        ("3 6", 0, ((3, 6), True)),
        ("3 5", 0, None),
        ("2 7", 0, None),
        ("pyenv: python3.9: command not found", 127, None),
        ("", 1, None),
    ],
)
def test_what_an_interpreter_says(tmp_path: Path, answer: str, code: int, expected: object) -> None:
    found = interpreters.probe(fake(tmp_path / "python3", answer, code))
    assert (found and (found.version, found.makes_venvs)) == expected


def test_a_broken_link_is_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "python3.9").symlink_to(tmp_path / "gone")
    assert list(interpreters.candidates([f"{tmp_path}/python3*"])) == []


def test_a_version_managers_folders_are_searched_and_its_shims_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    fake(tmp_path / "shims" / "python3", "3 9")
    real = fake(tmp_path / "versions" / "3.9.1" / "bin" / "python3", "3 9")
    fake(tmp_path / "versions" / "3.9.1" / "bin" / "python3.9-config", "3 9")
    below = [path for path in interpreters.candidates() if path.is_relative_to(tmp_path)]
    assert below == [real]


def test_the_first_of_a_version_wins_and_they_are_sorted_as_numbers() -> None:
    found = [one((3, 11), "/usr/bin/python3"), one((3, 9)), one((3, 11), "/home/x"), None, one((3, 10))]
    assert [(each.name, str(each.path)) for each in interpreters.choose(found)] == [
        ("3.9", "/usr/bin/x"),
        ("3.10", "/usr/bin/x"),
        ("3.11", "/usr/bin/python3"),
    ]


def test_one_that_makes_environments_beats_an_earlier_one_that_does_not() -> None:
    found = [one((3, 12), "/usr/bin/bare", makes_venvs=False), one((3, 12), "/opt/full"), one((3, 12), "/late")]
    assert [str(each.path) for each in interpreters.choose(found)] == ["/opt/full"]


@pytest.mark.parametrize(
    "oldest, newest, expected",
    [((3, 10), (3, 12), "3.12"), ((3, 12), (3, 999), "3.14"), ((3, 6), (3, 8), None), ((3, 13), (3, 13), None)],
)
def test_the_newest_that_fits(oldest: interpreters.Version, newest: interpreters.Version, expected: str | None) -> None:
    found = [one((3, 9)), one((3, 11)), one((3, 12)), one((3, 13), makes_venvs=False), one((3, 14))]
    chosen = interpreters.newest_between(found, oldest, newest)
    assert (chosen and chosen.name) == expected


def test_the_controllers_own_version_is_a_target_only_without_any_other() -> None:
    own, other, bare = one(sys.version_info[:2]), one((3, 6)), one((3, 7), makes_venvs=False)
    assert interpreters.for_targets([other, bare, own]) == [other]
    assert interpreters.for_targets([bare, own]) == [own]


def test_the_oldest_and_the_newest_tell_most() -> None:
    found = [one((3, minor)) for minor in (4, 5, 6, 7)]
    assert interpreters.for_targets(found, everything=True) == found
    assert interpreters.for_targets(found, everything=False) == [found[0], found[-1]]
