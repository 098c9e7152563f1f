# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same crash in several places of a host is one incident; two crashes that look the same stay two.

What is nearest is put together first. A boot of the journal, a directory of a dump and every other source tell of a crash once.
"""

import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _journal, _places, _ring, _when

# Seconds: the same crash is written to the journal at once, to a dump directory or an archive minutes later,
WRITTEN_LATER = 900
# and two clocks, or two programs that write at once, are so far apart.
AT_ONCE = 120
# The kernel's own clock tells boots apart, within the zones that log files leave out and the night in which a host was off.
SAME_CLOCK = 14 * 3600
# Where the beginning was cut off, what is left began a little later.
CUT_OFF = 2.0
DUMP = re.compile(r"/var/crash/([^/]+)/")

Incident = Dict[str, Any]


class Pair(NamedTuple):
    """Two incidents, by their places, that may be one; the smaller, the surer."""

    inexact: bool
    apart: int
    one: int
    other: int


def merged(incidents: List[Incident]) -> List[Incident]:
    """Each crash once, described by the first record of it, with its C(evidence) elsewhere."""
    groups = [[place] for place in range(len(incidents))]
    possible = (pair for pair in _pairs(incidents) if not _differ(incidents[pair.one], incidents[pair.other]))
    for pair in sorted(possible):
        one, other = groups[pair.one], groups[pair.other]
        if one is not other and not any(_differ(incidents[a], incidents[b]) for a in one for b in other):
            one += other
            for place in other:
                groups[place] = one
    return [
        _one([incidents[member] for member in sorted(group)])
        for place, group in enumerate(groups)
        if place == min(group)
    ]


def _pairs(incidents: List[Incident]) -> Iterator[Pair]:
    alike: Dict[str, List[int]] = {}
    for place, incident in enumerate(incidents):
        alike.setdefault(incident["fingerprint"], []).append(place)
    for places in alike.values():
        yield from _of_one_clock(incidents, places)
        yield from _of_one_time(incidents, places)


def _of_one_clock(incidents: List[Incident], places: List[int]) -> Iterator[Pair]:
    clocks: Dict[float, List[int]] = {}
    for place in places:
        if incidents[place]["seconds"] is not None:
            others = clocks.setdefault(incidents[place]["seconds"], [])
            for other in others:
                apart = _when.apart(incidents[place]["at"], incidents[other]["at"])
                if apart is None or apart <= (AT_ONCE if _archived(incidents, place, other) else SAME_CLOCK):
                    yield Pair(False, apart or 0, other, place)
            others.append(place)


def _of_one_time(incidents: List[Incident], places: List[int]) -> Iterator[Pair]:
    timed = sorted(
        (at, place) for at, place in ((_when.epoch(incidents[place]["at"]), place) for place in places) if at
    )
    for index, (at, place) in enumerate(timed):
        for later_at, later in timed[index + 1 :]:
            if later_at - at > WRITTEN_LATER:
                break
            apart = _apart(incidents, place, later, later_at - at)
            if apart is not None:
                yield Pair(True, apart, min(place, later), max(place, later))


def _apart(incidents: List[Incident], first: int, later: int, gap: int) -> Optional[int]:
    """How unsure it is that two records, C(gap) seconds apart, tell of one crash; None where they do not."""
    late = [incidents[place]["source"].startswith(_places.DUMPS + _places.PSTORE) for place in (first, later)]
    if late == [True, False]:
        # A record is written after the crash: this one would be of an earlier one, if the clocks are right.
        return gap + WRITTEN_LATER if gap <= AT_ONCE else None
    limit = WRITTEN_LATER if any(late) and not _archived(incidents, first, later) else AT_ONCE
    return gap if gap <= limit else None


def _archived(incidents: List[Incident], one: int, other: int) -> bool:
    """Whether both are records of pstore: those of one crash are archived at once."""
    return all(incidents[place]["source"].startswith(_places.PSTORE) for place in (one, other))


def _differ(one: Incident, other: Incident) -> bool:
    """Whether they cannot be one crash, whatever their times are."""
    if one["source"] == other["source"]:
        return True
    if None not in (one["seconds"], other["seconds"]) and abs(one["seconds"] - other["seconds"]) >= CUT_OFF:
        return True
    (boot, dump), (other_boot, other_dump) = _whose(one["source"]), _whose(other["source"])
    if None not in (boot, other_boot) or None not in (dump, other_dump):
        return boot != other_boot or dump != other_dump
    # A dump was taken of an earlier boot than the running one.
    return 0 in (boot, other_boot) and (dump or other_dump) is not None


def _whose(source: str) -> Tuple[Optional[int], Optional[str]]:
    """The boot, counted back, or the dump that a source belongs to."""
    match = DUMP.match(source)
    return (0 if source == _ring.KMSG else _journal.boot_of(source)), (match.group(1) if match else None)


def _one(records: List[Incident]) -> Incident:
    stated = any(record["fatal"] and not record["presumed"] for record in records)
    times = [record["at"] for record in records if record["at"]]
    return dict(
        records[0],
        evidence=[record["source"] for record in records[1:]],
        fatal=any(record["fatal"] for record in records),
        presumed=not stated and any(record["presumed"] for record in records),
        # The time that names its zone.
        at=next((at for at in times if at.endswith("Z")), times[0] if times else None),
    )
