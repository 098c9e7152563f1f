# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made of captured trees. Runs on every Python from 3.6 on, without Ansible: no newer syntax here."""

import json
import os
import shutil
import subprocess
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

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
        with open(self.root + path) as stream:
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

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        if path in self.refused:
            raise HostError("%s: could not be written: No space left on device; the earlier file is untouched" % path)
        super().write(path, text, mode)

    def write_kernel(self, path: str, value: str) -> None:
        try:
            taken = self.kernel[path](value) if path in self.kernel else value
        except ValueError as error:
            raise HostError("%s: the kernel refused the value '%s': %s" % (path, value, error))
        super().write_kernel(path, taken)

    def run(self, argv: List[str], timeout: int = 60, check: bool = True) -> Result:
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


def refuse(*values: str) -> Callable[[str], str]:
    """A kernel interface that refuses these values (all of them where none is named), as with EINVAL."""

    def take(value: str) -> str:
        if not values or value in values:
            raise ValueError("Invalid argument")
        return value

    return take


class Grubby:
    """A small grubby: it changes the recorded output as the real one changes the entries."""

    def __init__(self, host: FixtureHost, fail_after: Optional[int] = None) -> None:
        self.fail_after = fail_after
        self.writes: List[List[str]] = []
        self.listing = host.answers[("grubby", "--info=ALL")].out

    def __call__(self, argv: List[str]) -> Result:
        if argv == ["grubby", "--info=ALL"]:
            return Result(0, self.listing, "")
        if self.fail_after is not None and len(self.writes) >= self.fail_after:
            return Result(1, "", "grubby: the entry could not be written")
        self.writes.append(argv)
        options = dict(argument[2:].split("=", 1) for argument in argv[1:])
        blocks, inside = [], ""
        for line in self.listing.splitlines():
            if line.startswith("kernel="):
                inside = line[len('kernel="') : -1]
            if line.startswith("args=") and options["update-kernel"] in ("ALL", inside):
                line = 'args="%s"' % self._changed(line[len('args="') : -1], options)
            blocks.append(line)
        self.listing = "\n".join(blocks) + "\n"
        return Result(0, "", "")

    @staticmethod
    def _changed(line: str, options: Dict[str, str]) -> str:
        new = options.get("args", "").split()
        gone = [item.split("=")[0] for item in new + options.get("remove-args", "").split()]
        return " ".join([item for item in line.split() if item.split("=")[0] not in gone] + new)


class GrubMkconfig:
    """grub-mkconfig as far as the command line goes: a real shell reads the real configuration files.

    test_fixtures.py shows that it makes the captured grub.cfg files, to the byte.
    """

    def __init__(self, host: FixtureHost, template: str = "") -> None:
        self.host = host
        self.runs = 0
        self.template = template or host.text("/boot/grub/grub.cfg")

    def __call__(self, argv: List[str]) -> Result:
        assert argv[:2] == ["grub-mkconfig", "-o"], argv
        self.runs += 1
        linux, default = self.variables()
        section, lines = "", []
        for line in self.template.splitlines():
            if line.startswith("### BEGIN "):
                section = line.split()[2]
            head, mark, rest = line.partition(" ro ")
            if mark and line.split()[0] in ("linux", "module2") and section.startswith("/etc/grub.d/"):
                if section.endswith(("10_linux", "20_linux_xen")):
                    recovery = rest.startswith("single")
                    line = "%s ro %s" % (head, "single " + linux if recovery else linux + " " + default)
            lines.append(line)
        self.host.put(argv[2], "\n".join(lines) + "\n")
        return Result(0, "", "Generating grub configuration file ...\ndone\n")

    def variables(self) -> List[str]:
        script = (
            'set -e; . "$1/etc/default/grub"; for x in "$1"/etc/default/grub.d/*.cfg; do if [ -e "$x" ]; then . "$x"; fi; done; '
            'printf "%s\\n%s\\n" "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"'
        )
        process = subprocess.Popen(["sh", "-c", script, "sh", self.host.root], stdout=subprocess.PIPE)
        out = process.communicate(timeout=20)[0].decode("utf-8")
        assert process.returncode == 0, out
        return out.splitlines()


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
