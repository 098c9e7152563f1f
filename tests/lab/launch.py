# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Start a machine's process under its supervisor, on a port that nobody else took."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import container, images, paths, privileges, processes, qemu, resources, seed
from lab.errors import LabError
from lab.processes import Process
from lab.state import State, claim

PORT_ATTEMPTS = 5
MAX_SECONDS = 5400
# Beside the guest's own memory: QEMU itself and the part of its translation buffer that a short life fills.
QEMU_OVERHEAD_MIB = 256
DISK_MIB = 1024


@dataclass(frozen=True)
class Wish:
    """A machine to start."""

    name: str
    image: images.Image
    hardware: qemu.Hardware
    owner: Process | None = None
    snapshot: Path | None = None
    reach: Mapping[str, int] | None = None  # loopback ports by the address at which the machine finds them


def max_seconds() -> float:
    """Return the longest life of a machine."""
    text = os.environ.get("LAB_MAX_SECONDS", str(MAX_SECONDS))
    if not text.isdigit() or int(text) < 1:
        raise LabError(f"LAB_MAX_SECONDS is {text!r}: it must be a whole number of seconds.")
    return float(text)


def description(
    wish: Wish, port: int, command: Sequence[str], prepare: Sequence[Sequence[str]] = ()
) -> dict[str, object]:
    """Return what the supervisor and later callers must know of a machine."""
    return {
        "name": wish.name,
        "kind": wish.image.kind,
        "image": wish.image.name,
        "foreign": wish.image.foreign,
        "port": port,
        "memory": wish.hardware.memory,
        "accel": wish.hardware.accel,
        "restored": wish.snapshot is not None,
        "owner": wish.owner.as_dict() if wish.owner else None,
        "deadline": time.time() + max_seconds(),
        "keep_log": str(paths.folder("logs") / f"{paths.scope()}.{wish.name}.log"),
        "prepare": [list(part) for part in prepare],
        "command": list(command),
        "again": qemu.afresh(command),
    }


def _provide_disk(wish: Wish, state: State) -> None:
    disk = state.folder / "disk.qcow2"
    if wish.snapshot:
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(wish.snapshot), str(disk)], check=True)
    else:
        qemu.overlay(disk, wish.image.path)
    if wish.image.foreign:
        seed.write(state.folder / "seed.iso", wish.image.name, images.public_key())


def _describe(wish: Wish, port: int) -> dict[str, object]:
    if wish.image.kind == "tree":
        return description(wish, port, container.command(wish.name), container.prepare(wish.image.path, port))
    command = qemu.command(
        name=wish.name,
        hardware=wish.hardware,
        port=port,
        seed=wish.image.foreign,
        restore=wish.snapshot is not None,
        reach=wish.reach,
    )
    return description(wish, port, command)


def _spawn(state: State, prefix: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the supervisor, detached: a Ctrl-C in the caller's terminal must not reach it."""
    with open(state.folder / "supervisor.log", "ab") as log:
        return subprocess.Popen(
            [*prefix, sys.executable, str(paths.LAB_SOURCE / "supervisor.py"), str(state.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _wait_started(state: State, supervisor: subprocess.Popen[bytes], ready: Callable[[], bool], timeout: float) -> bool:
    """Wait until the machine's program is up; False if it ended instead."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if state.ended_file.exists() or supervisor.poll() is not None:
            return False
        if state.alive() and ready():
            return True
        time.sleep(0.05)
    return False


def _control_answers(state: State) -> bool:
    try:
        with qemu.Qmp(state.folder, timeout=30):
            return True
    except (OSError, LabError):
        return False


def _port_was_taken(state: State) -> bool:
    return any(
        words in state.log_tail(20) for words in ("Could not set up host forwarding rule", "Address already in use")
    )


def check_room(wish: Wish) -> None:
    """Refuse what would fail half-way for lack of memory or disk."""
    if wish.image.kind == "disk":
        resources.require_memory(wish.hardware.memory + QEMU_OVERHEAD_MIB, f"start the machine {wish.name}")
        if wish.hardware.accel == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise LabError("LAB_ACCEL is kvm, and /dev/kvm cannot be opened: join the group kvm, or unset LAB_ACCEL.")
    resources.require_disk(paths.folder("run"), DISK_MIB, f"start the machine {wish.name}")


def start(wish: Wish) -> State:
    """Start a machine and return its state; its program runs, but may not answer on ssh yet."""
    check_room(wish)
    prefix = privileges.root_prefix("start a container") if wish.image.kind == "tree" else []
    mine = {os.getpid(), *processes.ancestors(os.getpid())}
    with paths.lock(f"machine-{wish.name}"):
        state = claim(wish.name, _describe(wish, 0), mine)
        try:
            if wish.image.kind == "disk":
                _provide_disk(wish, state)
            return _start_on_free_port(wish, state, prefix)
        except BaseException:
            if state.alive():
                state.stop()
            shutil.rmtree(state.folder, ignore_errors=True)
            raise


def _start_on_free_port(wish: Wish, state: State, prefix: Sequence[str]) -> State:
    for _ in range(PORT_ATTEMPTS):
        port = qemu.free_port()
        state.write(_describe(wish, port))
        supervisor = _spawn(state, prefix)
        ready = (
            functools.partial(container.answers, port)
            if wish.image.kind == "tree"
            else functools.partial(_control_answers, state)
        )
        if _wait_started(state, supervisor, ready, 60):
            return state
        if not _port_was_taken(state):
            break
        for name in ("ended.json", "processes.json", "program.log"):
            (state.folder / name).unlink(missing_ok=True)
    raise LabError(f"The machine {wish.name} did not start; its program said:\n{state.log_tail() or '(nothing)'}")
