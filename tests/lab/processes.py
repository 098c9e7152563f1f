# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Processes told apart by pid and start time, and the one that a machine belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    start: str

    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        return bool(self.start) and start_time(self.pid) == self.start

    def describe(self) -> str:
        """Return pid and command line for a message."""
        return f"process {self.pid} ({' '.join(command_line(self.pid))[:120]})"

    def as_dict(self) -> dict[str, object]:
        """Return a form that JSON can hold."""
        return asdict(self)


def _stat_fields(pid: int) -> list[str]:
    """Return /proc/PID/stat after the command name, which may itself hold blanks and brackets."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def start_time(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; empty if it is gone or a zombie."""
    fields = _stat_fields(pid)
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def parent_of(pid: int) -> int:
    """Return the parent's pid, 0 if there is none."""
    fields = _stat_fields(pid)
    return int(fields[1]) if len(fields) > 1 else 0


def command_line(pid: int) -> list[str]:
    """Return a process's arguments, empty if it is gone."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in raw.split(b"\0") if part]


def identify(pid: int) -> Process:
    """Return the process that has this pid now."""
    return Process(pid, start_time(pid))


def owns_machines(command: Sequence[str]) -> bool:
    """Tell whether a command is a `molecule test` that will destroy what it creates."""
    names = [os.path.basename(part) for part in command[:3]]
    if "molecule" not in names:
        return False
    arguments = list(command[names.index("molecule") + 1 :])
    if "test" not in arguments:
        return False
    return not re.search(r"--destroy[= ]never\b", " ".join(arguments))


def ancestors(pid: int, parent: Callable[[int], int] = parent_of) -> list[int]:
    """Return the chain of parents, nearest first."""
    chain: list[int] = []
    current = parent(pid)
    while current > 1 and current not in chain:
        chain.append(current)
        current = parent(current)
    return chain


def find_owner(pid: int | None = None) -> Process | None:
    """Return the `molecule test` that this process runs under, if there is one."""
    for candidate in ancestors(os.getpid() if pid is None else pid):
        if owns_machines(command_line(candidate)):
            return identify(candidate)
    return None
