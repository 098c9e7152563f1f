# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack of one report among those of others that it tells, and where the fault is in it: which function, which driver."""

import re
from typing import List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _frames, _helpers
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._frames import Frame

TRACE_LIMIT = 64
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
NO_FUNCTION = frozenset(
    ("io-error", "fs-error", "oom", "mce", "thermal", "pcie-error", "nmi", "panic-vfs-root", "unexpected-reboot", "workqueue-lockup")
)  # fmt: skip


class Stack(NamedTuple):
    """The frames of the report's own stack, innermost first, and where the fault is in them."""

    frames: List[Frame]
    culprit: Optional[int]


def find(kind: str, title: str, lines: List[str]) -> Stack:
    """The stack of the report, none where its kind has no function at fault.

    Args:
        kind: as the incident's.
        title: what its first line says.
        lines: all of its lines, without stamps, the first one included.
    """
    # The stack of a panic for a hung task is the watchdog's own.
    if kind in NO_FUNCTION or (kind == "hung-task" and title.startswith("Kernel panic")):
        return Stack([], None)
    frames = _title_frames(kind, lines, title)
    frames += _own_frames(lines)
    return Stack(frames, culprit(frames, kind))


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
