# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The Python interpreters of this machine, one for each minor version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, int]

OLDEST_TARGET: Version = (3, 6)
EVERYTHING = os.environ.get("LAB_FAULTS") == "all"

# A version manager's shims are left out on purpose: they answer for whatever version the current folder asks for.
SEARCHED = (
    "/usr/bin/python3",
    "/usr/bin/python3.*",
    "/usr/local/bin/python3.*",
    "/opt/python*/bin/python3",
    "{pyenv}/versions/*/bin/python3",
    "~/.asdf/installs/python/*/bin/python3",
    "~/.local/share/mise/installs/python/*/bin/python3",
    "~/.local/share/uv/python/*/bin/python3",
)

PROBE = """
import sys
from importlib.util import find_spec
print("%d %d" % sys.version_info[:2])
sys.exit(not (find_spec("venv") and find_spec("ensurepip")))
"""


@dataclass(frozen=True)
class Interpreter:
    version: Version
    path: Path
    makes_venvs: bool

    @property
    def name(self) -> str:
        return ".".join(map(str, self.version))


def candidates(patterns: Iterable[str] = SEARCHED) -> Iterator[Path]:
    pyenv = os.environ.get("PYENV_ROOT", "~/.pyenv")
    for pattern in patterns:
        path = Path(pattern.format(pyenv=pyenv)).expanduser()
        root = Path(path.anchor)
        for found in sorted(root.glob(str(path.relative_to(root)))):
            if not found.name.endswith("-config") and os.access(found, os.X_OK):
                yield found


def probe(path: Path) -> Interpreter | None:
    """Ask the interpreter itself; None when it is broken or too old for any target."""
    try:
        # -I keeps the caller's PYTHON* variables out; -S is quicker, and what is asked for is in the standard library.
        done = subprocess.run([path, "-I", "-S", "-c", PROBE], capture_output=True, text=True, timeout=20, check=False)
        major, minor = done.stdout.split()
        version = (int(major), int(minor))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if version < OLDEST_TARGET:
        return None
    return Interpreter(version, path, makes_venvs=done.returncode == 0)


def choose(found: Iterable[Interpreter | None]) -> list[Interpreter]:
    """One for each version, oldest first; the first that can make an environment wins over all that cannot."""
    chosen: dict[Version, Interpreter] = {}
    for one in found:
        if one and (one.version not in chosen or (one.makes_venvs and not chosen[one.version].makes_venvs)):
            chosen[one.version] = one
    return [chosen[version] for version in sorted(chosen)]


def installed() -> list[Interpreter]:
    return choose(probe(path) for path in candidates())


def newest_between(found: Iterable[Interpreter], oldest: Version, newest: Version) -> Interpreter | None:
    fitting = [one for one in found if oldest <= one.version <= newest and one.makes_venvs]
    return max(fitting, key=lambda one: one.version, default=None)


def for_targets(found: Iterable[Interpreter], everything: bool = EVERYTHING) -> list[Interpreter]:
    """The oldest and the newest, or all; the controller's own only if there is no other: `unit-module_utils` has it."""
    usable = [one for one in found if one.makes_venvs]
    others = [one for one in usable if one.version != sys.version_info[:2]] or usable
    return others if everything or len(others) < 3 else [others[0], others[-1]]


if __name__ == "__main__":
    for one in installed():
        print(f"{one.name:5} {one.path}{'' if one.makes_venvs else '  (no venv or ensurepip module)'}")
