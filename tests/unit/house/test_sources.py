# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Which files count as the project's, and which of them users get."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from house import archive, sanity, sources


@pytest.fixture
def top(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for name, text in {
        ".gitignore": "/.venv/\n",
        ".venv/bin/x": "#!/bin/sh\n",
        "README.md": "read me\n",
        "galaxy.yml": "name: x\n",
        "plugins/modules/a.py": "#!/usr/bin/python\n",
        "tests/setup": "#!/usr/bin/env bash\n",
        "tests/dashed": "#! /bin/sh -eu\n",
        "tests/tool": "#!/usr/bin/env python3\n",
        "tests/plain.sh": "echo\n",
        "tests/notes": "bash\n",
        "tests/fixtures/debian/usr/sbin/captured": "#!/bin/sh\n",
        "tests/sanity/ignore-2.19.txt": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests/fixtures/link").symlink_to("nowhere")
    return tmp_path


def test_what_git_ignores_is_not_listed_and_what_it_does_not_know_yet_is(top: Path) -> None:
    names = [str(name) for name in sources.listed(top)]
    assert "plugins/modules/a.py" in names
    assert "tests/fixtures/link" in names
    assert not [name for name in names if name.startswith(".venv")]


def test_a_file_that_git_knows_but_that_is_gone_is_not_listed(top: Path) -> None:
    subprocess.run(["git", "-C", top, "add", "README.md"], check=True)
    (top / "README.md").unlink()
    assert Path("README.md") not in sources.listed(top)


def test_a_copy_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sources.NoCheckoutError, match="must be a git checkout"):
        sources.listed(tmp_path)


def test_shell_scripts_are_known_by_their_first_line(top: Path) -> None:
    assert sources.shell_scripts(top) == ["tests/dashed", "tests/plain.sh", "tests/setup"]


def test_the_copy_for_ansible_test_holds_what_users_get(top: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = sanity.copy(top, tmp_path_factory.mktemp("sanity"))
    assert place.parts[-3:] == ("ansible_collections", "kernelops", "panic_hardening")
    held = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert held == {"README.md", "galaxy.yml", "plugins/modules/a.py", "tests/sanity/ignore-2.19.txt"}


PROJECT = [Path(name) for name in ("README.md", "Makefile", "plugins/modules/a.py", "tests/setup", ".ci/run")]
GOOD = ["MANIFEST.json", "FILES.json", "README.md", "plugins/modules/a.py"]


def test_an_archive_as_it_should_be() -> None:
    archive.check_names(GOOD, PROJECT)


@pytest.mark.parametrize("stray", ["tests/setup", "Makefile", ".ci/run", "plugins/__pycache__/a.pyc", "audit.json"])
def test_what_is_not_for_users_is_found_in_the_archive(stray: str) -> None:
    with pytest.raises(archive.ArchiveError, match=f"not meant for users: {stray} "):
        archive.check_names([*GOOD, stray], PROJECT)


def test_what_users_lack_is_found() -> None:
    with pytest.raises(archive.ArchiveError, match=r"not in the archive: plugins/modules/a\.py "):
        archive.check_names(GOOD[:-1], PROJECT)


def test_pips_settings_become_a_file() -> None:
    listing = "global.index-url='https://example.invalid/simple'\ninstall.quiet='1'\n:env:.find-links='/a b'\n\n"
    settings = sanity.pip_settings(listing)
    assert {name: dict(settings[name]) for name in settings.sections()} == {
        "global": {"index-url": "https://example.invalid/simple", "find-links": "/a b"},
        "install": {"quiet": "1"},
    }
