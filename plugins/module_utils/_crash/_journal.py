# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of this boot and of earlier ones, and their incidents."""

from typing import Any, Dict, Iterator, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._places import Found
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, Unreadable

# The newest messages of a boot: a crash is at its end, and a flood before it must not fill the memory.
LINES = 100000
PIECE = 1024 * 1024
JOURNALCTL = ["journalctl", "--no-pager", "--quiet", "--utc"]
OF_BOOT = "journal of boot -"
JOURNALS = ("/var/log/journal", "/run/log/journal")


def of_boot(back: int) -> List[str]:
    """The command that prints what the kernel said in a boot."""
    return JOURNALCTL + ["-k", "-b", "-%d" % back, "-n", str(LINES), "-o", "short-iso-precise"]


def incidents(host: Host, boots: int) -> Found:
    """The incidents that the kernel told the journal of, in this boot and the ones before it."""
    found: List[Dict[str, Any]] = []
    warnings: List[str] = []
    if not boots or host.which("journalctl") is None:
        return Found(found, warnings)
    warnings += closed(host)
    for back in range(boots):
        try:
            result = host.run(of_boot(back), timeout=120, check=False)
        except CommandError as error:
            warnings.append(str(error))
            break
        if result.rc != 0:
            # There are no more boots, or no journal at all.
            if back == 0:
                warnings.append("the journal could not be read: %s" % (result.err.strip()[:300] or "no reason given"))
            break
        source, lacks = OF_BOOT + str(back), []  # type: str, List[str]
        for incident in _scan.incidents(_pieces(result.out), lacks):
            found.append(dict(incident, source=source))
        warnings += ["%s: %s" % (source, lack) for lack in lacks]
    return Found(found, warnings)


def _pieces(text: str) -> Iterator[bytes]:
    """The text as it was read, without a copy of the whole."""
    for place in range(0, len(text), PIECE):
        yield text[place : place + PIECE].encode("utf-8", "surrogateescape")


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
