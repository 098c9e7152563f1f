# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who could have written a file of evidence: directories for dumps are often open to all users, and a crash is easily made up."""

import os
import stat
from typing import Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# What is below belongs to root and to programs of the system, e.g. abrt, syslog and kernoops.
FIRST_PERSON = 1000


def doubt(host: Host, path: str, place: str) -> Optional[str]:
    """Why a file below the directory C(place) proves nothing, or None.

    Where root owns each step down to it, and in a directory for all the sticky bit is set, nobody else can have put it there,
    and nobody can put something else in its place before it is read.
    """
    path, step = os.path.normpath(path), place
    for name in [""] + path[len(place) + 1 :].split("/"):
        step = "%s/%s" % (step, name) if name else step
        uid, mode = host.owner(step)
        if uid >= FIRST_PERSON:
            return "%s: was not read, because %s belongs to the user %d, who could have made it up" % (path, step, uid)
        # The mode of a link says nothing, and in a directory with the sticky bit users can touch only what is theirs.
        if mode & stat.S_IWOTH and not stat.S_ISLNK(mode) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
            return "%s: was not read, because any user may write to %s" % (path, step)
    return None


def place_of(path: str, places: Tuple[str, ...]) -> Optional[str]:
    """The one of the directories that a path is below, whatever it says on the way."""
    path = os.path.normpath(path)
    return next((place for place in places if path.startswith(place + "/")), None)
