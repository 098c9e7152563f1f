# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a writer of several things is about to change, and files that are changed all or not at all."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

# How a program for a host begins (C(_program)): nothing for a terminal.
ARCHIVE = "PK\x03\x04"


class File(NamedTuple):
    """A file as it should be: its text, '' for none, and its permission bits."""

    text: str
    mode: int = 0o644


class Change(NamedTuple):
    """One thing that is not as wanted: a file (C(mode) is its permission bits), or a state in words (C(mode) is None)."""

    path: str
    before: str
    after: str
    mode: Optional[int] = None


def shown(change: Change) -> Dict[str, str]:
    """A change as an entry of a module's diff."""
    if ARCHIVE in (change.before[:4], change.after[:4]):
        words = [("the program, %d bytes" % len(text) if text else "") for text in (change.before, change.after)]
        # Of equal length it is another one all the same.
        change = change._replace(before=words[0], after=words[1] and words[1] + ", as of now", mode=None)
    end = "\n" if change.mode is None else ""
    return dict(
        before_header=change.path, after_header=change.path, before=change.before + end, after=change.after + end
    )


def differing(host: Host, files: Dict[str, File]) -> List[Change]:
    """The files that are not as wanted, before and after ('' for none); raises Unreadable."""
    found = []
    for path, file in files.items():
        before = host.read(path)
        if before != (file.text or None) or (file.text and host.mode(path) != file.mode):
            found.append(Change(path, before or "", file.text, file.mode))
    return found


def write_all(host: Host, files: List[Change]) -> None:
    """Write (or, for '', remove) files; where one cannot be written the others are as they were. Raises HostError."""
    done: List[Tuple[Change, int]] = []
    try:
        for change in files:
            mode = host.mode(change.path)
            put(host, change.path, change.after, change.mode)
            done.append((change, mode))
    except HostError:
        for change, mode in done:
            put(host, change.path, change.before, mode)
        raise


def put(host: Host, path: str, text: str, mode: Optional[int]) -> None:
    """Write a file, or for '' remove it, with a directory below /etc/systemd that was for it alone."""
    if text:
        host.write(path, text, 0o644 if mode is None else mode)
        return
    host.remove(path)
    if path.startswith("/etc/systemd/"):
        host.remove_empty(path.rsplit("/", 1)[0])
