# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""One connection of a guest, on standard input and output, to a loopback port: QEMU starts this for each."""

from __future__ import annotations

import os
import socket
import sys
import threading


def send(target: socket.socket) -> None:
    """Hand on what the guest says until it hangs up."""
    while data := os.read(0, 65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def main() -> None:
    """Connect, and copy in both directions."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as target:
        threading.Thread(target=send, args=(target,), daemon=True).start()
        while data := target.recv(65536):
            view = memoryview(data)
            while view:
                view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
