# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Which files are the project's: those that git tracks or would track."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
SHIPPED_FOLDERS = ("changelogs", "docs", "meta", "playbooks", "plugins", "roles")
SHIPPED_FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "COPYING", "README.md")
SHELL = re.compile(rb"#!\s*/\S*(?:env\s+)?\b(?:ba|da)?sh\b")


class NoCheckoutError(Exception):
    """The files did not come through git, so nobody can say which of them are the project's."""


def listed(top: Path = TOP) -> list[Path]:
    """Relative to `top`, sorted."""
    # Root may test a checkout that belongs to somebody else (a CI mount); git alone would refuse to look at it.
    git = ["git", "-c", "safe.directory=*", "-C", str(top)]
    done = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=False
    )
    if done.returncode:
        raise NoCheckoutError(f"{top} must be a git checkout: {done.stderr.decode().strip()}")
    names = {Path(name) for name in done.stdout.decode().split("\0") if name}
    return sorted(name for name in names if (top / name).is_symlink() or (top / name).is_file())


def is_shipped(name: Path) -> bool:
    """Whether users get this file, given relative to the checkout."""
    return name.parts[0] in SHIPPED_FOLDERS if len(name.parts) > 1 else str(name) in SHIPPED_FILES


def shell_scripts(top: Path = TOP) -> list[str]:
    found = []
    for name in listed(top):
        if name.is_relative_to("tests/fixtures"):
            continue  # captured files stay as they were
        if name.suffix == ".sh" or not name.suffix:
            with (top / name).open("rb") as file:
                if name.suffix or SHELL.match(file.readline(200)):
                    found.append(str(name))
    return found
