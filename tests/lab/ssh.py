# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Commands on a machine, over ssh on loopback, with the lab's key and nobody's configuration."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import paths

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
BANNER_WAIT = 3.0


@dataclass(frozen=True)
class Result:
    """What a command on the machine did; 255 is ssh's own failure, 124 the time limit."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Address:
    """Where a machine listens."""

    port: int
    user: str = "root"
    control: Path | None = None

    def options(self) -> list[str]:
        """Return ssh's options: a machine that was made this minute has no host key to remember."""
        return [
            *("-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"),
            *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4"),
        ]

    def command(self, remote: str | None = None, connect_timeout: int = 10) -> list[str]:
        """Return the ssh command line, for a shell if no remote command is given."""
        base = ["ssh", *self.options(), "-o", f"ConnectTimeout={connect_timeout}", "-i", str(key_file())]
        base += ["-p", str(self.port), f"{self.user}@127.0.0.1"]
        return base if remote is None else [*base, remote]

    def run(self, remote: str, timeout: float = 60, text: str | None = None) -> Result:
        """Run a command; never raise for what happens on the machine."""
        try:
            done = subprocess.run(
                self.command(remote),
                input=text,
                stdin=subprocess.DEVNULL if text is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Result(124, "", f"no answer within {timeout:.0f} s")
        return Result(done.returncode, done.stdout, done.stderr)

    def answers(self) -> bool:
        """Tell whether an ssh server greets: far cheaper in an emulated machine than a handshake."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), BANNER_WAIT) as probe:
                probe.settimeout(BANNER_WAIT)
                return probe.recv(8).startswith(b"SSH-")
        except OSError:
            return False

    def boot_id(self, timeout: float = 20, also: str = "true") -> str:
        """Return the id of the running boot, empty if the machine does not answer; `also` spares a second handshake."""
        result = self.run(f"{BOOT_ID} && {also}", timeout)
        return result.stdout.strip() if result.returncode == 0 else ""

    def wait_boot(
        self, timeout: float, old: str = "", running: Callable[[], bool] = lambda: True, also: str = "true"
    ) -> str:
        """Wait until a boot other than `old` answers; return its id, empty after the time limit."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and running():
            if self.answers():
                found = self.boot_id(max(1.0, min(20.0, deadline - time.monotonic())), also)
                if found and found != old:
                    return found
            time.sleep(0.3)
        return ""


def key_file() -> Path:
    """Return the lab's private key."""
    return paths.folder("keys") / "id_ed25519"
