# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the triage of a log costs.

Two ratios, of crash_info to grep -E with the same words on journals of 200 MB with 200 crashes; its speed on a log that
somebody wrote to slow it down; and its memory, on these and on many logs full of long reports, with that of the host's grep.
"""

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
    _evidence,
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
# A console on which three CPUs speak at once: each line has to be taken apart. MB for each kind of flood, and MB/s at least.
FLOOD = 3 * 1000 * 1000
LEAST_SPEED = 0.5
SPEAKERS = ("C1", "T12", "C3")
FLOODS = {
    # Begin like a crash, and are none.
    "words": (
        "INFO: pool %d is idle", "WARNING: connection %d was idle", "EXT4-fs (sda1): mounted filesystem %d", "EDAC MC0: Giving out device %d",
        "NMI watchdog: Enabled on %d CPUs", "app: memory fault %d", "Linux version %d of the app", "traps: app[%d] general protection fault ip:7f",
    ),
    "crashes": (
        "BUG: unable to handle page fault for address: %d", "watchdog: BUG: soft lockup - CPU#2 stuck for 22s! [kworker/2:1:%d]",
        "WARNING: CPU: 1 PID: %d at net/core/dev.c:100 dev_open+0x10/0x20", "I/O error, dev sda, sector %d op 0x0:(READ)",
        " dev_ioctl+0x1%d/0x20 [foo]", " ? dev_ioctl+0x1%d/0x20 [foo]", "---[ end trace %d ]---",
    ),
    "long lines": ("BUG: " + "x" * 3900 + "%d", "WARNING: at " + "+0x1/0x2 " * 2000 + "%d", "BUG: %d " * 400),
    "endless lines": ("BUG: " * 300000 + "%.0s",),
}  # fmt: skip
# Logs in which each of many crashes tells as much as it can, one beside the other as rotation leaves them.
FAT_LOGS, FAT_CRASHES = 4, 400
FRAMES, FOLLOWERS = 64, 50
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


def flood(stream: t.TextIO, lines: tuple[str, ...]) -> None:
    """Write the lines in turn, each speaker's between those of the others."""
    size = number = 0
    while size < FLOOD:
        line = lines[number % len(lines)]
        text = line % ((number,) * line.count("%"))
        stamp = f"[{100 + number // 1000:5}.{number % 1000 * 1000:06}][{SPEAKERS[number % 3]:>5}] "
        size += stream.write(stamp + text + "\n")
        number += 1


def hostile(path: Path) -> bool:
    """Logs that are nothing but floods, and one of them all: how many MB a second, and whether that is enough."""
    every = [(name, (name,)) for name in FLOODS] + [("hostile log", tuple(FLOODS))]
    slowest = []
    for title, names in every:
        with path.open("w", encoding="utf-8") as stream:
            for name in names:
                flood(stream, FLOODS[name])
        started = time.process_time()
        found = len(_files.incidents(Host(), str(path)).incidents)
        size = path.stat().st_size / 10**6
        slowest.append(size / (time.process_time() - started))
        print(f"{title}: {found} incidents in {size:.0f} MB; {slowest[-1]:.1f} MB/s  (at least {LEAST_SPEED})")
    return min(slowest) >= LEAST_SPEED


def fat(path: Path) -> None:
    """Write a log of crashes with long names in long traces, and with a train of others behind each."""
    with path.open("w", encoding="utf-8") as stream:
        for crash in range(FAT_CRASHES):
            stamp = f"[{crash * 1000:5}.000000] "
            stream.write(f"{stamp}BUG: unable to handle page fault for address: 0\n")
            for frame in range(FRAMES):
                stream.write(f"{stamp} f{crash}_{frame}{'x' * 180}+0x1/0x2 [{'m' * 60}]\n")
            for follower in range(FOLLOWERS):
                stream.write(f"{stamp}BUG: unable to handle page fault {follower} {'y' * 290}\n")


def many(folder: Path) -> bool:
    """A host with many such logs: the newest crashes are told, and what was left out is said."""
    paths = [str(folder / f"fat.{number}") for number in range(FAT_LOGS)]
    for path in paths:
        fat(Path(path))
    found = _evidence.of_files(Host(), paths)
    print(f"many logs: {len(found.incidents)} incidents of {FAT_LOGS * FAT_CRASHES} long reports in {FAT_LOGS} files")
    return bool(found.incidents) and bool(found.warnings)


def search(path: Path) -> int:
    """Have grep print the lines; into /dev/null it would stop at its first hit, and kept they would count as our memory.

    The most memory that it had, in KiB: what the kernel tells of children counts in what they had of ours before they began.
    """
    most = 0
    grep = ["grep", "--text", "-E", "-e", _grep.EXPRESSION, str(path)]
    with subprocess.Popen(grep, stdout=subprocess.PIPE, env={"LC_ALL": "C"}) as process:
        while process.stdout and process.stdout.read(CHUNK):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            most = max([most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))])
    if process.returncode:
        raise SystemExit(f"grep ended with code {process.returncode}")
    return most


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
        path = Path(folder) / "log.txt"
        reached = [measure(path, name) for name in JOURNALS]
        greps = search(path)
        reached += [hostile(path), many(Path(folder))]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + greps
    print(f"memory {memory // 1024} MiB, of it {greps // 1024} for grep  (at most {MOST_KB // 1024})")
    return 0 if all(reached) and memory <= MOST_KB else 1


if __name__ == "__main__":
    sys.exit(main())
