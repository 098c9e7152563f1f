# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""What the lab's images are made of, and the key that names one build of them."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.errors import LabError
from lab.paths import LAB_SOURCE

# Everything that decides what an image contains: a change in one of these is a new image.
INGREDIENTS = (
    "recipes.py",
    "build_step.py",
    "rootfs.py",
    "disk.py",
    "loop.py",
    "packages.sh",
    "crash_module/kernelops_crash.c",
    "crash_module/Kbuild",
)
COMMON = ("systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "procps", "kmod", "iproute2", "sudo")
MACHINE = (
    "udev",
    "initramfs-tools",
    "grub-pc",
    "zstd",
    "e2fsprogs",
    "fdisk",
    "ca-certificates",
)
KERNEL = "linux-image-cloud-amd64"
OFFLINE = ("kdump-tools", "makedumpfile", "kexec-tools", "initramfs-tools-core", "lvm2", "unattended-upgrades")

# A kernel with the drivers of real hardware, for machines that simulate some, and what watches it.
FULL_KERNEL = "linux-image-amd64"
HARDWARE = ("smartmontools", "lm-sensors", "rasdaemon")
I2C = "i2c-tools"  # speaks to the simulated sensor


@dataclass(frozen=True)
class Recipe:
    """One image: a bootable disk or a root tree for a container."""

    name: str
    kind: str
    suite: str
    packages: tuple[str, ...]
    kernel: str = ""  # the meta package: the machine has an earlier kernel of it, the last one waits in its archive
    offline: tuple[str, ...] = ()  # what the machine can install by itself, from an archive on its own disk
    disk_mib: int = 2560

    def as_dict(self) -> dict[str, object]:
        """Return a form that JSON can hold."""
        return asdict(self)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("debian12", "disk", "bookworm", (*COMMON, *MACHINE), KERNEL, OFFLINE),
        Recipe("debian13", "disk", "trixie", (*COMMON, *MACHINE), KERNEL, OFFLINE),
        Recipe("hardware12", "disk", "bookworm", (*COMMON, *MACHINE, I2C), FULL_KERNEL, (*OFFLINE, *HARDWARE), 4096),
        Recipe("hardware13", "disk", "trixie", (*COMMON, *MACHINE, I2C), FULL_KERNEL, (*OFFLINE, *HARDWARE), 4096),
        Recipe("container12", "tree", "bookworm", COMMON),
    )
}


def find(name: str) -> Recipe:
    """Return a recipe by its name."""
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(sorted(RECIPES))
        variable = "LAB_IMAGE_" + name.upper().replace("-", "_")
        raise LabError(
            f"No image is called {name!r} (there are: {known}): for one of your own set {variable}=/path.qcow2"
        ) from None


def _meaning(path: Path) -> bytes:
    """Return what a file says to a machine: a comment or a line break must not cost anyone a build."""
    text = path.read_bytes()
    return ast.dump(ast.parse(text)).encode() if path.suffix == ".py" else text


def key(recipe: Recipe, public_key: str, source: Path = LAB_SOURCE, ingredients: Iterable[str] = INGREDIENTS) -> str:
    """Name a build by its content: equal ingredients give an equal name."""
    digest = hashlib.sha256(json.dumps([recipe.as_dict(), public_key], sort_keys=True).encode())
    for name in ingredients:
        digest.update(name.encode() + b"\0" + _meaning(source / name) + b"\0")
    return digest.hexdigest()[:16]
