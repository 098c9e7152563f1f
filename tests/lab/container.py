# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A system container (systemd-nspawn): what a guest without a kernel of its own looks like to Ansible."""

from __future__ import annotations

from pathlib import Path

from lab.ssh import Address

SSHD = "Port {port}\nListenAddress 127.0.0.1\nPidFile none\n"


def command(name: str) -> list[str]:
    """Return the container's command line; it shares the host's network, and sshd listens on loopback only."""
    return [
        *("systemd-nspawn", "--quiet", "--boot", "--directory=root", f"--machine=lab-{name}"),
        *("--register=no", "--keep-unit", "--console=read-only", "--resolv-conf=off", "--timezone=off"),
        "--kill-signal=SIGRTMIN+3",
    ]


def prepare(archive: Path, port: int) -> list[list[str]]:
    """Return the commands that make the root tree in the state folder, as root."""
    # Debian's presets enable ssh.socket as well, and that one listens on port 22 of every address.
    script = (
        'rm -rf root && mkdir -m 755 root && tar --zstd -C root -xf "$1" && printf "$2" > root/etc/ssh/sshd_config.d/lab.conf'
        " && ln -sf /dev/null root/etc/systemd/system/ssh.socket"
    )
    return [["sh", "-ec", script, "sh", str(archive), SSHD.format(port=port).replace("\n", "\\n")]]


def answers(port: int) -> bool:
    """Tell whether the container's ssh server greets."""
    return Address(port).answers()
