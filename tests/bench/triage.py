# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ratios and one size: crash_info to grep -E with the same words on journals of 200 MB with 200 crashes, and its memory."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (  # noqa: E402
    _files,
    _grep,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host  # noqa: E402
from unit.plugins.module_utils.crash import samples  # noqa: E402

SIZE = 200 * 1000 * 1000
CRASHES = 200
ROUNDS = 3
CHUNK = 1024 * 1024
LEAST = 0.5
MOST_KB = 100 * 1024
STAMP = "2026-11-%02dT%02d:%02d:%02d.123456+0000 node1 "
# What a server's journal is made of; every tenth line is the kernel's.
LINES = (
    "sshd[%d]: Accepted publickey for deploy from 192.0.2.17 port 50122 ssh2: ED25519 SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
    "systemd[1]: Started session-%d.scope - Session of User deploy.\n",
    "nginx[%d]: 198.51.100.7 - - \"GET /api/v1/items?page=2 HTTP/1.1\" 200 5123 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n",
    "app[%d]: WARN pool: connection was idle for 30 s and is closed\n",
    "kernel: usb 1-1: new high-speed USB device number %d using xhci_hcd\n",
)  # fmt: skip
# Programs and a kernel that use the words of crashes all the time.
NOISE = (
    "app[%d]: INFO: pool: no fault detected, WARNING: connection was idle for 30 s and is closed\n",
    "kernel: traps: app[%d] general protection fault ip:7f2b sp:7ffd error:0 in libc.so.6[7f2b+155000]\n",
)
JOURNALS = {"quiet": LINES, "noisy": (*LINES[:3], *NOISE)}
TEXTS = (samples.X86_NULL, samples.SOFT_LOCKUP, samples.OOM, samples.ATA, samples.PPC64_BUG, samples.NO_ROOT)


def journal(path: Path, lines: tuple[str, ...]) -> None:
    """Write the journal, a crash after every 200th part of it."""
    size, number = 0, 0
    with path.open("w", encoding="utf-8") as stream:
        for crash in range(CRASHES):
            while size < SIZE * (crash + 1) // CRASHES:
                number += 1
                stamp = STAMP % (crash * 27 // CRASHES + 1, crash % 24, number // 60 % 60, number % 60)
                size += stream.write(stamp + lines[4 if number % 10 == 0 else number % 4] % number)
            for line in TEXTS[crash % len(TEXTS)].splitlines():
                size += stream.write(f"{stamp}kernel: {line}\n")


def search(path: Path) -> None:
    """Have grep print the lines; into /dev/null it would stop at its first hit, and kept they would count as our memory."""
    grep = ["grep", "--text", "-E", "-e", _grep.EXPRESSION, str(path)]
    with subprocess.Popen(grep, stdout=subprocess.PIPE, env={"LC_ALL": "C"}) as process:
        while process.stdout and process.stdout.read(CHUNK):
            pass
    if process.returncode:
        raise SystemExit(f"grep ended with code {process.returncode}")


def seconds(what: t.Callable[[], object]) -> float:
    """The median of some rounds: the first reads the file from the disk, a busy machine slows down any of them."""
    taken = []
    for _round in range(ROUNDS):
        started = time.monotonic()
        what()
        taken.append(time.monotonic() - started)
    return statistics.median(taken)


def measure(path: Path, name: str) -> bool:
    """One journal, a line about it, and whether the goal was reached."""
    journal(path, JOURNALS[name])
    by_grep = seconds(lambda: search(path))
    by_us = seconds(lambda: _files.incidents(Host(), str(path)))
    found = len(_files.incidents(Host(), str(path)).incidents)
    ratio = by_grep / by_us
    print(
        f"{name} journal: {found} incidents of {CRASHES} crashes in {SIZE // 10**6} MB; grep -E {by_grep:.2f} s, triage "
        f"{by_us:.2f} s; in speed {ratio:.2f}  (at least {LEAST})"
    )
    return ratio >= LEAST and found >= CRASHES * 0.95


def main() -> int:
    """Measure, say so, and end with 1 where a goal is missed."""
    with tempfile.TemporaryDirectory(prefix="kernelops-triage.") as folder:
        reached = [measure(Path(folder) / "journal.txt", name) for name in JOURNALS]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory {memory // 1024} MiB  (at most {MOST_KB // 1024})")
    return 0 if all(reached) and memory <= MOST_KB else 1


if __name__ == "__main__":
    sys.exit(main())
