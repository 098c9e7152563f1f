# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Say what this host lacks to run the lab, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lab import apt_sources, images, paths, privileges, qemu, resources
from lab.errors import LabError

PACKAGES_FILE = paths.LAB_SOURCE / "packages.txt"
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "sgdisk": "gdisk",
    "mkfs.ext4": "e2fsprogs",
    "losetup": "mount",
    "partx": "util-linux",
    "unshare": "util-linux",
    "zstd": "zstd",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
}


def packages(path: Path = PACKAGES_FILE) -> list[str]:
    """Return the Debian packages that the lab needs."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _tools() -> Iterator[str]:
    missing = {tool: package for tool, package in TOOLS.items() if not images.find_tool(tool)}
    if missing:
        wanted = " ".join(sorted(set(missing.values())))
        yield f"missing programs: {', '.join(missing)}. Remedy: apt-get install --no-install-recommends {wanted}"


def _refusal(check: object, *arguments: object) -> Iterator[str]:
    assert callable(check)
    try:
        check(*arguments)
    except LabError as error:
        yield str(error)


def _loop_devices() -> Iterator[str]:
    if os.geteuid() == 0 and not Path("/dev/loop-control").exists():
        yield "/dev/loop-control is missing: `modprobe loop`, or give this container its loop devices. Images cannot be built."
    if (
        os.geteuid() == 0
        and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
    ):
        yield "`unshare --mount` is not permitted: this container needs CAP_SYS_ADMIN. Images cannot be built."


def problems() -> Iterator[str]:
    """Yield what is wrong, each with its remedy."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a system's own interpreter may run this file
        yield f"Python {sys.version.split()[0]} is too old: the lab needs 3.11."
    yield from _tools()
    yield from _refusal(privileges.root_prefix, "build images and start containers")
    yield from _loop_devices()
    yield from _refusal(resources.require_disk, paths.folder("images"), images.BUILD_DISK_MIB, "build an image")
    yield from _refusal(resources.require_memory, images.BUILD_MEMORY_MIB, "build an image")
    yield from _refusal(lambda: apt_sources.choose(apt_sources.read_entries()))
    yield from _refusal(apt_sources.keyring)
    yield from _refusal(qemu.accelerator)


def facts() -> Iterator[str]:
    """Yield what was found, for a report."""
    yield f"cache: {paths.cache_dir()} ({resources.free_disk_mib(paths.folder('images'))} MiB free)"
    yield f"memory: {resources.free_memory_mib()} MiB free"
    if shutil.which(qemu.PROGRAM):
        yield f"emulator: {qemu.version()}, accelerator {os.environ.get('LAB_ACCEL') or 'tcg'}"
