# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom an incident without a culprit function is about: the biggest users of memory, the disk, the link."""

import re
from typing import Dict, List, Tuple

# mm/oom_kill.c:dump_tasks(): [  pid  ]   uid  tgid total_vm      rss ... name; sizes are in pages
OOM_ROW = re.compile(
    r"\s{0,8}\[ {0,10}\d{1,10}\] +\d{1,10} +\d{1,10} +\d{1,12} +(\d{1,12}) [ \d-]{1,120} (\S.{0,63})\Z"
)
KILLED = re.compile(r".{0,200}?Kill(?:ed)? process \d{1,10}(?:, UID \d{1,10},)? \(([^)]{1,64})\)")
# mm/page_alloc.c:show_free_areas(): Node 0 Normal: 1*64kB (U) 3*128kB ...; the first is a page
PAGE = re.compile(r"\s{0,8}(?:Node \d{1,5} )?[A-Z]\w{2,12}: \d{1,12}\*(\d{1,5})kB ")
BIGGEST = 3

DEVICE = (
    re.compile(r".{0,200}?(?:error, dev|on dev(?:ice)?|\(device) ([\w!/.-]{1,64})"),
    re.compile(r".{0,80}?Buffer I/O error on (?!dev)([\w/-]{1,64})"),
    re.compile(r".{0,20}?\b(ata\d{1,4})(?:\.\d\d)?: "),
    re.compile(r".{0,20}?\bnvme (nvme\d{1,4}): "),
    re.compile(r".{0,80}?\[(sd[a-z]{1,4}|nvme\w{1,12})\]"),
    re.compile(r".{0,20}?(?:XFS|EXT[234]-fs|F2FS-fs|FAT-fs|BTRFS) \(([\w/-]{1,64})\)"),
    re.compile(r".{0,80}?\bsd (\d{1,5}:\d{1,5}:\d{1,5}:\d{1,5}): "),
    re.compile(r".{0,80}?\b([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b"),
    re.compile(r".{0,40}?EDAC (MC\d{1,4}): "),
    re.compile(r".{0,80}?\b(CPU ?\d{1,5})[ :]"),
)
WITH_DEVICE = frozenset(("io-error", "fs-error", "pcie-error", "mce", "thermal"))


def describe(kind: str, lines: List[str]) -> Dict[str, str]:
    """The words C(device), C(users) and C(biggest) for the texts of the kind; empty where the log does not say."""
    words = dict(device="", users="", biggest="")
    if kind == "oom":
        words.update(_memory(lines))
    elif kind in WITH_DEVICE:
        for text in lines[:20]:
            found = [match.group(1) for match in (pattern.match(text) for pattern in DEVICE) if match]
            if found:
                words["device"] = ": " + found[0]
                break
    return words


def _memory(lines: List[str]) -> Dict[str, str]:
    rows: List[Tuple[int, str]] = []
    killed: List[str] = []
    page = 0
    for text in lines:
        match = PAGE.match(text)
        page = page or (int(match.group(1)) if match else 0)
        match = OOM_ROW.match(text)
        if match:
            rows.append((int(match.group(1)), match.group(2)))
        match = KILLED.match(text)
        if match and match.group(1) not in killed:
            killed.append(match.group(1))
    biggest = sorted(rows, reverse=True)[:BIGGEST]
    users = ", ".join(
        "%s (%s)" % (name, "%d MiB" % (rss * page // 1024) if page else "%d pages" % rss) for rss, name in biggest
    )
    words = dict(users="", biggest="")
    if users:
        words = dict(users=": the biggest processes were " + users, biggest=": " + biggest[0][1])
    if killed:
        words["users"] += "; killed: " + ", ".join(killed[:BIGGEST])
        words["biggest"] = words["biggest"] or ": " + killed[0]
    return words
