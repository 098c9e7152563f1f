# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory dumps in a directory, and whether one is complete: by opening it, since an exit code says nothing of it."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, HostError

# kdump-tools: 202611020314; on a shared target HOST-202611020314; kdump-utils: 127.0.0.1-2026-11-02-03:14:07.
FOLDER = re.compile(r"^(?:.*-)?20\d\d(?:\d{8}|-\d\d-\d\d-\d\d:\d\d(?::\d\d)?)\Z")
DUMP = re.compile(r"^(?:dump\.\d+|vmcore(?:\.\d+|\.flat)?)\Z")
DMESG = re.compile(r"^(?:dmesg\.\d+|vmcore-dmesg\.txt)\Z")
FLATTENED = b"makedumpfile"
LEAST = 64 * 1024  # bytes; what a killed makedumpfile leaves is often a header and nothing behind it


class Verdict(NamedTuple):
    """Whether a dump can be read from its first page to its last; C(reason) says why not; C(dmesg) is its kernel log."""

    complete: bool
    reason: str
    dmesg: str


def listing(host: Host, directory: str) -> List[Dict[str, Any]]:
    """The dumps below a directory, oldest first: C(folder), C(dump), C(dmesg) ('' where there is none), C(bytes).

    Raises Unreadable.
    """
    found = []
    for name in sorted(n for n in host.listdir(directory) if FOLDER.match(n)):
        folder = "%s/%s" % (directory, name)
        names = host.listdir(folder)
        dumps = [n for n in names if DUMP.match(n)]
        logs = [n for n in names if DMESG.match(n)]
        found.append(
            {
                "folder": folder,
                "dump": "%s/%s" % (folder, dumps[0]) if dumps else "",
                "dmesg": "%s/%s" % (folder, logs[0]) if logs else "",
                "bytes": sum(host.size("%s/%s" % (folder, n)) for n in names),
            }
        )
    return found


def check(host: Host, dump: str, scratch: str) -> Verdict:
    """Open a dump with makedumpfile and read every page of it; C(scratch) is a path for temporary files beside it.

    Raises HostError where makedumpfile is missing.
    """
    if not host.which("makedumpfile"):
        raise HostError("makedumpfile is missing: install it to open %s" % dump)
    if host.size(dump) < LEAST:
        return Verdict(False, "%s has only %d bytes" % (dump, host.size(dump)), "")
    temporary = [scratch + suffix for suffix in (".flat", ".dmesg", ".copy")]
    try:
        plain = dump
        if host.head(dump, 16).startswith(FLATTENED):
            host.run(["makedumpfile", "-R", temporary[0]], timeout=3600, stdin=dump)
            plain = temporary[0]
        host.run(["makedumpfile", "--dump-dmesg", plain, temporary[1]], timeout=600)
        # A copy at the highest level reads every page that there is, and finds the one that is missing.
        host.run(["makedumpfile", "-c", "-d", "31", plain, temporary[2]], timeout=3600)
        return Verdict(True, "", host.read(temporary[1]) or "")
    except CommandError as error:
        return Verdict(False, str(error), "")
    finally:
        for path in temporary:
            host.remove(path)


def panic_line(dmesg: str) -> Optional[str]:
    """The line of a kernel log that says why it panicked, or None."""
    match = re.search(r"(?m)^.*?(Kernel panic - not syncing.*)$", dmesg)
    crash = re.search(r"(?m)^.*?(sysrq: Trigger a crash)", dmesg)
    return match.group(1).strip() if match else crash.group(1) if crash else None
