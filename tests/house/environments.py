# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Make the project's Python environments (tests/setup calls it: python3 -m house.environments NAME...)."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from house import interpreters

TOP = Path(__file__).resolve().parent.parent.parent
ENDLESS: interpreters.Version = (3, 999)
RECIPE = "1"  # part of every stamp: raise it when make() itself changes, and every environment is made anew


class SetupError(Exception):
    """An environment cannot be made; the text says why and what to do."""


@dataclass(frozen=True)
class Environment:
    folder: str
    requirements: str
    megabytes: int
    oldest: interpreters.Version = (3, 11)
    newest: interpreters.Version = ENDLESS
    holds_collection: bool = True


# "main" and "bench" run on the interpreter that runs this file; the others search for a fitting one.
ENVIRONMENTS = {
    "main": Environment(".venv", "tests/requirements.txt", 500),
    "bench": Environment(".venv-bench", "tests/requirements-bench.txt", 1000),
    "core-2.16": Environment(".venv-core/2.16", "tests/requirements-core-2.16.txt", 150, (3, 10), (3, 12)),
    "core-newest": Environment(".venv-core/newest", "tests/requirements-core-newest.txt", 150, (3, 12)),
}


def target(version: interpreters.Version) -> Environment:
    """The environment in which what runs on a host is tested: pytest and no Ansible."""
    name = ".".join(map(str, version))
    return Environment(
        f".venv-targets/{name}", "tests/requirements-target.txt", 60, version, version, holds_collection=False
    )


def link_collection(parent: Path, top: Path = TOP) -> None:
    """Let `parent`, a folder on Python's path, hold the checkout as the collection."""
    link = parent / "ansible_collections" / "kernelops" / "panic_hardening"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(top)


def stamp_text(environment: Environment, python: Path, version: interpreters.Version, top: Path) -> str:
    pins = (top / environment.requirements).read_bytes()
    parts = (RECIPE, str(top / environment.folder), str(python), str(version), hashlib.sha256(pins).hexdigest())
    return "\n".join(parts) + "\n"


def is_complete(folder: Path, stamp: str) -> bool:
    """True only after a make() that came to its end, for the same pins, interpreter and place."""
    written = folder / "complete"
    return (folder / "bin" / "python").exists() and written.is_file() and written.read_text() == stamp


def run(argv: Sequence[str | Path], doing: str) -> None:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError(f"{doing} failed:\n{end}\nThis machine's own pip settings are used: see `pip config list`.")


def discard(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def make(environment: Environment, python: Path, version: interpreters.Version, top: Path = TOP) -> bool:
    """False when there was nothing to do."""
    folder = top / environment.folder
    stamp = stamp_text(environment, python, version, top)
    if is_complete(folder, stamp):
        return False
    free = shutil.disk_usage(top).free // 1_000_000
    if free < environment.megabytes:
        raise SetupError(f"{folder} needs {environment.megabytes} MB, {top} has {free} MB free: make room there.")
    print(f"making {environment.folder} (Python {version[0]}.{version[1]}, {environment.requirements})", flush=True)
    discard(folder)
    run([python, "-m", "venv", folder], f"python3 -m venv {folder}")
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip"]
    # --no-deps: what is not pinned must not come in; `pip check` then finds a pin that is missing.
    run([*pip, "install", "--quiet", "--no-deps", "-r", top / environment.requirements], "pip install")
    run([*pip, "check"], f"pip check: the pins in {environment.requirements} do not fit together. It")
    if environment.holds_collection:
        link_collection(next((folder / "lib").glob("python3.*/site-packages")), top)
    (folder / "complete").write_text(stamp)
    return True


def ensure(name: str, found: list[interpreters.Interpreter], top: Path = TOP) -> None:
    environment = ENVIRONMENTS[name]
    if name in ("main", "bench"):
        make(environment, Path(sys.executable), sys.version_info[:2], top)
        return
    chosen = interpreters.newest_between(found, environment.oldest, environment.newest)
    if chosen:
        make(environment, chosen.path, chosen.version, top)
    elif name == "core-newest":
        stand_in(environment, top)
    else:
        # Its Pythons leave the distributions; where none is left it is tried on the one that is there.
        make(environment, Path(sys.executable), sys.version_info[:2], top)


def stand_in(environment: Environment, top: Path) -> None:
    """The newest ansible-core that runs on the Python of .venv is the one in .venv."""
    folder, main_folder = top / environment.folder, top / ENVIRONMENTS["main"].folder
    if folder.is_symlink() and folder.resolve() == main_folder.resolve():
        return
    print(f"{environment.folder}: no newer Python was found, so .venv stands in for it")
    discard(folder)
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(main_folder)


def ensure_targets(found: list[interpreters.Interpreter]) -> None:
    for one in interpreters.for_targets(found):
        make(target(one.version), one.path, one.version)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="+", choices=[*ENVIRONMENTS, "targets"])
    names = parser.parse_args().name
    searching = any(name not in ("main", "bench") for name in names)
    try:
        found = interpreters.installed() if searching else []
        for name in names:
            if name == "targets":
                ensure_targets(found)
            else:
                ensure(name, found)
    except SetupError as error:
        print(f"tests/setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tests/setup: interrupted; the next run begins this environment anew", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
