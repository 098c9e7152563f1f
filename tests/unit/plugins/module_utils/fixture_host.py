# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made of captured trees. Runs on every Python from 3.6 on, without Ansible: no newer syntax here."""

import json
import os
import shutil
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CommandError,
    Host,
    HostError,
    Result,
    Unreadable,
)

FIXTURES = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../fixtures"))


class FixtureHost(Host):
    """A host below a directory: its commands answer from recordings, and its kernel can refuse values."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.answers: Dict[Tuple[str, ...], Result] = {}
        self.programs: Dict[str, Callable[[List[str]], Result]] = {}
        self.calls: List[List[str]] = []
        self.denied: Set[str] = set()
        self.refused: Set[str] = set()
        self.kernel: Dict[str, Callable[[str], str]] = {}
        self.owners: Dict[str, int] = {}
        self.settled: List[str] = []
        recorded = os.path.join(root, "commands.json")
        if os.path.exists(recorded):
            with open(recorded) as stream:
                for item in json.load(stream):
                    self.answers[tuple(item["argv"])] = Result(item["rc"], item["out"], item["err"])

    def put(self, path: str, text: str) -> None:
        """Make a file as if it had always been there."""
        folder = os.path.dirname(self.root + path)
        if not os.path.isdir(folder):
            os.makedirs(folder)
        with open(self.root + path, "w") as stream:
            stream.write(text)

    def link(self, path: str, target: str) -> None:
        folder = os.path.dirname(self.root + path)
        if not os.path.isdir(folder):
            os.makedirs(folder)
        os.symlink(target, self.root + path)

    def text(self, path: str) -> str:
        """What a file really holds, past every stub."""
        with open(self.root + path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return stream.read()

    def snapshot(self) -> Dict[str, Any]:
        """Every file, link and directory below the root, to show that nothing changed."""
        seen: Dict[str, Any] = {}
        for folder, _folders, names in os.walk(self.root):
            seen[folder[len(self.root) :]] = "directory"
            for name in names:
                path = os.path.join(folder, name)
                key = path[len(self.root) :]
                seen[key] = os.readlink(path) if os.path.islink(path) else (self.text(key), os.stat(path).st_mode)
        return seen

    def read(self, path: str) -> Optional[str]:
        if path in self.denied:
            raise Unreadable("%s: Permission denied" % path)
        return super().read(path)

    def owner(self, path: str) -> Tuple[int, int]:
        """Root's, whoever runs the tests, where a test does not say otherwise."""
        return self.owners.get(path, 0), super().owner(path)[1]

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        if path in self.refused:
            raise HostError("%s: could not be written: No space left on device; the earlier file is untouched" % path)
        super().write(path, text, mode)

    def overwrite(self, path: str, text: str) -> None:
        if path in self.refused:
            raise HostError("%s: could not be written: Input/output error" % path)
        super().overwrite(path, text)

    def settle(self, folder: str) -> None:
        """The file system of whoever runs the tests is left alone."""
        self.settled.append(folder)

    def write_kernel(self, path: str, value: str) -> None:
        try:
            taken = self.kernel[path](value) if path in self.kernel else value
        except ValueError as error:
            raise HostError("%s: the kernel refused the value '%s': %s" % (path, value, error)) from error
        super().write_kernel(path, taken)

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        self.calls.append(list(argv))
        if argv[0] in self.programs:
            result = self.programs[argv[0]](list(argv))
        elif tuple(argv) in self.answers:
            result = self.answers[tuple(argv)]
        else:
            pytest.fail("a command that nobody recorded: %r" % (argv,))
        if check and result.rc != 0:
            raise CommandError("%s: ended with code %d: %s" % (" ".join(argv), result.rc, result.err or result.out))
        return result

    def stream(
        self, argv: List[str], handle: Optional[IO[bytes]] = None, timeout: int = 600, codes: Sequence[int] = (0,)
    ) -> Iterator[bytes]:
        if argv[0] not in self.programs:
            yield from super().stream(argv, handle, timeout, codes)
            return
        result = self.run(argv, timeout, check=False)
        yield result.out.encode()
        if result.rc not in codes:
            raise CommandError("%s: ended with code %d: %s" % (argv[0], result.rc, result.err), result.rc)


def refuse(*values: str) -> Callable[[str], str]:
    """A kernel interface that refuses these values (all of them where none is named), as with EINVAL."""

    def take(value: str) -> str:
        if not values or value in values:
            raise ValueError("Invalid argument")
        return value

    return take


def copy_tree(source: str, target: str) -> None:
    """Copy a tree over another, links as links."""
    for folder, folders, names in os.walk(source):
        inside = os.path.join(target, os.path.relpath(folder, source))
        if not os.path.isdir(inside):
            os.makedirs(inside)
        for name in names + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
            place = os.path.join(inside, name)
            if os.path.lexists(place):
                os.unlink(place)
            shutil.copy2(os.path.join(folder, name), place, follow_symlinks=False)
