# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same crash in several places of a host is one incident; two crashes that look the same stay two.

What is nearest is put together first. A boot of the journal, a directory of a dump and every other source tell of a crash once.
A record that was cut off names another function, or none: it is known by the lines that it has in common with another.
"""

import bisect
from typing import Any, Dict, Hashable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _dump_folders
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._sighting import Sighting

# Seconds: the same crash is written to the journal at once, to a dump directory or an archive minutes later,
WRITTEN_LATER = 900
# and two clocks, or two programs that write at once, are so far apart.
AT_ONCE = 120
# The kernel's own clock tells boots apart, within the night in which a host was off and a change of its zone.
SAME_CLOCK = 14 * 3600

# How sure it is: by the kernel's clock, by the same function at the same time, by the time of what was cut off.
CLOCK, TIME, CUT = range(3)

Incident = Dict[str, Any]


class Pair(NamedTuple):
    """Two records, by their places, that may be of one crash; the smaller, the surer."""

    sure: int
    apart: int
    one: int
    other: int


def merged(incidents: List[Incident], folders: Sequence[str] = (_dump_folders.CRASH,)) -> List[Incident]:
    """Each crash once, described by the fullest record of it, with its C(evidence) elsewhere; dumps are below C(folders)."""
    seen = [Sighting(incident, folders) for incident in incidents]
    groups = [[place] for place in range(len(seen))]
    possible = set(pair for pair in _pairs(seen) if not seen[pair.one].differs(seen[pair.other]))
    for pair in sorted(possible):
        one, other = groups[pair.one], groups[pair.other]
        if one is not other and not any(seen[a].differs(seen[b]) for a in one for b in other):
            one += other
            for place in other:
                groups[place] = one
    return [
        _one([seen[member] for member in sorted(group)]) for place, group in enumerate(groups) if place == min(group)
    ]


def _pairs(seen: List[Sighting]) -> Iterator[Pair]:
    for places in _alike([one.incident["fingerprint"] for one in seen]):
        yield from _of_one_clock(seen, places)
        yield from _of_one_time(seen, places, TIME)
    yield from _of_one_line(seen)
    for places in _alike([one.marks.head for one in seen]):
        for pair in _of_one_time(seen, places, CUT):
            one, other = seen[pair.one], seen[pair.other]
            # Of equal fingerprints the time alone was asked already.
            if one.incident["fingerprint"] != other.incident["fingerprint"] and one.belongs_to(other):
                yield pair
    yield from _of_cut_off(seen)


def _alike(keys: Sequence[Optional[Hashable]]) -> List[List[int]]:
    found: Dict[Hashable, List[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            found.setdefault(key, []).append(place)
    return list(found.values())


def _of_one_clock(seen: List[Sighting], places: List[int]) -> Iterator[Pair]:
    for alike in _alike([seen[place].seconds for place in places]):
        for index, one in enumerate(alike):
            for other in alike[:index]:
                yield from _by_clock(seen, places[other], places[one])


def _of_one_line(seen: List[Sighting]) -> Iterator[Pair]:
    """Records that share a line and its stamp, where one has lost what the other begins with or says."""
    holders: Dict[int, List[int]] = {}
    for place, one in enumerate(seen):
        for mark in one.marks.stamped if one.late else ():
            holders.setdefault(mark, []).append(place)
    for place, one in enumerate(seen):
        for other in set(holder for mark in one.marks.stamped for holder in holders.get(mark, ())):
            if one.belongs_to(seen[other]):
                yield from _by_clock(seen, min(other, place), max(other, place))


def _by_clock(seen: List[Sighting], one: int, other: int) -> Iterator[Pair]:
    begin, end = seen[one].at, seen[other].at
    apart = None if begin is None or end is None else abs(begin - end)
    limit = AT_ONCE if seen[one].archived and seen[other].archived else SAME_CLOCK
    if apart is None or apart <= limit:
        yield Pair(CLOCK, apart or 0, one, other)


def _of_one_time(seen: List[Sighting], places: List[int], sure: int) -> Iterator[Pair]:
    timed = _timed(seen, places)
    for index, (at, place) in enumerate(timed):
        for later_at, later in timed[index + 1 :]:
            if later_at - at > WRITTEN_LATER:
                break
            yield from _by_time(seen, place, later, sure)


def _of_cut_off(seen: List[Sighting]) -> Iterator[Pair]:
    """Records for which there was too little room, each with what was told at the time."""
    timed = _timed(seen, range(len(seen)))
    for place, one in enumerate(seen):
        if not one.late or one.at is None:
            continue
        begin = bisect.bisect_left(timed, (one.at - WRITTEN_LATER, 0))
        for at, other in timed[begin:]:
            if at - one.at > AT_ONCE:
                break
            if not seen[other].late and one.continues(seen[other]):
                first, later = (other, place) if at <= one.at else (place, other)
                yield from _by_time(seen, first, later, CUT)


def _timed(seen: List[Sighting], places: Sequence[int]) -> List[Tuple[int, int]]:
    return sorted((at, place) for at, place in ((seen[place].at, place) for place in places) if at)


def _by_time(seen: List[Sighting], first: int, later: int, sure: int) -> Iterator[Pair]:
    gap = (seen[later].at or 0) - (seen[first].at or 0)
    apart = _apart(seen[first], seen[later], gap)
    if apart is not None:
        yield Pair(sure, apart, min(first, later), max(first, later))


def _apart(first: Sighting, later: Sighting, gap: int) -> Optional[int]:
    """How unsure it is that two records, C(gap) seconds apart, tell of one crash; None where they do not."""
    if first.late and not later.late:
        # A record is written after the crash: this one would be of an earlier one, if the clocks are right.
        return gap + WRITTEN_LATER if gap <= AT_ONCE else None
    # Those of pstore are archived at once.
    both_archived = first.archived and later.archived
    limit = WRITTEN_LATER if (first.late or later.late) and not both_archived else AT_ONCE
    return gap if gap <= limit else None


def _one(records: List[Sighting]) -> Incident:
    """The first of them that is not a part of another describes the crash."""
    best = next((one for one in records if not any(one.is_part_of(other) for other in records)), records[0])
    found = [best] + [one for one in records if one is not best]
    incidents = [one.incident for one in found]
    stated = any(one["fatal"] and not one["presumed"] for one in incidents)
    times = [one["at"] for one in incidents if one["at"]]
    until = next((one.marks.until for one in found if one.boot is not None), best.marks.until)
    return dict(
        best.incident,
        evidence=[one.source for one in found[1:]],
        marks=best.marks._replace(until=until),
        fatal=any(one["fatal"] for one in incidents),
        presumed=not stated and any(one["presumed"] for one in incidents),
        # The time that the machine's zone had no part in.
        at=next((at for at in times if at.endswith("Z")), times[0] if times else None),
    )
