# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hosts keep what a crash left: dump directories, pstore and its archive, and the kernel's log files."""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Pattern, Sequence, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _files, _owners, _when
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Pile
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ABRT = ("/var/spool/abrt", "/var/tmp/abrt")
# kdump-tools writes dmesg.TIME, kdump-utils vmcore-dmesg.txt, SUSE dmesg.txt, ABRT dmesg or backtrace, apport PACKAGE.UID.crash.
DUMPED = re.compile(
    r"(?:vmcore-)?dmesg(?:\.txt|\.\d{8,14}|-incomplete\.txt)?(?:\.gz|\.xz|\.bz2|\.zst)?\Z|backtrace\Z|linux[\w.+:~-]{0,200}\.crash\Z"
)
# ABRT keeps a directory for each problem of any program; these are the kernel's.
ABRT_KINDS = (None, "Kerneloops", "vmcore")
PSTORE = ("/var/lib/systemd/pstore", "/sys/fs/pstore")
RECORD = re.compile(r"dmesg[\w.-]{0,80}\Z")
LOGS = re.compile(r"(?:kern\.log|messages|syslog)(?:[.-][\w.-]{1,24})?\Z")
DEPTH = 3


class Found(NamedTuple):
    incidents: List[Dict[str, Any]]
    warnings: List[str]


def incidents(host: Host, folders: Sequence[str]) -> Found:
    """Everything but the journal, the fullest records first; dumps are below C(folders)."""
    found = Pile()
    warnings: List[str] = []
    for group in _groups(host, folders, warnings):
        one = _files.incidents(host, group[0], group[1:])
        modified = _written(host, group[0])
        _when.settle(one.incidents, modified)
        for incident in one.incidents:
            incident["at"] = _when.of_machine(incident["at"])
            # A record of a crash was written when it happened; a log file was written long after.
            if incident["at"] is None and modified is not None and not LOGS.match(group[0].rsplit("/", 1)[-1]):
                incident["at"] = _when.utc(modified)
        found.add(one.incidents)
        warnings += [one.warning] if one.warning else []
    return Found(found.incidents, warnings + found.lacks())


def _groups(host: Host, folders: Sequence[str], warnings: List[str]) -> List[List[str]]:
    """The files to read; those of one list are the parts of one record."""
    dumped: List[str] = []
    for folder in tuple(folders) + ABRT:
        for path in _below(host, folder, DUMPED, DEPTH, warnings):
            doubt = _owners.doubt(host, path, folder)
            dumped += _warn(warnings, doubt) if doubt else [path]
    groups = [[path] for path in dumped if _beside(host, path, "type") in ABRT_KINDS]
    for folder in PSTORE:
        together: Dict[Tuple[str, ...], List[str]] = {}
        for path in _below(host, folder, RECORD, DEPTH, warnings):
            together.setdefault(tuple(path.split("/")[:-1]), []).append(path)
        for parts in together.values():
            # systemd puts the parts together; where it did, the parts themselves say nothing more.
            whole = [path for path in parts if path.endswith("/dmesg.txt")]
            groups.append(whole or parts)
    return groups + [[path] for path in _below(host, "/var/log", LOGS, 1, warnings)]


def _written(host: Host, path: str) -> Optional[float]:
    """When a file was written; ABRT says itself when its problem was, and changes files later."""
    said = _beside(host, path, "time") or ""
    return float(said) if said.isdigit() and len(said) < 12 else host.modified(path)


def _beside(host: Host, path: str, name: str) -> Optional[str]:
    """What ABRT notes in a file of its own next to another; None outside its directories."""
    if not path.startswith(ABRT):
        return None
    try:
        said = host.read("%s/%s" % (path.rsplit("/", 1)[0], name))
    except HostError:
        return None
    return said.strip() if said else None


def _below(host: Host, folder: str, wanted: Pattern[str], depth: int, warnings: List[str]) -> List[str]:
    found: List[str] = []
    try:
        names = host.listdir(folder)
    except HostError as error:
        # A file among the directories is no trouble; one that may not be read is.
        return found if not host.is_directory(folder) else _warn(warnings, str(error))
    for name in names:
        path = "%s/%s" % (folder, name)
        if wanted.match(name) and not host.is_directory(path):
            found.append(path)
        elif depth > 1 and host.is_directory(path):
            found += _below(host, path, wanted, depth - 1, warnings)
    return found


def _warn(warnings: List[str], text: str) -> List[str]:
    warnings.append(text)
    return []
