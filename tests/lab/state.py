# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A machine's state folder: what it is, who runs it, how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import LabError
from lab.processes import Process


@dataclass(frozen=True)
class State:
    """One folder below the cache's `run`."""

    folder: Path

    @property
    def stop_file(self) -> Path:
        """Return the file whose presence asks the supervisor to end the machine."""
        return self.folder / "stop"

    @property
    def again_file(self) -> Path:
        """Return the file whose presence asks the supervisor to start a machine again that ends by itself."""
        return self.folder / "again"

    @property
    def ended_file(self) -> Path:
        """Return the file that says how a machine ended by itself."""
        return self.folder / "ended.json"

    @property
    def serial(self) -> Path:
        """Return the console's log."""
        return self.folder / "serial.log"

    def write(self, description: dict[str, Any]) -> None:
        """Write what the machine is, whole or not at all."""
        _replace(self.folder / "machine.json", description)

    def read(self) -> dict[str, Any]:
        """Return what the machine is."""
        return _load(self.folder / "machine.json")

    def write_processes(self, **processes: Process) -> None:
        """Write which processes run the machine."""
        _replace(self.folder / "processes.json", {name: process.as_dict() for name, process in processes.items()})

    def write_ended(self, reason: str) -> None:
        """Write why the machine is no longer there."""
        _replace(self.ended_file, {"reason": reason})

    def process(self, name: str) -> Process | None:
        """Return the supervisor or the machine's own process, if it was started."""
        found = _load(self.folder / "processes.json").get(name)
        return Process(**found) if found else None

    def alive(self) -> bool:
        """Tell whether a supervisor still runs this machine."""
        supervisor = self.process("supervisor")
        return bool(supervisor and supervisor.alive() and not self.ended_file.exists())

    def owner(self) -> Process | None:
        """Return the process whose end is the machine's end, if there is one."""
        found = self.read().get("owner")
        return Process(**found) if found else None

    def log_tail(self, lines: int = 8) -> str:
        """Return the last words of the machine's program, for an error message."""
        with contextlib.suppress(OSError):
            text = (self.folder / "program.log").read_text(encoding="utf-8", errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def remove(self) -> None:
        """Remove what a dead machine left; its process is dead or ended here."""
        machine = self.process("machine")
        if machine and machine.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(machine.pid, 9)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            raise LabError(f"Cannot remove what a dead machine left in {self.folder}: remove it as root.")

    def stop(self, timeout: float = 20) -> None:
        """Ask the supervisor to end the machine and wait until nothing of it is left."""
        with contextlib.suppress(OSError):
            self.stop_file.touch()
        deadline = time.monotonic() + timeout
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.alive():
            supervisor = self.process("supervisor")
            raise LabError(
                f"The machine in {self.folder} did not end within {timeout:.0f} s: kill {supervisor and supervisor.pid}"
            )
        self.remove()


def all_states() -> list[State]:
    """Return every machine's state folder of this checkout, dead ones included."""
    return [State(path) for path in sorted(paths.folder("run").glob(f"{paths.scope()}.*")) if path.is_dir()]


def claim(name: str, description: dict[str, Any], mine: set[int]) -> State:
    """Take a name for a new machine: clean a dead one's leftovers, refuse a live one."""
    state = State(paths.state_dir(name))
    if state.folder.exists():
        if state.alive():
            raise LabError(busy(name, state, mine))
        state.remove()
    state.folder.mkdir(mode=0o700)
    state.write(description)
    return state


def busy(name: str, state: State, mine: set[int]) -> str:
    """Say who holds a machine's name, and what to do about it."""
    owner = state.owner()
    if owner and owner.pid not in mine:
        return (
            f"The machine {name} belongs to another run, {owner.describe()}: wait for its end, "
            f"or end the machine with `python3 tests/lab/cli.py down {name} --force`, or set LAB_RUN_ID to run beside it."
        )
    return f"A machine called {name} is already running: `python3 tests/lab/cli.py down {name}` ends it."


def _replace(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(temporary, path)


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
