# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several files changed as one: one that cannot be written leaves the others as they were."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError


class Change(NamedTuple):
    """One thing that is not as wanted: a file (C(mode) is its permission bits), or a state in words (C(mode) is None)."""

    path: str
    before: str
    after: str
    mode: Optional[int] = None


def put_all(host: Host, changes: List[Change]) -> None:
    """Write the files, and remove those whose text is to be empty; raises HostError."""
    done: List[Tuple[Change, int]] = []
    try:
        for change in changes:
            mode = host.mode(change.path)
            _put(host, change.path, change.after, change.mode)
            done.append((change, mode))
    except HostError:
        for change, mode in done:
            _put(host, change.path, change.before, mode)
        raise


def _put(host: Host, path: str, text: str, mode: Optional[int]) -> None:
    if text:
        host.write(path, text, 0o644 if mode is None else mode)
        return
    host.remove(path)
    if path.startswith("/etc/systemd/"):
        host.remove_empty(path.rsplit("/", 1)[0])


def shown(change: Change) -> Dict[str, str]:
    """A change as Ansible shows it; a state in words gets the end of line that a file has."""
    end = "\n" if change.mode is None else ""
    return dict(
        before_header=change.path, after_header=change.path, before=change.before + end, after=change.after + end
    )
