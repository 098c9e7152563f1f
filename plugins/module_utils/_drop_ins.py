# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of configuration files as systemd reads them: a name counts once, from the highest folder, then the names decide the order."""

from typing import List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

ROOTS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def folders(name: str) -> Tuple[str, ...]:
    """Where systemd looks for the folder C(name), e.g. sysctl.d, the highest one first."""
    return tuple("%s/%s" % (root, name) for root in ROOTS)


def files(host: Host, name: str, more: Tuple[str, ...] = ()) -> List[str]:
    """The files of the folder C(name) in the order in which they are read, C(more) as if they were there; raises Unreadable."""
    chosen = dict((path.rsplit("/", 1)[1], path) for path in more)
    for folder in folders(name):
        for entry in host.listdir(folder):
            if entry.endswith(".conf"):
                chosen.setdefault(entry, "%s/%s" % (folder, entry))
    paths = [chosen[entry] for entry in sorted(chosen)]
    return [path for path in paths if host.resolve(path) != "/dev/null"]
