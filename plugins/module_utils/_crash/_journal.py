# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of this boot and of earlier ones, and their incidents."""

import contextlib
from typing import Generator, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Pile
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._places import Found
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, Unreadable

# Seconds for a boot, the triage of what it prints included.
TIMEOUT = 300
JOURNALCTL = ["journalctl", "--no-pager", "--quiet", "--utc"]
OF_BOOT = "journal of boot -"
JOURNALS = ("/var/log/journal", "/run/log/journal")


def of_boot(back: int) -> List[str]:
    """The command that prints what the kernel said in a boot, all of it: what a firewall logs may come between a crash and the end."""
    return JOURNALCTL + ["-k", "-b", "-%d" % back, "-o", "short-iso-precise"]


def incidents(host: Host, boots: int) -> Found:
    """The incidents that the kernel told the journal of, in this boot and the ones before it."""
    found = Pile()
    if not boots or host.which("journalctl") is None:
        return Found([], [])
    warnings = closed(host)
    for back in range(boots):
        source, lacks, errors = OF_BOOT + str(back), [], []  # type: str, List[str], List[CommandError]
        with contextlib.closing(_pieces(host, back, errors)) as pieces:
            told = [dict(incident, source=source) for incident in _scan.incidents(pieces, lacks)]
        if back and told and not told[-1]["fatal"] and KINDS[told[-1]["kind"]].lethal:
            # The kernel said no more in that boot that would matter: how it ended shows whether this ended it.
            told[-1].update(fatal=True, presumed=True)
        found.add(told)
        warnings += ["%s: %s" % (source, lack) for lack in lacks]
        if errors:
            # It ends with 1 where there are no more boots, or no journal at all.
            if back == 0 or errors[0].code is None:
                warnings.append("the journal could not be read: %s" % str(errors[0])[:300])
            break
    return Found(found.incidents, warnings + found.lacks())


def _pieces(host: Host, back: int, errors: List[CommandError]) -> Generator[bytes, None, None]:
    """What the kernel said in a boot; where the journal breaks off, what it held before counts."""
    try:
        yield from host.stream(of_boot(back), None, TIMEOUT)
    except CommandError as error:
        errors.append(error)


def closed(host: Host) -> List[str]:
    """Journals of the system that this user may not read: journalctl is content with the user's own."""
    warnings: List[str] = []
    for folder in JOURNALS:
        try:
            for machine in host.listdir(folder):
                host.head("%s/%s/system.journal" % (folder, machine), 1)
        except Unreadable as error:
            warnings.append("the journal could not be read: %s" % error)
    return warnings


def boot_of(source: str) -> Optional[int]:
    """Which boot a source is the journal of, counted back from the running one."""
    return int(source[len(OF_BOOT) :]) if source.startswith(OF_BOOT) else None
