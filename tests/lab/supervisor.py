# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Own one machine's process from start to end; runs detached, one for each machine.

It ends the machine when it is asked to (a file named `stop`), when the owner is gone, and when its time is up; and the
kernel ends the machine when the supervisor is killed. So nothing is left behind, however the caller ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab.processes import Process, identify
from lab.state import State

TICK = 0.25
PR_SET_PDEATHSIG = 1
ENDED = "ended by itself"


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends (in the child, before it becomes QEMU)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def reason_to_stop(state: State, owner: Process | None, deadline: float) -> str:
    """Return why the machine must end now; empty while it may go on."""
    if state.stop_file.exists() or not state.folder.exists():
        return "stopped"
    if owner and not owner.alive():
        return f"its owner, process {owner.pid}, ended"
    if time.time() > deadline:
        return "its time was up (LAB_MAX_SECONDS)"
    return ""


def watch(machine: subprocess.Popen[bytes], state: State, owner: Process | None, deadline: float) -> str:
    """Wait for the machine's end or for a reason to end it; return the reason."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = machine.wait(TICK)
            return "" if state.stop_file.exists() else f"{ENDED} with {code}"
        reason = reason_to_stop(state, owner, deadline)
        if reason:
            return reason


def end(machine: subprocess.Popen[bytes]) -> None:
    """End the machine's process, kindly at first."""
    for patience, stop in ((5, machine.terminate), (5, machine.kill)):
        if machine.poll() is not None:
            return
        stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            machine.wait(patience)


def start(command: Sequence[str], state: State, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the machine's process, and write down which one it is."""
    machine = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - there are no threads here
    )
    state.write_processes(supervisor=identify(os.getpid()), machine=identify(machine.pid))
    return machine


def main() -> int:
    """Start the machine that the state folder describes and stay until it ended."""
    state = State(Path(sys.argv[1]))
    plan = state.read()
    owner = Process(**plan["owner"]) if plan["owner"] else None
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: state.stop_file.touch())
    os.chdir(state.folder)
    with open("program.log", "ab") as log:
        for command in plan["prepare"]:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
        machine = start(plan["command"], state, log)
        reason = watch(machine, state, owner, plan["deadline"])
        while reason.startswith(ENDED) and state.again_file.exists():
            state.again_file.unlink()
            machine = start(plan["again"], state, log)
            reason = watch(machine, state, owner, plan["deadline"])
    end(machine)
    shutil.copyfile("serial.log", plan["keep_log"]) if Path("serial.log").exists() else None
    if reason.startswith(ENDED):
        state.write_ended(reason)
    else:
        os.chdir("/")
        shutil.rmtree(state.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
