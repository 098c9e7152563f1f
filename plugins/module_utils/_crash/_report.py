# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of one report, and what they say: who ran where, on which kernel, which function, which driver."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _frames, _helpers, _taint
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._frames import Frame
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._memory import Table
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import Trigger

# A report of the kernel is a few hundred lines; what comes later in one is backtraces of other CPUs.
REPORT_LIMIT = 1500
TRACE_LIMIT = 64
WORDS_BEFORE = 3
# The head of a report ends with its task, its registers or its stack; some have many lines before them, as those of hardware errors.
HEAD_LIMIT = 64
HEAD_END = ("CPU: ", "Pid: ", "PID: ", "NIP [", "Call Trace", "Call trace", "Backtrace:")
# What WARN() may say in its text.
WARNED_OF = ("mem-corruption", "locking", "bug-other", "atomic-context")

CPU_LINE = re.compile(r"CPU: (\d{1,5})\b")
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

# What follows is another stack: who made the object, who freed it, what another CPU does.
OTHER_STACK = (
    "Allocated by task", "Freed by task", "Allocated:", "Freed:", "The buggy address", "Uninit was", "Local variable",
    "Last potentially related", "Second to last", "Memory state around", "---[ end trace", "Showing all locks held", "allocated by task",
    "freed by task", "Kernel Offset", "Rebooting in", "the existing dependency chain", "other info that might help", "Object created",
    "Object freed", "Sending NMI", "INFO: Freed in", "INFO: Allocated in", "Last Breaking-Event", "Bytes ", "value changed:", "Mem-Info",
    "INFO: lockdep", "Preemption disabled at", "hardirqs last", "softirqs last", "irq event stamp", "write to 0x", "read to 0x", "read-write to 0x",
)  # fmt: skip
# An address of its own, which is no stack (kernel/sched/core.c).
DISABLED_AT = "Preemption disabled at:"
OWNERS = ("INFO: Allocated in", "INFO: Freed in")
TRACE = ("Call Trace", "Call trace", "Backtrace:", "stack backtrace", "Stack backtrace")
IN_TITLE = re.compile(r".{0,160}? in ([A-Za-z_][\w.]{0,200})(?:\+0x|$| at addr| / )")
PLACE = re.compile(
    r"(?<![\w.])\.?([A-Za-z_$][\w.$]{0,200})\+0x([0-9a-f]{1,16})/0x[0-9a-f]{1,16}(?: \[([\w-]{1,64})\])?"
)
HELD_AT = re.compile(r".{0,200}?, at: (?:\[<[0-9a-f]{1,16}>\] {1,8})?\.?([A-Za-z_][\w.]{0,200})")
CORRUPTED_IN = re.compile(r".{0,200}Kernel stack is corrupted in: (?:[0-9a-f]{8,16}|([A-Za-z_][\w.]{0,200}))")
FIRST_PAGE = re.compile(r"Failing address: 0{13}[0-9a-f]{3} ")
NO_FUNCTION = frozenset(
    ("io-error", "fs-error", "oom", "mce", "thermal", "pcie-error", "nmi", "panic-vfs-root", "unexpected-reboot", "workqueue-lockup")
)  # fmt: skip


class Stack(NamedTuple):
    """The frames of the report's own stack, innermost first, and where the fault is in them."""

    frames: List[Frame]
    culprit: Optional[int]


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
            if found["task"] is None:
                found["task"] = _task(text)
            if found["cpu"] is None and "CPU" in text:
                match = CPU_LINE.search(text)
                found["cpu"] = int(match.group(1)) if match else None
            if "ainted" in text:
                match = RELEASE.search(text)
                if match and found["kernel"] is None:
                    found["kernel"] = match.group(1)
                found["taint"] = found["taint"] or _taint.decode(text)
            at = text.find(HARDWARE)
            if at >= 0 and found["hardware"] is None:
                found["hardware"] = text[at + len(HARDWARE) :].strip()[:200] or None
        if found["cpu"] is None:
            match = CPU_HINT.match(self.title)
            found["cpu"] = int(match.group(1)) if match else None
        return found

    def stack(self) -> Stack:
        # The stack of a panic for a hung task is the watchdog's own.
        if self.kind in NO_FUNCTION or (self.kind == "hung-task" and self.title.startswith("Kernel panic")):
            return Stack([], None)
        frames = _title_frames(self.kind, self.lines, self.title)
        frames += _own_frames(self.lines)
        return Stack(frames, culprit(frames, self.kind))


def _task(text: str) -> Optional[Dict[str, Any]]:
    for pattern in TASK:
        match = pattern.match(text)
        if match:
            pid = match.group("pid")
            return dict(comm=match.group("comm").strip(), pid=int(pid) if pid else None)
    return None


def _title_frames(kind: str, lines: List[str], title: str) -> List[Frame]:
    """The function that the first line of the report names."""
    if kind == "locking":
        # What is wrong with RCU is not the lock that happens to be held.
        for text in lines[:60] if "RCU" not in title else ():
            match = HELD_AT.match(text)
            if match:
                return [Frame(match.group(1), None, None, True, False)]
        return []
    match = PLACE.search(title)
    if match:
        function, offset, module = match.groups()
        return [Frame(function, offset, module, True, False)]
    match = CORRUPTED_IN.match(title) or (IN_TITLE.match(title) if kind in ("kasan", "kfence", "sanitizer") else None)
    if match and match.group(1):
        return [Frame(match.group(1), None, None, True, False)]
    return []


def _own_frames(lines: List[str]) -> List[Frame]:
    """The frames of the first stack, and the program counter before it; the stacks of others come after it."""
    frames: List[Frame] = []
    has_trace = any(mark in text for text in lines for mark in TRACE)
    in_trace = not has_trace
    for before, text in zip(lines, lines[1:]):
        if before.startswith(DISABLED_AT):
            continue
        if any(mark in text for mark in TRACE):
            if in_trace and any(not frame.is_pc for frame in frames):
                break
            in_trace = True
            continue
        if any(mark in text for mark in OTHER_STACK):
            if any(not frame.is_pc for frame in frames):
                break
            # SLUB tells of the object's owners first.
            in_trace = in_trace and not text.lstrip().startswith(OWNERS)
            continue
        if in_trace and frames and _frames.USER_PC.match(text):
            break
        link = _frames.parse_link(before, text)
        frames += [link] if link else []
        # Before its own stack only the program counter counts: on a busy console others speak in between.
        _extend(frames, [frame for frame in _frames.parse(text) if in_trace or frame.is_pc])
        if len(frames) > TRACE_LIMIT * 4:
            break
    return frames


def _extend(frames: List[Frame], found: List[Frame]) -> None:
    for frame in found:
        # ARM names each function twice, as the caller in one line and as the callee in the next.
        if frames and frame.offset is None and frames[-1].function == frame.function:
            continue
        # Old x86 writes the program counter again behind the stack.
        if (
            frame.is_pc
            and any(not other.is_pc for other in frames)
            and any(other.is_pc and other[:2] == frame[:2] for other in frames)
        ):
            continue
        frames.append(frame)


def culprit(frames: List[Frame], kind: str) -> Optional[int]:
    """The place of the first function that is no helper; unreliable frames only where nothing else is left."""
    for trusted in (True, False):
        for place, frame in enumerate(frames):
            if kind == "atomic-context" and _helpers.is_sleeper(frame.function):
                continue
            if (frame.reliable or not trusted) and not _helpers.is_helper(frame.function):
                return place
    return 0 if frames else None
