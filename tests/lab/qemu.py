# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The command line of a machine, and its control socket."""

from __future__ import annotations

import functools
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

ACCELERATORS = {
    # Two threads and a large translation buffer: 12 instead of 20 s to SSH.
    "tcg": "tcg,tb-size=512,thread=multi",
    "kvm": "kvm",
    "hvf": "hvf",
}
# Every feature of an emulated processor makes udev load a driver for it. A user's image may need more than ours.
PLAIN_CPU, FULL_CPU, REAL_CPU = "qemu64,svm=off", "max", "host"
SNAPSHOT = "booted"
PROGRAM = "qemu-system-x86_64"
RELAY = Path(__file__).with_name("relay.py")


@dataclass(frozen=True)
class Hardware:
    """What a booted snapshot depends on: restored with anything else, it would not start."""

    memory: int = 512
    cpus: int = 2
    accel: str = "tcg"
    extra: tuple[str, ...] = ()
    # The fastest one takes no notice of a flush, as if no disk ever lost its power.
    cache: str = "unsafe"


def accelerator(environ: Mapping[str, str] = os.environ) -> str:
    """Return the accelerator asked for; software emulation unless the user says otherwise."""
    name = environ.get("LAB_ACCEL") or "tcg"
    if name not in ACCELERATORS:
        raise LabError(f"LAB_ACCEL is {name!r}: it must be one of {', '.join(ACCELERATORS)}.")
    return name


@functools.cache
def version() -> str:
    """Return QEMU's own version line: a snapshot of one version is not another's."""
    if not shutil.which(PROGRAM):
        raise LabError(f"{PROGRAM} is missing: apt-get install qemu-system-x86")
    return subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]


def command(
    *, name: str, hardware: Hardware, port: int, seed: bool, restore: bool, reach: Mapping[str, int] | None = None
) -> list[str]:
    """Return QEMU's command line; file names are relative to the machine's state folder."""
    arguments = [PROGRAM, "-name", name, "-machine", "q35", "-accel", ACCELERATORS[hardware.accel]]
    emulated = FULL_CPU if seed else PLAIN_CPU
    arguments += ["-cpu", emulated if hardware.accel == "tcg" else REAL_CPU]
    arguments += ["-smp", str(hardware.cpus), "-m", str(hardware.memory)]
    arguments += ["-display", "none", "-nodefaults", "-no-user-config"]
    drive = f"file=disk.qcow2,if=none,id=disk0,format=qcow2,cache={hardware.cache},discard=unmap"
    arguments += ["-drive", drive]
    # The firmware tries one disk, and would take one of the simulated ones.
    arguments += ["-device", "virtio-blk-pci,drive=disk0,bootindex=0"]
    if seed:
        arguments += ["-drive", "file=seed.iso,if=none,id=seed0,format=raw,readonly=on"]
        arguments += ["-device", "virtio-blk-pci,drive=seed0"]
    # restrict: a machine that crashes for a living reaches nothing but our own port.
    arguments += ["-netdev", f"user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22{_reached(reach or {})}"]
    arguments += ["-device", "virtio-net-pci,netdev=net0,romfile=", "-device", "virtio-rng-pci"]
    arguments += ["-chardev", "socket,id=console,path=console.sock,server=on,wait=off,logfile=serial.log,logappend=on"]
    arguments += ["-serial", "chardev:console", "-qmp", "unix:qmp.sock,server=on,wait=off"]
    arguments += hardware.extra
    if restore:
        arguments += ["-loadvm", SNAPSHOT]
    return arguments


def afresh(arguments: Sequence[str]) -> list[str]:
    """Return the command line that boots the same machine from its disk, instead of restoring it."""
    line = list(arguments)
    if "-loadvm" in line:
        place = line.index("-loadvm")
        del line[place : place + 2]
    return line


def _reached(reach: Mapping[str, int]) -> str:
    """Return the network option for what a machine may reach: the ssh of others, by an address of its own network."""
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(RELAY))}".replace(",", ",,")
    return "".join(f",guestfwd=tcp:{address}:22-cmd:{program} {port}" for address, port in reach.items())


def free_port() -> int:
    """Return a loopback port that is free now; whoever binds it next may still lose the race."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def overlay(disk: Path, backing: Path, backing_format: str = "qcow2") -> None:
    """Make a machine's own disk on top of an image that stays as it is."""
    base = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b", str(backing), str(disk)]
    subprocess.run(base, check=True, capture_output=True)


def image_format(path: Path) -> str:
    """Return the format of a user's own image; only real disk formats are taken."""
    done = subprocess.run(["qemu-img", "info", "--output=json", str(path)], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout).get("format", "") if done.returncode == 0 else ""
    if found != "qcow2":
        raise LabError(
            f"{path} is {found or 'not a disk image'}: the lab takes qcow2 (qemu-img convert -O qcow2 IN OUT)."
        )
    return str(found)


class Qmp:
    """QEMU's control socket, for the length of a `with` block."""

    def __init__(self, state_dir: Path, timeout: float = 120) -> None:
        """Connect through the folder's descriptor: a socket's path must not exceed 108 characters."""
        folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(f"/proc/self/fd/{folder}/qmp.sock")
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(folder)
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def __enter__(self) -> Qmp:
        """Negotiate, so that commands are taken."""
        self._lines.readline()
        self.execute("qmp_capabilities")
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """Run a command and return its answer; events that come in between are skipped."""
        request = {"execute": name, **({"arguments": dict(arguments)} if arguments else {})}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "error" in answer:
                raise LabError(f"QEMU refused {name}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]
        raise LabError(f"QEMU ended while it was asked to {name}.")

    def monitor(self, line: str) -> str:
        """Run a command of the human monitor; any answer is its error text."""
        return str(self.execute("human-monitor-command", {"command-line": line}))


def describe(arguments: Sequence[str]) -> str:
    """Return what a snapshot's key is made from, beside the image: everything but the port and the name."""
    skip = {"-name", "-netdev"}
    pairs = zip(["", *arguments], arguments, strict=False)
    return "\n".join(current for before, current in pairs if before not in skip)
