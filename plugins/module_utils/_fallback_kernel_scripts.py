# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's own checks of a kernel that is tried: each executable in a directory, run as root."""

import stat
from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _grub_disk
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

SECONDS = 60
EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def failed(host: Host, folder: str) -> List[str]:
    """What each check says that does not end with 0, in the order of their names; raises HostError."""
    found = []
    for name in host.listdir(folder):
        path = "%s/%s" % (folder, name)
        try:
            place = _grub_disk.without_links(host, path)
            mode = host.owner(place)[1]
            # Notes and directories may lie there as well.
            if stat.S_ISREG(mode) and mode & EXECUTABLE:
                _refuse(host, path, place)
                host.run([host.real(place)], timeout=SECONDS)
        except HostError as error:
            found.append(str(error))
    return found


def _refuse(host: Host, path: str, place: str) -> None:
    """Raises HostError where another user than root decides what root would run."""
    current = ""
    for part in place.strip("/").split("/"):
        current += "/" + part
        owner, mode = host.owner(current)
        if owner != 0 or mode & OTHERS:
            raise HostError(
                "%s: was not run: others than root may change %s; chown root it, and chmod go-w" % (path, current)
            )
