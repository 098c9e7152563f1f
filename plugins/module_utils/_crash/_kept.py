# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incidents of one source and of all of them, no more than there is use for: a host with a thousand of them has one problem."""

import collections
from typing import Any, Deque, Dict, List, Optional, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _when

LIMIT = 1000
# Bytes, roughly: of a source, twice, and of a host, which is also about what the module prints.
ROOM = 4 * 1024 * 1024
ROOM_FOR_ALL = 8 * 1024 * 1024
# What an incident takes besides its lists, a text besides its letters, and a line while records are compared.
LEAST, EACH, MARK = 3000, 60, 64


def size(incident: Dict[str, Any]) -> int:
    """About how many bytes an incident takes."""
    lists: Sequence[Sequence[str]] = (incident["call_trace"], incident["follow_ups"])
    texts = sum(EACH + len(text) for one in lists for text in one)
    return LEAST + texts + MARK * len(incident["marks"].texts)


class _Line:
    """The newest incidents in a row, of which the oldest leaves when there is no more room."""

    def __init__(self) -> None:
        self.incidents: Deque[Dict[str, Any]] = collections.deque()
        self.size = 0

    def add(self, incident: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Take one, and give those that have to leave for it."""
        self.incidents.append(incident)
        self.size += size(incident)
        left: List[Dict[str, Any]] = []
        while len(self.incidents) > LIMIT or (self.size > ROOM and len(self.incidents) > 1):
            left.append(self.incidents.popleft())
            self.size -= size(left[-1])
        return left


class Kept:
    """The newest incidents of a source, and older ones that ended the host."""

    def __init__(self) -> None:
        self.newest = _Line()
        self.fatal = _Line()
        self.seen = 0

    def add(self, incident: Dict[str, Any]) -> None:
        self.seen += 1
        for older in self.newest.add(incident):
            if older["fatal"]:
                self.fatal.add(older)

    def all(self) -> List[Dict[str, Any]]:
        """Those that were kept, in the order in which they came."""
        return list(self.fatal.incidents) + list(self.newest.incidents)

    def lack(self) -> Optional[str]:
        """What is missing, in words; None where nothing is."""
        newest = len(self.newest.incidents)
        if newest + len(self.fatal.incidents) == self.seen:
            return None
        return "of %d incidents only the newest %d and older fatal ones are told" % (self.seen, newest)


class Pile:
    """The incidents of many sources, in their order: the fatal ones and the newest, when there is no room for all."""

    def __init__(self) -> None:
        self.incidents: List[Dict[str, Any]] = []
        self.size = 0
        self.seen = 0

    def add(self, incidents: List[Dict[str, Any]]) -> None:
        self.incidents += incidents
        self.seen += len(incidents)
        self.size += sum(size(incident) for incident in incidents)
        if self.size > ROOM_FOR_ALL:
            self._thin_out()

    def _thin_out(self) -> None:
        """To a little less than the room, so that the next ones do not ask for it again at once."""
        worth = sorted(range(len(self.incidents)), key=self._worth, reverse=True)
        self.size, count = 0, 0
        for place in worth:
            needed = size(self.incidents[place])
            if self.size + needed > ROOM_FOR_ALL * 3 // 4:
                break
            self.size, count = self.size + needed, count + 1
        self.incidents = [self.incidents[place] for place in sorted(worth[:count])]

    def _worth(self, place: int) -> Any:
        incident = self.incidents[place]
        return incident["fatal"], _when.epoch(incident["at"]) or 0, place

    def lacks(self) -> List[str]:
        """What is missing, in words."""
        if len(self.incidents) == self.seen:
            return []
        return ["of %d incidents only %d are told, the fatal ones and the newest" % (self.seen, len(self.incidents))]
