# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Build the collection's archive, look into it, install it elsewhere, and use it from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from house import sources

NAME = "kernelops.panic_hardening"
MADE_BY_GALAXY = ("FILES.json", "MANIFEST.json")


class ArchiveError(Exception):
    """The archive is not what a user should get."""


def check_names(names: Iterable[str], project: Iterable[Path]) -> None:
    """All that is meant for users must be in, and nothing else: a list of what must not be in would forget something."""
    held = set(names)
    wanted = {str(name) for name in project if sources.is_shipped(name)} | set(MADE_BY_GALAXY)
    if stray := sorted(held - wanted):
        raise ArchiveError(f"in the archive, but not meant for users: {', '.join(stray)} (build_ignore in galaxy.yml)")
    if lost := sorted(wanted - held):
        raise ArchiveError(f"not in the archive: {', '.join(lost)} (build_ignore in galaxy.yml)")


def call(cwd: Path, *argv: str) -> str:
    # The checkout is on Python's path in this environment; without that path only the installed archive can be found.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false", "ANSIBLE_HOME": str(cwd / "home")}
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(cwd / "collections")
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ArchiveError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(scratch: Path, top: Path) -> Path:
    call(scratch, "ansible-galaxy", "collection", "build", str(top), "--output-path", str(scratch))
    return next(scratch.glob("*.tar.gz"))


def check_documentation(scratch: Path, top: Path) -> int:
    modules = sorted(path.stem for path in (top / "plugins" / "modules").glob("[!_]*.py"))
    listed = json.loads(call(scratch, "ansible-doc", "--json", *(f"{NAME}.{module}" for module in modules)))
    for name, page in listed.items():
        if not page["doc"]["filename"].startswith(str(scratch)):
            raise ArchiveError(f"{name} was read from {page['doc']['filename']}, not from the installed archive")
    return len(listed)


def check_playbooks(scratch: Path, top: Path) -> None:
    # Implicit localhost is no host of `all`; a comma makes an inventory of one.
    host = ("-i", "localhost,", "-c", "local", "-e", "ansible_python_interpreter=/usr/bin/python3")
    for playbook in sorted((top / "playbooks").glob("*.yml")):
        call(scratch, "ansible-playbook", "--syntax-check", *host, f"{NAME}.{playbook.stem}")
    call(scratch, "ansible-playbook", *host, "-e", "panic_hardening_become=false", f"{NAME}.audit")
    if not json.loads((scratch / "audit.json").read_text()):
        raise ArchiveError("the audit from the installed archive left an empty audit.json")


def main(top: Path = sources.TOP) -> int:
    with tempfile.TemporaryDirectory(prefix="kernelops-archive-") as name:
        scratch = Path(name).resolve()
        archive = build(scratch, top)
        with tarfile.open(archive) as tar:
            held = [member.name for member in tar if not member.isdir()]
        check_names(held, sources.listed(top))
        call(scratch, "ansible-galaxy", "collection", "install", "--offline", "-p", "collections", str(archive))
        modules = check_documentation(scratch, top)
        check_playbooks(scratch, top)
        print(f"{archive.name}: {len(held)} files, {archive.stat().st_size // 1000} kB, {modules} modules")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArchiveError as error:
        sys.exit(str(error))
