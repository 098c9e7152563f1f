# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ratio and one size: crash_info to grep -E with the same words on a journal of 200 MB with 200 crashes, and its memory."""

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
TEXTS = (samples.X86_NULL, samples.SOFT_LOCKUP, samples.OOM, samples.ATA, samples.PPC64_BUG, samples.NO_ROOT)


def journal(path: Path) -> None:
    """Write the journal, a crash after every 200th part of it."""
    size, number = 0, 0
    with path.open("w", encoding="utf-8") as stream:
        for crash in range(CRASHES):
            while size < SIZE * (crash + 1) // CRASHES:
                number += 1
                stamp = STAMP % (crash * 27 // CRASHES + 1, crash % 24, number // 60 % 60, number % 60)
                size += stream.write(stamp + LINES[4 if number % 10 == 0 else number % 4] % number)
            for line in TEXTS[crash % len(TEXTS)].splitlines():
                size += stream.write(f"{stamp}kernel: {line}\n")


def seconds(what: t.Callable[[], object]) -> float:
    """The median of some rounds: the first reads the file from the disk, a busy machine slows down any of them."""
    taken = []
    for _round in range(ROUNDS):
        started = time.monotonic()
        what()
        taken.append(time.monotonic() - started)
    return statistics.median(taken)


def main() -> int:
    """Measure, say so, and end with 1 where a goal is missed."""
    with tempfile.TemporaryDirectory(prefix="kernelops-triage.") as folder:
        path = Path(folder) / "journal.txt"
        journal(path)
        grep = ["grep", "--text", "-E", "-e", _grep.EXPRESSION, str(path)]
        # Into /dev/null grep would stop at its first hit.
        by_grep = seconds(lambda: subprocess.run(grep, stdout=subprocess.PIPE, check=True, env={"LC_ALL": "C"}))
        by_us = seconds(lambda: _files.incidents(Host(), str(path)))
        found = len(_files.incidents(Host(), str(path)).incidents)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ratio = by_grep / by_us
    print(f"{found} incidents of {CRASHES} crashes in {SIZE // 10**6} MB; grep {by_grep:.2f} s, triage {by_us:.2f} s")
    print(f"triage / grep -E in speed    {ratio:.2f}  (at least {LEAST})")
    print(f"memory                       {memory // 1024} MiB  (at most {MOST_KB // 1024})")
    return 0 if ratio >= LEAST and memory <= MOST_KB and found >= CRASHES * 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
