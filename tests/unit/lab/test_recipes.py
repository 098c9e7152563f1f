# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""An image's name changes with everything that goes into it, and with nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lab import paths, recipes
from lab.errors import LabError

KEY = "ssh-ed25519 AAAA lab"
DEBIAN12 = recipes.RECIPES["debian12"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in recipes.INGREDIENTS:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(paths.LAB_SOURCE / name, target)
    return tmp_path


def test_equal_ingredients_give_an_equal_key(source: Path) -> None:
    assert recipes.key(DEBIAN12, KEY, source) == recipes.key(DEBIAN12, KEY)


@pytest.mark.parametrize("name", recipes.INGREDIENTS)
def test_each_ingredient_changes_the_key(source: Path, name: str) -> None:
    before = recipes.key(DEBIAN12, KEY, source)
    with open(source / name, "a") as file:
        file.write("\nMORE = 1\n")
    assert recipes.key(DEBIAN12, KEY, source) != before


def test_a_comment_or_a_line_break_costs_no_build(source: Path) -> None:
    before = recipes.key(DEBIAN12, KEY, source)
    text = (source / "disk.py").read_text()
    (source / "disk.py").write_text("# why\n" + text.replace("(plan: Plan", "(\n    plan: Plan"))
    assert recipes.key(DEBIAN12, KEY, source) == before


def test_packages_suite_and_public_key_change_the_key() -> None:
    keys = {
        recipes.key(DEBIAN12, KEY),
        recipes.key(DEBIAN12, KEY + "2"),
        recipes.key(replace(DEBIAN12, suite="trixie"), KEY),
        recipes.key(replace(DEBIAN12, packages=DEBIAN12.packages[1:]), KEY),
    }
    assert len(keys) == 4


def test_everything_that_runs_in_the_build_step_is_an_ingredient() -> None:
    """A module that the privileged step imports, and that is not in the list, would give stale images."""
    for name in [name for name in recipes.INGREDIENTS if name.endswith(".py") and name != "recipes.py"]:
        for line in (paths.LAB_SOURCE / name).read_text().splitlines():
            if line.startswith("from lab import"):
                imported = line.partition("import ")[2].partition("#")[0]
                assert {f"{word.strip()}.py" for word in imported.split(",")} <= set(recipes.INGREDIENTS)
            elif line.startswith("from lab."):
                assert f"{line.split()[1].removeprefix('lab.')}.py" in recipes.INGREDIENTS


def test_an_unknown_image_is_answered_with_the_known_and_the_variable() -> None:
    with pytest.raises(LabError, match="debian12.*LAB_IMAGE_MY_OWN"):
        recipes.find("my-own")
