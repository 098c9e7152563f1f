# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command prints, piece by piece: neither of its streams is ever held as a whole, and none of them can block the other."""

import os
import selectors
import signal
import subprocess
import time
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._files import HostError, why
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._sockets import Sockets

SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# More than a pipe of Linux holds.
PIECE = 1024 * 1024
# Of what a command complains of its last words are enough.
LAST_WORDS = 2000


class CommandError(HostError):
    """A command is missing, took too long, or ended with another code than 0; C(code) is that one, if it ended by itself."""

    def __init__(self, text: str, code: Optional[int] = None) -> None:
        super().__init__(text)
        self.code = code


def environment() -> Dict[str, str]:
    """What every command gets: the system's own programs, and English."""
    return dict(os.environ, LC_ALL="C", PATH=":".join(SEARCH_PATH))


def end(process: "subprocess.Popen[Any]", wait: Callable[..., Any]) -> None:
    """Kill a command that leads its own session, and wait for it with a method of it that takes a timeout."""
    # Its children may hold the pipes open, and one of them may be beyond killing: neither may hold up the audit.
    try:
        os.killpg(process.pid, signal.SIGKILL)
        wait(timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        pass


class Pipes(Sockets):
    """Commands of the running machine, read while they print."""

    def stream(
        self, argv: List[str], handle: Optional[IO[bytes]] = None, timeout: int = 600, codes: Sequence[int] = (0,)
    ) -> Iterator[bytes]:
        """What a command prints, or makes of an open file, in pieces of bounded size; it is ended when nobody asks for more.

        Raises CommandError when it is missing, is not through after C(timeout) seconds, or ends with a code not in C(codes).
        """
        if handle is not None:
            # What Python has already read of the file into its buffer, the command must see too.
            os.lseek(handle.fileno(), 0, os.SEEK_SET)
        try:
            process = subprocess.Popen(
                argv,
                bufsize=0,
                stdin=subprocess.DEVNULL if handle is None else handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], why(error))) from None
        complaints: List[bytes] = [b""]
        try:
            yield from _pieces(process, complaints, time.monotonic() + timeout)
        except subprocess.TimeoutExpired:
            raise CommandError("%s: did not end within %d seconds" % (" ".join(argv), timeout)) from None
        finally:
            _close(process)
        if process.returncode not in codes:
            detail = complaints[0].decode("utf-8", "replace").strip() or "no reason given"
            text = "%s: ended with code %d: %s" % (" ".join(argv), process.returncode, detail)
            raise CommandError(text, process.returncode)

    def output(self, argv: List[str], limit: int, timeout: int = 60) -> Optional[bytes]:
        """What a command prints, as it is; None where that is more than C(limit) bytes. It ends with 0 or 1, as grep does.

        Raises CommandError when it is missing, too slow, or ends otherwise.
        """
        out = bytearray()
        for piece in self.stream(argv, None, timeout, (0, 1)):
            out += piece
            if len(out) > limit:
                return None
        return bytes(out)


def _pieces(process: "subprocess.Popen[bytes]", complaints: List[bytes], deadline: float) -> Iterator[bytes]:
    """The first stream, while the end of the second is kept; returns when the command has ended; raises TimeoutExpired."""
    with selectors.DefaultSelector() as pipes:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                pipes.register(stream, selectors.EVENT_READ)
        while pipes.get_map():
            left = deadline - time.monotonic()
            ready = pipes.select(left) if left > 0 else []
            if not ready:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _events in ready:
                piece = os.read(key.fd, PIECE)
                if not piece:
                    pipes.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    yield piece
                else:
                    complaints[0] = (complaints[0] + piece)[-LAST_WORDS:]
    process.wait(timeout=max(deadline - time.monotonic(), 1))


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Leave nothing behind, whether the command has ended or is still at it."""
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    if process.returncode is None:
        end(process, process.wait)
