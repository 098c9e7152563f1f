# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Booted machines kept as snapshots: restored, they are back on ssh in two seconds instead of fifteen."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

from lab import launch, paths, processes, qemu
from lab.errors import LabError
from lab.images import Image
from lab.ssh import Address

BOOT_SECONDS = 240
# The first boot's own work must be over and written, or every restored machine would repeat it.
SETTLE = (
    "systemctl is-system-running --wait >/dev/null 2>&1; "
    "if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null; fi; "
    "systemctl --failed --no-legend --plain; sync; echo 3 > /proc/sys/vm/drop_caches"
)


def path_for(image: Image, hardware: qemu.Hardware) -> Path:
    """Return where the snapshot of this image on this hardware and QEMU is kept."""
    line = qemu.command(name="", hardware=hardware, port=0, seed=image.foreign, restore=False)
    text = "\n".join((image.key, qemu.version(), qemu.describe(line)))
    return (
        paths.folder("snapshots") / f"{image.name}-{image.key}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.qcow2"
    )


def ensure(image: Image, hardware: qemu.Hardware) -> Path:
    """Return the snapshot, made if it is not cached yet."""
    target = path_for(image, hardware)
    with paths.lock(target.stem):
        if target.exists():
            os.utime(target)
            return target
        print(f"lab: booting {image.name} once for its snapshot ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        _make(image, hardware, target)
        print(f"lab: made it in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return target


def _make(image: Image, hardware: qemu.Hardware, target: Path) -> None:
    wish = launch.Wish(f"snap-{target.stem[-16:]}", image, hardware, owner=processes.identify(os.getpid()))
    state = launch.start(wish)
    try:
        address = Address(state.read()["port"])
        if not address.wait_boot(BOOT_SECONDS, running=state.alive):
            raise LabError(
                f"{image.name} did not answer on ssh within {BOOT_SECONDS} s of its first boot; console: {keep_log(wish)}"
            )
        settled = address.run(SETTLE, BOOT_SECONDS)
        # A user's image may have its own troubles; one of ours with a failed unit is a mistake of ours.
        if not image.foreign and (settled.returncode or settled.stdout.strip()):
            raise LabError(f"{image.name} did not boot cleanly: {settled.stdout.strip() or settled.stderr.strip()}")
        with qemu.Qmp(state.folder) as control:
            complaint = control.monitor(f"savevm {qemu.SNAPSHOT}")
            if complaint.strip():
                raise LabError(f"QEMU could not save a snapshot of {image.name}: {complaint.strip()}")
            control.execute("stop")
        # The disk outlives the machine: the supervisor removes the rest of the folder.
        keep = target.with_suffix(".new")
        os.link(state.folder / "disk.qcow2", keep)
        state.stop()
        os.replace(keep, target)
    finally:
        if state.folder.exists():
            state.stop()


def keep_log(wish: launch.Wish) -> str:
    """Return where a machine's console log is kept after its end."""
    return str(paths.folder("logs") / f"{paths.scope()}.{wish.name}.log")
