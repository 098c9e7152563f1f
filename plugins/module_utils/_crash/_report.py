# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of one report, and what they say: who ran where, on which kernel."""

import re
from typing import Any, Dict, List, Match, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _stack, _taint
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._memory import Table
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._stack import Stack
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import Trigger

# A report of the kernel is a few hundred lines; what comes later in one is backtraces of other CPUs.
REPORT_LIMIT = 1500
WORDS_BEFORE = 3
# The head of a report ends with its task, its registers or its stack; some have many lines before them, as those of hardware errors.
HEAD_LIMIT = 64
HEAD_END = ("CPU: ", "Pid: ", "PID: ", "NIP [", "Call Trace", "Call trace", "Backtrace:")
# What WARN() may say in its text.
WARNED_OF = ("mem-corruption", "locking", "bug-other", "atomic-context")

# Up to Linux 3.x an oops of x86 has its CPU alone in a line.
CPU_LINE = re.compile(r"CPU: (\d{1,5})\b|\ACPU (\d{1,5})\s*\Z")
TASK = (
    re.compile(
        r".{0,40}\bPID: (?P<pid>\d{1,10}) Comm: (?P<comm>.{1,32}?) (?:Kdump: loaded )?(?:Not tainted|Tainted: |G )"
    ),
    re.compile(r".{0,20}[Pp]id: (?P<pid>\d{1,10}), comm: +(?P<comm>.{1,32}?) (?:Not tainted|Tainted: |\()"),
    re.compile(r".{0,40}INFO: task (?P<comm>.{1,64}):(?P<pid>\d{1,10}) (?:blocked|can't)"),
    re.compile(r".{0,80}stuck for \d{1,9}s! \[(?P<comm>.{1,64}):(?P<pid>\d{1,10})\]"),
    re.compile(r".{0,80} by task (?P<comm>.{1,64})/(?P<pid>\d{1,10})\s*\Z"),
    re.compile(r".{0,300}, CPU#\d{1,5}: (?P<comm>.{1,64})/(?P<pid>\d{1,10})\s*\Z"),
    re.compile(r"Process (?P<comm>.{1,32}?) \(pid: (?P<pid>\d{1,10})[,)]"),
    re.compile(r"(?P<comm>.{1,32}?) invoked oom-killer(?P<pid>)"),
)
CPU_HINT = re.compile(r".{0,120}?(?:CPU#|on cpu |on CPU |CPU )(\d{1,5})\b")
# The RHEL family shows flags that it keeps for itself as dashes.
RELEASE = re.compile(r"(?:Not tainted|Tainted: [A-Z -]{1,60}?)[ ,(]{1,24}(\d{1,3}\.\d[^\s,)]{1,100})")
HARDWARE = "Hardware name: "
# It tells of tasks that are on no CPU, from its own.
HUNG_TASK_WATCHDOG = "khungtaskd"
FIRST_PAGE = re.compile(r"Failing address: 0{13}[0-9a-f]{3} ")


class Report:
    """Collects the lines of one report."""

    def __init__(self, kind: str, title: str, first: Line) -> None:
        self.kind = kind
        self.title = title
        self.first = first
        self.lines: List[str] = [first.text]
        self.memory: Optional[Table] = None
        if kind == "oom":
            self.memory = Table()
            self.memory.feed(first.text)

    def settle(self) -> None:
        """s390 gives the address in a line of its own: in the first page it was a pointer that was not set."""
        if self.kind == "paging-fault" and any(FIRST_PAGE.match(text) for text in self.lines[1:4]):
            self.kind = "null-deref"

    def same_caller(self, line: Line) -> bool:
        """Whether the line comes from the task or CPU that reports, as far as the log says."""
        return self.first.caller is None or line.caller in (None, self.first.caller)

    def is_announced(self, trigger_kind: str) -> bool:
        """Whether these are only the words of a report whose head is what comes now: WARN() prints its text before it, powerpc the address."""
        if len(self.lines) > WORDS_BEFORE or any("+0x" in text or "CPU: " in text for text in self.lines):
            return False
        if trigger_kind == "warning":
            return self.kind in WARNED_OF
        return self.title.startswith("Kernel attempted to ") and trigger_kind in ("null-deref", "paging-fault")

    def is_head(self) -> bool:
        """Whether no task, registers or stack have come yet: a message may take more than one line of a head."""
        return len(self.lines) <= HEAD_LIMIT and not any(mark in text for text in self.lines[1:] for mark in HEAD_END)

    def words(self, trigger: Trigger) -> bool:
        """Up to Linux 4.14 the text of WARN() comes behind its head; then it says what the report is about."""
        if self.kind != "warning" or trigger.kind not in WARNED_OF:
            return False
        self.kind, self.title = trigger.kind, trigger.title
        return True

    def add(self, line: Line) -> bool:
        """Take a line; whether it is one of a table, of which there may be more than of any other."""
        if self.memory is not None and self.memory.feed(line.text):
            return True
        if len(self.lines) < REPORT_LIMIT and self.same_caller(line):
            self.lines.append(line.text)
        return False

    def header(self) -> Dict[str, Any]:
        """Task, CPU, kernel, hardware and taint."""
        found: Dict[str, Any] = dict(task=None, cpu=None, kernel=None, hardware=None, taint=[])
        for text in self.lines:
            found["task"] = self._more(found["task"], text)
            if found["cpu"] is None and "CPU" in text:
                found["cpu"] = _number(CPU_LINE.search(text))
            if "ainted" in text:
                match = RELEASE.search(text)
                if match and found["kernel"] is None:
                    found["kernel"] = match.group(1)
                found["taint"] = found["taint"] or _taint.decode(text)
            at = text.find(HARDWARE)
            if at >= 0 and found["hardware"] is None:
                found["hardware"] = text[at + len(HARDWARE) :].strip()[:200] or None
        if found["cpu"] is None:
            found["cpu"] = _number(CPU_HINT.match(self.title))
        if self.kind == "hung-task":
            found["cpu"] = None
        return found

    def _more(self, known: Optional[Dict[str, Any]], text: str) -> Optional[Dict[str, Any]]:
        """The task with what a line adds: who it is, or its number, which the first line of an OOM report leaves out."""
        if known is not None and known["pid"] is not None:
            return known
        found = _task(text)
        if found is None or (self.kind == "hung-task" and found["comm"] == HUNG_TASK_WATCHDOG):
            return known
        return found if known is None or known["comm"] == found["comm"] else known

    def stack(self) -> Stack:
        return _stack.find(self.kind, self.title, self.lines)


def _number(match: Optional[Match[str]]) -> Optional[int]:
    """The one group of an expression that took part."""
    return int(match.group(match.lastindex or 0)) if match else None


def _task(text: str) -> Optional[Dict[str, Any]]:
    for pattern in TASK:
        match = pattern.match(text)
        if match:
            pid = match.group("pid")
            return dict(comm=match.group("comm").strip(), pid=int(pid) if pid else None)
    return None
