# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A machine of the lab: make it, talk to it, crash it, see it come back."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lab import crash, images, launch, paths, qemu, snapshots
from lab.errors import LabError
from lab.faults import Fault, find
from lab.processes import Process
from lab.ssh import Address, Result
from lab.state import State

READY_SECONDS = 240
# Two emulated processors can hang in a reset before the firmware says a word: seen once in some hundred resets.
RESETS, FIRST_WORD_SECONDS = 2, 120.0
START_SECONDS = 30


class Machine:
    """A running machine; make one with `create`, find one with `open`."""

    def __init__(self, state: State) -> None:
        """Wrap a state folder."""
        self.state = state
        self.facts: dict[str, Any] = state.read()
        self.name: str = self.facts["name"]
        self.address = Address(self.facts["port"])

    @classmethod
    def begin(
        cls,
        name: str,
        image: str,
        *,
        memory: int = 512,
        cpus: int = 2,
        snapshot: bool = True,
        owner: Process | None = None,
        extra: Sequence[str] = (),
        reach: Mapping[str, int] | None = None,
        cache: str = "unsafe",
    ) -> Machine:
        """Start a machine without waiting for it; `ready` waits. It reaches the loopback ports of `reach`, by address."""
        source = images.ensure(image)
        hardware = qemu.Hardware(memory, cpus, qemu.accelerator(), tuple(extra), cache)
        if source.foreign:
            qemu.image_format(source.path)
        booted = snapshots.ensure(source, hardware) if snapshot and source.kind == "disk" else None
        return cls(launch.start(launch.Wish(name, source, hardware, owner, booted, reach)))

    @classmethod
    def create(cls, name: str, image: str, **options: Any) -> Machine:
        """Start a machine and wait until it answers on ssh."""
        return cls.begin(name, image, **options).ready()

    @classmethod
    def open(cls, name: str) -> Machine:
        """Return a running machine of this checkout."""
        state = State(paths.state_dir(name))
        if not state.alive():
            raise LabError(
                f"No machine called {name} is running: `python3 tests/lab/cli.py list` shows those that are."
            )
        return cls(state)

    def ready(self, timeout: float = READY_SECONDS) -> Machine:
        """Wait until the machine answers on ssh; a restored one learns the time and gets randomness of its own."""
        own = f"date -s @$(({time.time():.0f} + 1)) >/dev/null && echo {secrets.token_hex(32)} > /dev/urandom"
        if not self.address.wait_boot(timeout, running=self.alive, also=own if self.facts["restored"] else "true"):
            what = f"did not answer on ssh within {timeout:.0f} s" if self.alive() else "ended"
            tail = self.state.log_tail() or self.serial()[-600:]
            self.stop()
            raise LabError(
                f"The machine {self.name} {what}; its last words:\n{tail}\nIts console: {self.facts['keep_log']}"
            )
        return self

    def alive(self) -> bool:
        """Tell whether the machine's program runs: a panicked machine is alive in this sense."""
        return self.state.alive()

    def ssh(self, command: str, timeout: float = 60, text: str | None = None) -> Result:
        """Run a command on the machine as root."""
        return self.address.run(command, timeout, text)

    def boot_id(self) -> str:
        """Return the running boot's id, empty if the machine does not answer."""
        return self.address.boot_id()

    def serial_size(self) -> int:
        """Return how much the console has said so far, in bytes."""
        try:
            return self.state.serial.stat().st_size
        except OSError:
            return 0

    def serial(self, since: int = 0) -> str:
        """Return what the console said after a position."""
        with contextlib.suppress(OSError), open(self.state.serial, "rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")
        return ""

    def crash(self, fault: str | Fault) -> crash.Crash:
        """Make a fault strike; return when the console shows it."""
        return crash.strike(self, find(fault) if isinstance(fault, str) else fault)

    def wait_new_boot(self, old_boot_id: str, timeout: float, since: float | None = None) -> float:
        """Wait for a boot other than the old one; return the seconds since `since` (now, unless given)."""
        began = time.monotonic() if since is None else since
        if not self.address.wait_boot(timeout, old_boot_id, self.alive):
            raise LabError(
                f"{self.name} did not come back within {timeout:.0f} s; its last words:\n{self.serial()[-600:]}"
            )
        took = time.monotonic() - began
        self.forget_connections()
        self.ssh(crash.FORGET)
        return took

    def stays_dead(self, seconds: float) -> bool:
        """Tell whether nothing answers for so long: the machine does not come back by itself."""
        return not self.address.wait_boot(seconds, running=self.alive)

    def reboot_seconds(self, timeout: float = 180) -> float:
        """Restart the machine in the orderly way; return the seconds until ssh is back."""
        old, began = self.boot_id(), time.monotonic()
        self.ssh("systemctl reboot")
        return self.wait_new_boot(old, timeout, since=began)

    def cut_power(self) -> None:
        """Take the power away for a moment: memory is lost, the firmware starts anew."""
        for _attempt in range(RESETS):
            said = self.serial_size()
            with qemu.Qmp(self.state.folder) as control:
                control.execute("system_reset")
            if self._speaks(said):
                break
        self.forget_connections()

    def kill(self) -> None:
        """Kill the machine's program and boot again from its disk; what that had not been told to flush may be lost as well.

        That takes a machine with the cache `writeback`: with `unsafe` a flush is no promise.
        """
        program = self.state.process("machine")
        if program is None or not program.alive():
            raise LabError(f"{self.name} does not run, so that it cannot be killed.")
        self.state.again_file.touch()
        os.kill(program.pid, signal.SIGKILL)
        began = time.monotonic()
        while not self._started_after(program):
            if time.monotonic() - began > START_SECONDS or not self.alive():
                raise LabError(f"{self.name} was not started again; its program said:\n{self.state.log_tail()}")
            time.sleep(0.1)
        self.forget_connections()

    def _started_after(self, program: Process) -> bool:
        now = self.state.process("machine")
        if now is None or now == program:
            return False
        with contextlib.suppress(OSError), qemu.Qmp(self.state.folder):
            return True
        return False

    def _speaks(self, said: int) -> bool:
        """Wait until the console says more than that."""
        began = time.monotonic()
        while self.serial_size() <= said and time.monotonic() - began < FIRST_WORD_SECONDS:
            time.sleep(0.2)
        return self.serial_size() > said

    def monitor(self, line: str) -> str:
        """Run a command of QEMU's monitor."""
        with qemu.Qmp(self.state.folder) as control:
            return control.monitor(line)

    def control_path(self) -> str:
        """Return the socket of the one connection that Ansible and testinfra share."""
        return str(self.state.folder / "ssh")

    def forget_connections(self) -> None:
        """Close shared connections to a boot that is gone: whoever used them next would wait or fail."""
        if os.path.exists(self.control_path()):
            close = ["ssh", "-O", "exit", "-o", f"ControlPath={self.control_path()}", "127.0.0.1"]
            subprocess.run(close, capture_output=True, timeout=10, check=False)
            with contextlib.suppress(OSError):
                os.unlink(self.control_path())

    def stop(self) -> None:
        """End the machine and remove what it was made of."""
        self.forget_connections()
        self.state.stop()
