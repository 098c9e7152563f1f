# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One record of a crash, and what tells whether another one is of the same crash."""

from typing import Any, Dict, Optional, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (
    _journal,
    _marks,
    _places,
    _ring,
    _when,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS

# Where the beginning was cut off, what is left began a little later.
CUT_OFF = 2.0


class Sighting:
    """An incident in one source."""

    def __init__(self, incident: Dict[str, Any], folders: Sequence[str]) -> None:
        source = incident["source"]
        self.incident = incident
        self.source = source
        self.at = _when.epoch(incident["at"])
        self.seconds: Optional[float] = incident["seconds"]
        self.marks: _marks.Marks = incident.get("marks") or _marks.NONE
        self.texts = set(self.marks.texts)
        # The boot, counted back, or the dump that the source belongs to.
        self.boot = 0 if source == _ring.KMSG else _journal.boot_of(source)
        self.dump = next((_below(source, folder) for folder in folders if _below(source, folder)), None)
        self.archived = source.startswith(_places.PSTORE)
        # Whether its time is when it was written, which is after the crash.
        self.late = self.archived or source.startswith(_places.ABRT + tuple(folders))

    def differs(self, other: "Sighting") -> bool:
        """Whether they cannot be one crash, whatever their times are."""
        if self.source == other.source:
            return True
        if None not in (self.boot, other.boot) or None not in (self.dump, other.dump):
            if self.boot != other.boot or self.dump != other.dump:
                return True
        elif 0 in (self.boot, other.boot) and (self.dump or other.dump) is not None:
            # A dump was taken of an earlier boot than the running one.
            return True
        if self.seconds is None or other.seconds is None or abs(self.seconds - other.seconds) < CUT_OFF:
            return False
        return set(self.marks.stamped).isdisjoint(other.marks.stamped)

    def continues(self, other: "Sighting") -> bool:
        """Whether this record, with its beginning cut off, may hold what came after the other, or a part of it."""
        if None not in (self.seconds, other.seconds):
            # Then the kernel's own stamps say so.
            return False
        if _marks.overlap(self.texts, other.texts):
            return self.is_part_of(other)
        return self._is_rest and not other._is_rest and other.incident["fatal"] and KINDS[other.incident["kind"]].lethal

    def is_part_of(self, other: "Sighting") -> bool:
        """Whether the other record holds more of what this one tells."""
        if self.marks.head == other.marks.head:
            return _marks.within(self.texts, other.texts)
        return self.marks.head in other.texts or (self._is_rest and not other._is_rest)

    def belongs_to(self, other: "Sighting") -> bool:
        """Whether one of two records is a part of the other; those of one source are two crashes anyhow."""
        return self.source != other.source and (self.is_part_of(other) or other.is_part_of(self))

    @property
    def _is_rest(self) -> bool:
        return _marks.is_rest(self.incident.get("title", "")) is not None


def _below(source: str, folder: str) -> Optional[str]:
    """The directory of a dump."""
    name, slash, _rest = source[len(folder) + 1 :].partition("/")
    return name if slash and source.startswith(folder + "/") else None
