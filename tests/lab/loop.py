# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A disk image that looks, to GRUB's own tools, like the machine's disk it will be (runs as root)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.rootfs import run

DISK, ROOT_PARTITION = "vda", "vda2"
NODES = ("null", "zero", "full", "random", "urandom")
SYS_BLOCK = Path("/sys/block")


@contextlib.contextmanager
def mounted(*arguments: str | Path) -> Iterator[Path]:
    """Mount for the length of a block; the last argument is where."""
    run(["mount", *arguments])
    target = Path(arguments[-1])
    try:
        yield target
    finally:
        run(["umount", "--recursive", target])


def release_stale(below: Path) -> None:
    """Free the loop devices of builds that were killed, whose files are gone."""
    listing = run(["losetup", "--json", "--list"]).strip()
    for device in json.loads(listing)["loopdevices"] if listing else []:
        file = device["back-file"].removesuffix(" (deleted)")
        if Path(file).is_relative_to(below) and not Path(file).exists():
            run(["losetup", "--detach", device["name"]])


def _node(path: Path, number: Path) -> None:
    """Make the node of a block device whose number the kernel shows in a file."""
    major, minor = number.read_text(encoding="ascii").strip().split(":")
    os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(int(major), int(minor)))


def _wait_for(path: Path) -> Path:
    deadline = time.monotonic() + 5
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{path} does not appear: this kernel shows no partitions of a loop device.")
        time.sleep(0.05)
    return path


@dataclass(frozen=True)
class Devices:
    """A /dev in which the image is the first virtio disk, and the loop device behind it."""

    folder: Path
    loop: Path

    def release(self) -> None:
        """Free the loop device, now or when its last user ends: then a mount's end, also by a kill, is enough."""
        subprocess.run(["losetup", "--detach", self.loop], stderr=subprocess.DEVNULL, check=False)


@contextlib.contextmanager
def devices(disk: Path, folder: Path) -> Iterator[Devices]:
    """Give the devices of an image for the length of a block."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(mounted("-t", "tmpfs", "-o", "mode=755", "lab-dev", folder))
        for name in NODES:
            number = os.stat(f"/dev/{name}")
            os.mknod(folder / name, number.st_mode, number.st_rdev)
            (folder / name).chmod(0o666)
        loop = Path(run(["losetup", "--find", "--show", "--partscan", disk]).strip())
        found = Devices(folder, loop)
        try:
            # Not every kernel can read a GPT by itself.
            run(["partx", "--update", loop])
            _node(folder / DISK, SYS_BLOCK / loop.name / "dev")
            _node(folder / ROOT_PARTITION, _wait_for(SYS_BLOCK / loop.name / f"{loop.name}p2" / "dev"))
            yield found
        finally:
            found.release()


@contextlib.contextmanager
def root_mounted(found: Devices, target: Path) -> Iterator[Path]:
    """Mount the root partition under the name that it will have, which is the name GRUB asks the kernel for."""
    run(["mount", "--bind", found.folder, "/dev"])
    try:
        run(["mount", f"/dev/{ROOT_PARTITION}", target])
    finally:
        run(["umount", "/dev"])
    found.release()
    try:
        yield target
    finally:
        run(["umount", "--recursive", target])


@contextlib.contextmanager
def inside(root: Path, dev: Path, file_system: str) -> Iterator[None]:
    """Mount what programs in the new system need to see its disk."""
    by_uuid = dev / "disk/by-uuid"
    by_uuid.mkdir(parents=True)
    (by_uuid / file_system).symlink_to(f"../../{ROOT_PARTITION}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(mounted("--bind", dev, root / "dev"))
        stack.enter_context(mounted("-t", "proc", "proc", root / "proc"))
        stack.enter_context(mounted("-t", "sysfs", "sysfs", root / "sys"))
        yield
    shutil.rmtree(dev / "disk")
