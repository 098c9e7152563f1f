# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incidents of one source, no more than there is use for: a host with a thousand of them in one log has one problem."""

import collections
from typing import Any, Deque, Dict, List, Optional

LIMIT = 1000


class Kept:
    """The newest incidents, and older ones that ended the host."""

    def __init__(self) -> None:
        self.newest: Deque[Dict[str, Any]] = collections.deque()
        self.fatal: Deque[Dict[str, Any]] = collections.deque()
        self.seen = 0

    def add(self, incident: Dict[str, Any]) -> None:
        self.seen += 1
        self.newest.append(incident)
        if len(self.newest) > LIMIT:
            oldest = self.newest.popleft()
            if oldest["fatal"]:
                self.fatal.append(oldest)
            if len(self.fatal) > LIMIT:
                self.fatal.popleft()

    def all(self) -> List[Dict[str, Any]]:
        """Those that were kept, in the order in which they came."""
        return list(self.fatal) + list(self.newest)

    def lack(self) -> Optional[str]:
        """What is missing, in words; None where nothing is."""
        kept = len(self.fatal) + len(self.newest)
        if kept == self.seen:
            return None
        return "of %d incidents only the newest %d and older fatal ones are told" % (self.seen, len(self.newest))
