# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an earlier boot ended, as the end of its journal tells together with the incidents that were seen."""

import json
import re
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _virtualization
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _journal, _ring, _when
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

KEPT = "/var/log/journal"
LAST = 100
# PID 1 and its last helper when somebody wanted the end; the managers of users write similar lines.
ENDED = re.compile(
    r"Reached target .{0,60}(?:Power-Off|Reboot|Shutdown|Halt|System Power Off|System Reboot|poweroff\.target|reboot\.target|shutdown\.target)"
    r"|Journal stopped|Shutting down\.|Sending SIGTERM to remaining processes|Stopped .{0,40}Journal Service"
)
# A journal that was only restarted says that it stopped, too.
GOES_ON = re.compile(r"Journal started|Started .{0,40}Journal Service")
# The capture kernel of Debian and Ubuntu boots the host's own system for this unit alone, and keeps a journal there.
CAPTURE = ["-u", "kdump-tools-dump.service"]
# Seconds: how coarse times are, how long a host lives on between a crash and its panic, and how late a record is archived.
CLOCK, BEFORE_PANIC, ARCHIVED = 2, 120, 900
OF_SYSTEM = ("systemd", "systemd-shutdown", "systemd-journald", "systemd-journal")


def last_boot(host: Host, seen: List[Dict[str, Any]]) -> Dict[str, Any]:
    """How the boot before this one ended, also when nobody watched."""
    unknown: Dict[str, Any] = dict(ended="unknown", boot_id=None, at=None, kept=_is_kept(host))
    # Whoever sees only his own journal sees no shutdown of the system in it.
    if host.which("journalctl") is None or _journal.closed(host):
        return unknown
    entries = _last(host, 1, [])
    if not entries:
        return unknown
    if _last(host, 1, CAPTURE):
        # The boot that took a dump follows a panic; the one before it is what is asked for.
        entries = _last(host, 2, []) or entries[-1:]
        return _ended(entries, "panic")
    clean = _in_order(entries)
    end = _at(entries[-1])
    panics = [incident for incident in seen if _panicked(incident, end, _ring.booted(host) or end)]
    if panics and clean:
        # Behind an orderly end comes a boot that died before it had a journal.
        return dict(boot_id=None, at=panics[0]["at"], ended="panic")
    return _ended(entries, "panic" if panics else "clean" if clean else "reset")


def _is_kept(host: Host) -> bool:
    """Whether the journal outlives a restart, as far as that is this system's own affair."""
    return host.is_directory(KEPT) or _virtualization.observe(host)["kind"] == "container"


def outlived(host: Host, incident: Dict[str, Any]) -> bool:
    """Whether the journal knows that the host went on: what the kernel says ends before an orderly end is told."""
    boots = [
        boot
        for boot in (_journal.boot_of(place) for place in [incident["source"]] + incident.get("evidence", []))
        if boot is not None
    ]
    if not boots or boots[0] == 0:
        return bool(boots)
    entries = _last(host, boots[0], [])
    until = _when.epoch(incident["marks"].until)
    went_on = bool(entries) and until is not None and _at(entries[-1]) - until > BEFORE_PANIC
    return went_on or _in_order(entries)


def _last(host: Host, back: int, which: List[str]) -> List[Dict[str, Any]]:
    """The last entries of an earlier boot, none where there is no such boot."""
    try:
        command = _journal.JOURNALCTL + ["-b", "-%d" % back, "-n", str(LAST), "-o", "json"] + which
        result = host.run(command, timeout=60, check=False)
    except CommandError:
        return []
    entries = [_entry(line) for line in result.out.splitlines()] if result.rc == 0 else []
    return [entry for entry in entries if entry is not None]


def _at(entry: Dict[str, Any]) -> int:
    return int(str(entry.get("__REALTIME_TIMESTAMP") or 0)) // 1000000


def _ended(entries: List[Dict[str, Any]], how: str) -> Dict[str, Any]:
    return dict(boot_id=entries[-1].get("_BOOT_ID"), at=_when.utc(_at(entries[-1])), ended=how)


def _entry(line: str) -> Optional[Dict[str, Any]]:
    try:
        entry = json.loads(line)
        return entry if isinstance(entry, dict) else None
    except ValueError:
        return None


def _in_order(entries: List[Dict[str, Any]]) -> bool:
    """Whether somebody wanted the end, and nothing went on after it."""
    for text in (str(entry.get("MESSAGE")) for entry in reversed(entries) if _of_system(entry)):
        if ENDED.search(text) or GOES_ON.search(text):
            return ENDED.search(text) is not None
    return False


def _of_system(entry: Dict[str, Any]) -> bool:
    if entry.get("SYSLOG_IDENTIFIER") not in OF_SYSTEM or entry.get("_SYSTEMD_USER_UNIT"):
        return False
    return entry.get("_PID") == "1" or entry.get("SYSLOG_IDENTIFIER") != "systemd"


def _panicked(incident: Dict[str, Any], end: int, next_boot: int) -> bool:
    """Whether it ended the last boot, whose journal stops at C(end): a record or dump is written then, or archived in the next boot."""
    if incident["presumed"]:
        return False
    places = [incident["source"]] + incident["evidence"]
    boots = [place for place in places if place.startswith(_journal.OF_BOOT)]
    if not incident["fatal"] or boots:
        return incident["fatal"] is True and _journal.OF_BOOT + "1" in boots
    at = _when.epoch(incident["at"])
    # Log files bear the time of the first message, all else that of the last.
    early = BEFORE_PANIC if incident["source"].startswith("/var/log/") else CLOCK
    return at is not None and end - early <= at <= next_boot + ARCHIVED
