# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Images by name: the lab's own, built once and cached by content, or a cloud image of the user's."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import apt_sources, paths, privileges, recipes, resources
from lab.errors import LabError

BUILD_DISK_MIB, BUILD_MEMORY_MIB = 4096, 768
KEEP_OTHERS, KEEP_OTHERS_DAYS = 8, 14
END_SECONDS = 30
SUFFIX = {"disk": "qcow2", "tree": "tar.zst"}


@dataclass(frozen=True)
class Image:
    """A file to boot from. `foreign` images are the user's, set up by cloud-init at their first boot."""

    name: str
    path: Path
    key: str
    kind: str = "disk"
    foreign: bool = False


def public_key() -> str:
    """Return the lab's public key; the pair is made at the first call."""
    pair = paths.folder("keys") / "id_ed25519"
    with paths.lock("keys"):
        if not pair.exists():
            if not shutil.which("ssh-keygen"):
                raise LabError("ssh-keygen is missing: apt-get install openssh-client")
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kernelops-lab", "-f", str(pair)], check=True
            )
    return pair.with_suffix(".pub").read_text(encoding="ascii").strip()


def foreign(name: str, environ: Mapping[str, str] = os.environ) -> Image | None:
    """Return the user's own image of this name, if LAB_IMAGE_<NAME> is set."""
    variable = "LAB_IMAGE_" + name.upper().replace("-", "_")
    if not environ.get(variable):
        return None
    path = Path(environ[variable]).expanduser().resolve()
    if not path.is_file():
        raise LabError(f"{variable} names {path}, which is not a file.")
    found = path.stat()
    # Size and time instead of content: reading gigabytes at each start would take longer than the boot.
    digest = hashlib.sha256(f"{path} {found.st_size} {found.st_mtime_ns} {public_key()}".encode())
    return Image(name, path, digest.hexdigest()[:16], foreign=True)


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder for one build; what a killed build left behind is removed here."""
    base = paths.folder("tmp")
    for stale in base.glob("build-*"):
        with contextlib.suppress(OSError), open(stale / ".lock", "w", encoding="ascii") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(stale)
    work = Path(tempfile.mkdtemp(prefix="build-", dir=base))
    with open(work / ".lock", "w", encoding="ascii") as handle:
        # Shared: the privileged step holds it too, and may outlive a killed caller for some seconds.
        fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _privileged_build(recipe: recipes.Recipe, work: Path, out: Path) -> None:
    """Run the one step that needs root, in name spaces that take its mounts along when it ends."""
    plan = {
        "recipe": recipe.as_dict(),
        "sources": apt_sources.choose(apt_sources.read_entries()).lines(recipe.suite),
        "keyring": str(apt_sources.keyring()),
        "public_key": public_key(),
        "work": str(work),
        "out": str(out),
    }
    command = [
        *privileges.root_prefix(f"build the image {recipe.name}"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"),
        sys.executable,
        str(paths.LAB_SOURCE / "build_step.py"),
    ]
    log = work / "build.log"
    with open(log, "wb") as output:
        step = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)
        assert step.stdin
        try:
            step.stdin.write(json.dumps(plan).encode() + b"\n")
            step.stdin.flush()
            code = step.wait()
        finally:
            # It ends when this pipe does: also when we are killed, and through a sudo that we may not signal.
            step.stdin.close()
            step.wait(END_SECONDS)
    if code or not out.exists():
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise LabError(f"Building {recipe.name} failed with {code}; the last lines were:\n{tail}")


def build(recipe: recipes.Recipe, target: Path) -> float:
    """Build an image and move it into place whole; return the seconds it took."""
    began = time.monotonic()
    images = paths.folder("images")
    resources.require_disk(images, BUILD_DISK_MIB, f"build {recipe.name}")
    resources.require_memory(BUILD_MEMORY_MIB, f"build {recipe.name}")
    missing = [tool for tool in ("mmdebstrap", "sgdisk", "mkfs.ext4", "qemu-img", "unshare") if not find_tool(tool)]
    if missing:
        raise LabError(
            f"Missing to build images: {', '.join(missing)}. `python3 tests/lab/cli.py doctor` names the packages."
        )
    with work_folder() as work:
        out = work / target.name
        _privileged_build(recipe, work, out)
        # A snapshot lies on top of the very image it was made from: on a second build of it, it would be garbage.
        for path in paths.folder("snapshots").glob(f"{target.name.partition('.')[0]}-*"):
            path.unlink()
        os.replace(out, target)
    _forget_old(recipe.name, target)
    return time.monotonic() - began


def find_tool(name: str) -> str | None:
    """Find a program also where only root's PATH looks."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _forget_old(name: str, current: Path) -> None:
    """Remove builds of the same image that no checkout used for a while, and all but the latest few."""
    limit = time.time() - KEEP_OTHERS_DAYS * 86400
    for folder in ("images", "snapshots"):
        found = sorted(paths.folder(folder).glob(f"{name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for place, path in enumerate(found):
            if path != current and (place >= KEEP_OTHERS or path.stat().st_mtime < limit):
                path.unlink(missing_ok=True)


def ensure(name: str) -> Image:
    """Return an image by name, built if it is not cached yet."""
    own = foreign(name)
    if own:
        return own
    recipe = recipes.find(name)
    key = recipes.key(recipe, public_key())
    target = paths.folder("images") / f"{name}-{key}.{SUFFIX[recipe.kind]}"
    with paths.lock(f"image-{name}"):
        if target.exists():
            os.utime(target)
        else:
            print(f"lab: building the image {name} ...", file=sys.stderr, flush=True)
            took = build(recipe, target)
            print(
                f"lab: built {name} in {took:.0f} s, {target.stat().st_size // resources.MIB} MiB",
                file=sys.stderr,
                flush=True,
            )
    return Image(name, target, key, kind=recipe.kind)
