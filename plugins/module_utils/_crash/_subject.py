# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom an incident without a culprit function is about: the biggest users of memory, the disk, the link."""

import re
from typing import Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._report import HEAD_LIMIT, Report

DEVICE = (
    re.compile(r".{0,200}?(?:error, dev|on dev(?:ice)?|\(device) ([\w!/.-]{1,64})"),
    re.compile(r".{0,80}?I/O error on (?!dev)([\w/-]{1,64})"),
    re.compile(r".{0,80}?(?:Disk failure on|Failing path) ([\w:/-]{1,64})"),
    re.compile(r".{0,20}?\bblock (nvme\w{1,12}): "),
    re.compile(r"GFS2: fsid=([\w:.-]{1,64}): "),
    re.compile(r".{0,20}?\b(ata\d{1,4})(?:\.\d\d)?: "),
    re.compile(r".{0,20}?\bnvme (nvme\d{1,4}): "),
    re.compile(r".{0,80}?\[(sd[a-z]{1,4}|nvme\w{1,12})\]"),
    re.compile(r".{0,20}?(?:XFS|EXT[234]-fs|F2FS-fs|FAT-fs|BTRFS) \(([\w/-]{1,64})\)"),
    re.compile(r".{0,80}?\bsd (\d{1,5}:\d{1,5}:\d{1,5}:\d{1,5}): "),
    re.compile(r".{0,80}?\b([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b"),
    re.compile(r".{0,40}?EDAC (MC\d{1,4}): "),
    re.compile(r".{0,40}?DIMM location: ([^,]{1,64})"),
    re.compile(r".{0,80}?\b(CPU ?\d{1,5})[ :]"),
)
# What the stack does not name: whose work is in flight (kernel/workqueue.c), and whose queue stood still (net/sched/sch_generic.c).
DRIVER = {
    "workqueue-lockup": re.compile(r" {1,8}in-flight: .{0,200}?:\w{1,128} \[([\w-]{1,64})\]"),
    "warning": re.compile(
        r"(?:NETDEV WATCHDOG: [^ ]{1,32} \()?([\w-]{1,64})(?:\): transmit queue| [\w:.-]{1,64} [^ ]{1,32}: NETDEV WATCHDOG: )"
    ),
}
WITH_DEVICE = frozenset(("io-error", "fs-error", "pcie-error", "mce", "thermal"))


def describe(report: Report) -> Dict[str, str]:
    """The words C(device), C(users) and C(biggest) for the texts of the kind; empty where the log does not say."""
    words = dict(device="", users="", biggest="")
    if report.memory is not None:
        words.update(report.memory.words())
    elif report.kind in WITH_DEVICE:
        for text in report.lines[:20]:
            found = [match.group(1) for match in (pattern.match(text) for pattern in DEVICE) if match]
            if found:
                words["device"] = ": " + found[0]
                break
    return words


def driver(report: Report, before: List[str]) -> Optional[str]:
    """The driver that the message itself names, or the line before it."""
    pattern = DRIVER.get(report.kind)
    if pattern is None:
        return None
    found = [match.group(1) for match in map(pattern.match, before[-1:] + report.lines[:HEAD_LIMIT]) if match]
    return found[0] if found else None
