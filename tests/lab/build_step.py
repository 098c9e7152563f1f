# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The only part of the lab that needs root: read a plan on standard input, leave an image at its output."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import disk
from lab.rootfs import Plan, bootstrap, configure, run


def build_tree(plan: Plan) -> None:
    """Build a container's root tree as an archive, which a user may own whatever is in it."""
    root = Path(plan.work) / "root"
    root.mkdir(mode=0o755)
    bootstrap(plan, root)
    configure(plan, root)
    run(["tar", "--zstd", "--numeric-owner", "--xattrs", "-C", root, "-cf", plan.out, "."])
    shutil.rmtree(root)


def hand_over(plan: Plan) -> None:
    """Give what was made to the user who asked through sudo, or they could not remove it."""
    owner = int(os.environ.get("SUDO_UID", "0")), int(os.environ.get("SUDO_GID", "0"))
    for folder, _, files in os.walk(plan.work):
        for name in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(name, *owner, follow_symlinks=False)


def stop(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an exception, so that every mount is undone on the way out."""
    raise SystemExit(128 + number)


def watch_caller() -> None:
    """End when the caller is gone: it holds our standard input open as long as it waits."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Build what the plan asks for."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    os.environ["LC_ALL"] = "C.UTF-8"
    os.umask(0o022)
    plan = Plan.from_json(sys.stdin.readline())
    threading.Thread(target=watch_caller, daemon=True).start()
    lock = open(Path(plan.work) / ".lock", encoding="ascii")  # noqa: SIM115 - held until the end of this process
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        if plan.recipe["kind"] == "disk":
            disk.build(plan)
        else:
            build_tree(plan)
    except subprocess.CalledProcessError as error:
        print(f"failed with {error.returncode}: {' '.join(map(str, error.cmd))[:300]}", file=sys.stderr)
        return 1
    finally:
        hand_over(plan)
    return 0


if __name__ == "__main__":
    sys.exit(main())
