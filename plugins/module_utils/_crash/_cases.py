# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that mean something else in some cases, and what to do first then; the words in braces are those of _kinds.py.

C({limit}) is the control group and its limit.
"""

from typing import List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS, Kind


class Case(NamedTuple):
    name: str
    kinds: Tuple[str, ...]
    marks: Tuple[str, ...]  # what the report says in this case
    entry: Kind


CASES = (
    Case(
        "a crash that was asked for", ("panic-other", "null-deref", "paging-fault"), ("sysrq triggered crash", "sysrq_handle_crash"),
        Kind(
            "unknown", True, "Somebody or a program asked the kernel to crash (sysrq c), as a drill of the crash dump does.",
            "Ask who did it: look for sysrq-trigger in scripts, in the history of root's shell and in the audit log. The kernel is not at fault.",
            "drivers/tty/sysrq.c",
        ),
    ),
    Case(
        "within a control group", ("oom",), ("Memory cgroup out of memory", "CONSTRAINT_MEMCG", "killed as a result of limit of"),
        Kind(
            "resources", False, "A control group used up the memory that it is allowed{limit}{users}.",
            "See what needs so much{biggest}; raise the limit of its service or container (MemoryMax=, memory.max). The host itself may have memory left.",
            "mm/memcontrol.c",
        ),
    ),
)  # fmt: skip


def entry(kind: str, lines: List[str]) -> Kind:
    """What the table says of this kind, in the case that these lines tell of."""
    case = _case(kind, lines)
    return case.entry if case else KINDS[kind]


def _case(kind: str, lines: List[str]) -> Optional[Case]:
    for case in CASES:
        if kind in case.kinds and any(mark in text for text in lines for mark in case.marks):
            return case
    return None
