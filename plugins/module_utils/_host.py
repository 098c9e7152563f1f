# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to the machine: its files (C(_files), C(_file_changes)), sockets (C(_sockets)) and commands. Nothing here knows Ansible."""

import os
import signal
import subprocess
import threading
from typing import IO, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._files import HostError, Space, Unreadable, why
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._sockets import Sockets

__all__ = [
    "CONFIG_DIR",
    "RUN_DIR",
    "STATE_DIR",
    "CommandError",
    "Host",
    "HostError",
    "Observer",
    "Result",
    "Space",
    "Unreadable",
]

# What a host had before our first change, where a file of the distribution cannot tell it any more.
STATE_DIR = "/var/lib/kernelops-panic_hardening"
# What the programs on a host are told.
CONFIG_DIR = "/etc/kernelops-panic_hardening"
# What counts only until the next boot.
RUN_DIR = "/run/kernelops-panic_hardening"
STREAM_CHUNK = 1024 * 1024
SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class CommandError(HostError):
    """A command is missing, took too long, or ended with another code than 0."""


class Result(NamedTuple):
    """What a command left: its exit code and its two streams, decoded."""

    rc: int
    out: str
    err: str


def _end(process: "subprocess.Popen[str]") -> None:
    # Its children may hold the pipes open, and one of them may be beyond killing: neither may hold up the audit.
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        pass


class Host(Sockets):
    """One machine: its files below C(root), and the commands of the running one."""

    def which(self, name: str) -> Optional[str]:
        """The absolute path of an executable in the system's own directories, or None."""
        for folder in SEARCH_PATH:
            path = "%s/%s" % (folder, name)
            if self.exists(path):
                return path
        return None

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        """Run a command (a list, never a shell) in the C locale for at most C(timeout) seconds; it reads C(stdin).

        Raises CommandError when it is missing, too slow, or, with C(check), ends with another code than 0.
        """
        environment = dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))
        handle = None
        try:
            handle = os.open(stdin, os.O_RDONLY)
            process = subprocess.Popen(
                argv,
                stdin=handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                universal_newlines=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], why(error))) from None
        finally:
            if handle is not None:
                os.close(handle)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CommandError("%s: did not end within %d seconds" % (" ".join(argv), timeout)) from None
        if check and process.returncode != 0:
            detail = (err or out).strip()[-2000:] or "no output"
            raise CommandError("%s: ended with code %d: %s" % (" ".join(argv), process.returncode, detail))
        return Result(process.returncode, out, err)

    def output(self, argv: List[str], limit: int, timeout: int = 60) -> Optional[bytes]:
        """What a command prints, as it is; None where that is more than C(limit) bytes. It ends with 0 or 1, as grep does.

        Raises CommandError when it is missing, too slow, or ends otherwise.
        """
        environment = dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], why(error))) from None
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            with process, process.stdout or open(os.devnull, "rb") as stream:
                out = stream.read(limit + 1)
                if len(out) > limit:
                    process.kill()
                    return None
        finally:
            timer.cancel()
        if process.returncode not in (0, 1):
            raise CommandError("%s: ended with code %d" % (argv[0], process.returncode))
        return out

    def stream(self, argv: List[str], handle: IO[bytes], timeout: int = 600) -> Iterator[bytes]:
        """What a command makes of an open file, piece by piece; it is ended when nobody asks for more.

        Raises CommandError when it is missing, too slow, or ends with another code than 0.
        """
        # What Python has already read of the file into its buffer, the command must see too.
        os.lseek(handle.fileno(), 0, os.SEEK_SET)
        environment = dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))
        try:
            process = subprocess.Popen(
                argv,
                stdin=handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], why(error))) from None
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            with process.stdout or open(os.devnull, "rb") as out:
                yield from iter(lambda: out.read(STREAM_CHUNK), b"")
            process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise CommandError("%s: ended with code %d" % (argv[0], process.returncode))


class Observer(Host):
    """A machine that is only looked at: what a command has said once, it need not be asked again, however many roles ask."""

    def __init__(self, root: str = "/") -> None:
        super().__init__(root)
        self._said: Dict[Tuple[str, ...], Result] = {}

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        """As Host.run, with the answer of the same command from before."""
        key = tuple(argv) + (stdin, str(check))
        if key not in self._said:
            self._said[key] = super().run(argv, timeout, check, stdin)
        return self._said[key]
