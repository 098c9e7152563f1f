# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's table of processes when memory ran out (mm/oom_kill.c), of which only the biggest are kept: it may be very long."""

import heapq
import re
from typing import Dict, List, Optional, Tuple

HEADER = re.compile(r"\s{0,8}\[ {0,8}pid {0,8}\] +uid +tgid +total_vm +rss +([a-z][a-z_ ]{0,120}?) +name\s{0,8}\Z")
# [  pid  ]   uid  tgid total_vm      rss ... name; sizes are in pages
ROW = re.compile(
    r"\s{0,8}\[ {0,10}(\d{1,10})\] +\d{1,10} +\d{1,10} +(\d{1,12}) +(\d{1,12}) ([ \d-]{1,120} \S.{0,63})\Z"
)
NUMBERS = re.compile(r"[ \d-]{1,120} ")
KILLED = re.compile(
    r".{0,200}?Kill(?:ed)? process (\d{1,10})(?:, UID \d{1,10},)? \(([^)]{1,64})\)(?:,? total-vm:(\d{1,15})kB)?"
)
# mm/memcontrol.c, of the control group that has a limit.
GROUP = re.compile(
    r"oom-kill:.{1,300}?,oom_memcg=([^,]{1,200})|Task in .{1,200} killed as a result of limit of ([^ ]{1,200})"
)
LIMIT = re.compile(r"memory: usage \d{1,18}kB, limit (\d{1,18})kB")
# mm/page_alloc.c:show_free_areas(): Node 0 Normal: 1*64kB (U) 3*128kB ...; the first is a page
PAGE = re.compile(r"\s{0,8}(?:Node \d{1,5} )?[A-Z]\w{2,12}: \d{1,12}\*(\d{1,5})kB ")
# Those that Linux knows, in KiB.
PAGES = (4, 8, 16, 32, 64, 256)
BIGGEST = 3
# Of so many processes the whole size is remembered, until one of them is killed.
SIZES = 32768


class Table:
    """Takes the lines of a report, in any number and with others between them."""

    def __init__(self) -> None:
        self.columns: Optional[int] = None  # numbers between rss and the name
        self.rows: List[Tuple[int, int, str]] = []  # a heap: pages, the earlier first, name
        self.count = 0
        self.sizes: Dict[str, int] = {}  # pages by process
        self.killed: List[str] = []
        self.group: Optional[str] = None
        self.limit = 0  # in KiB
        self.page = 0  # in KiB, as far as the text tells

    def feed(self, text: str) -> bool:
        """Whether the line is part of the table."""
        match = ROW.match(text)
        if match:
            self._row(*match.groups())
            return True
        header = HEADER.match(text)
        if header:
            self.columns = len(header.group(1).split())
            return True
        match = None if self.page else PAGE.match(text)
        if match:
            self.page = int(match.group(1))
        if "limit" in text or "memcg" in text:
            self._limited(text)
        match = KILLED.match(text) if "Kill" in text else None
        if match:
            self._kill(*match.groups())
        return False

    @property
    def is_listing(self) -> bool:
        """Whether more rows may come: the table has begun, and nobody has been killed yet."""
        return self.count > 0 and not self.killed

    def _row(self, pid: str, total: str, rss: str, rest: str) -> None:
        if self.columns is None:
            # The head was lost; all numbers are taken for columns.
            numbers = NUMBERS.match(rest)
            name = rest[numbers.end() :] if numbers else ""
        else:
            name = "".join(rest.split(None, self.columns)[self.columns :])
        self.count += 1
        if len(self.sizes) < SIZES:
            self.sizes[pid] = int(total)
        entry = (int(rss), -self.count, name.strip())
        if len(self.rows) < BIGGEST:
            heapq.heappush(self.rows, entry)
        else:
            heapq.heappushpop(self.rows, entry)

    def _limited(self, text: str) -> None:
        match = GROUP.match(text)
        if match:
            self.group = match.group(1) or match.group(2)
        match = LIMIT.match(text)
        if match:
            self.limit = int(match.group(1))

    def _kill(self, pid: str, name: str, total: Optional[str]) -> None:
        if name not in self.killed and len(self.killed) < BIGGEST:
            self.killed.append(name)
        # A cgroup's report counts no free pages: the size of the same process in both units tells that of a page.
        pages = self.sizes.get(pid)
        if total and pages and not self.page:
            page = int(total) // pages
            self.page = page if page in PAGES and page * pages == int(total) else 0

    def words(self) -> Dict[str, str]:
        """The biggest processes and those that were killed, for the texts of the kind; empty where the log does not say."""
        rows = [(name, self._size(rss)) for rss, _order, name in sorted(self.rows, reverse=True)]
        words = dict(users="", biggest="", limit="")
        if rows:
            users = ", ".join("%s (%s)" % row for row in rows)
            words.update(users=": the biggest processes were " + users, biggest=": " + rows[0][0])
        if self.killed:
            words["users"] += "; killed: " + ", ".join(self.killed)
            words["biggest"] = words["biggest"] or ": " + self.killed[0]
        if self.group:
            words["limit"] = " (%s%s)" % (self.group, ", %d MiB" % (self.limit // 1024) if self.limit else "")
        return words

    def _size(self, rss: int) -> str:
        return "%d MiB" % (rss * self.page // 1024) if self.page else "%d pages" % rss
