# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a message to a service of the machine, and keeps two writers of one file apart."""

import contextlib
import fcntl
import os
import socket
from typing import Iterator

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._file_changes import FileChanges
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._files import HostError, why

SEND_SECONDS = 5


class Sockets(FileChanges):
    """A machine's local sockets, and locks among the programs that run on it."""

    def send(self, path: str, data: bytes) -> None:
        """Send one datagram to a local socket; raises HostError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            # A service that hangs must not hang whoever tells it so.
            door.settimeout(SEND_SECONDS)
            try:
                door.connect(self.real(path))
                door.sendall(data)
            except OSError as error:
                raise HostError("%s: could not be sent to: %s" % (path, why(error))) from None

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Wait until nobody else holds this lock, a file that stays; raises HostError."""
        target = self.real(path)
        try:
            os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
            handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HostError("%s: could not be locked: %s" % (path, why(error))) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
