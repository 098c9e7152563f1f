# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incidents of a host or of named files: each seen once, newest first, and what could not be read."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (
    _dump_folders,
    _ending,
    _files,
    _journal,
    _merge,
    _places,
    _ring,
    _when,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Pile
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

SINCE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z?)?\Z")

Incident = Dict[str, Any]


class Found(NamedTuple):
    incidents: List[Incident]
    warnings: List[str]
    last_boot: Dict[str, Any]


class Wanted(NamedTuple):
    kinds: List[str]
    since: str
    limit: Optional[int]


def wanted(params: Dict[str, Any]) -> Wanted:
    """What the user asked for; raises PolicyError."""
    unknown = sorted(set(params["kinds"]) - set(KINDS))
    if unknown:
        raise PolicyError("kinds: %s: no such kind; there are %s" % (", ".join(unknown), ", ".join(sorted(KINDS))))
    since = params["since"] or ""
    if since and not SINCE.match(since):
        raise PolicyError(
            "since: '%s' must be a date such as 2026-11-02 or a time such as 2026-11-02T03:00:00Z" % since
        )
    for name in ("boots", "limit"):
        if params[name] < 0:
            raise PolicyError("%s: %d must not be negative" % (name, params[name]))
    return Wanted(params["kinds"], since, params["limit"] or None)


def of_files(host: Host, paths: List[str]) -> Found:
    """Each file is judged alone, and the same incident in two of them is two."""
    pile = Pile()
    warnings: List[str] = []
    for path in paths:
        found = _files.incidents(host, path)
        _when.settle(found.incidents, host.modified(path))
        pile.add([dict(incident, evidence=[]) for incident in found.incidents])
        warnings += [found.warning] if found.warning else []
    for incident in pile.incidents:
        # Nobody else is asked: another boot right behind a crash is all there is to go by.
        del incident["presumed"], incident["marks"]
    return Found(pile.incidents, warnings + pile.lacks(), {})


def of_host(host: Host, boots: int) -> Found:
    """All that the host keeps; where an incident was seen in several places, the fullest record describes it."""
    warnings: List[str] = []
    folders = _dump_folders.of(host, warnings)
    places = _places.incidents(host, folders)
    journal = _journal.incidents(host, boots)
    _judge(host, journal.incidents)
    pile = Pile()
    for found in (places, journal, _ring.incidents(host)):
        pile.add(found.incidents)
        warnings += found.warnings
    incidents = _merge.merged(pile.incidents, folders)
    last_boot = _ending.last_boot(host, incidents)
    _judge(host, incidents)
    for incident in incidents:
        del incident["presumed"], incident["marks"]
    return Found(incidents, warnings + pile.lacks(), last_boot)


def _judge(host: Host, incidents: List[Incident]) -> None:
    """Ask the journal about crashes that only seem to have ended the host."""
    for incident in incidents:
        if incident["presumed"] and _ending.outlived(host, incident):
            incident.update(fatal=False, presumed=False)


def select(incidents: List[Incident], asked: Wanted) -> List[Incident]:
    """Those asked for, newest first, each with the number of times that its fingerprint was seen."""
    seen: Dict[str, int] = {}
    for incident in incidents:
        seen[incident["fingerprint"]] = seen.get(incident["fingerprint"], 0) + 1
    chosen = [
        dict(incident, count=seen[incident["fingerprint"]])
        for incident in incidents
        if (not asked.kinds or incident["kind"] in asked.kinds) and is_since(incident["at"], asked.since)
    ]
    chosen.sort(key=lambda one: (_when.epoch(one["at"]) or 0, one["source"], one["line"]), reverse=True)
    return chosen


def is_since(at: Optional[str], since: str) -> bool:
    """Whether a time, in whatever zone, is not before another; one that nobody knows may be."""
    # A date alone, or a time without its seconds, is their beginning.
    begin = _when.epoch(since.rstrip("Z") + "0000-00-00T00:00:00"[len(since.rstrip("Z")) :] + "Z")
    time = _when.epoch(at)
    return begin is None or time is None or time >= begin


def summarize(incidents: List[Incident]) -> Dict[str, Any]:
    kinds: Dict[str, int] = {}
    for incident in incidents:
        kinds[incident["kind"]] = kinds.get(incident["kind"], 0) + 1
    return dict(incidents=len(incidents), fatal=sum(1 for incident in incidents if incident["fatal"]), kinds=kinds)
