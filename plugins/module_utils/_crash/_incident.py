# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a report to what the user reads: culprit, driver, words of explanation, and the fingerprint."""

import hashlib
import re
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (
    _cases,
    _frames,
    _helpers,
    _kinds,
    _subject,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._frames import Frame
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._report import Report
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._stack import TRACE_LIMIT, Stack

PRINT_FRAMES = 4
ADDRESS = re.compile(r"(?:,? (?:at )?(?:virtual )?address:?| at) (?:0x)?[0-9a-f]{4,16}\b")
NUMBER = re.compile(r"0x[0-9a-f]{1,16}|\b[0-9a-f]{8,16}\b|\d{1,20}")


def build(
    report: Report, kernel: Optional[str], fatal: bool, follow_ups: List[str], before: List[str]
) -> Dict[str, Any]:
    """The incident as crash_info returns it, without what only the caller knows (source, evidence)."""
    report.settle()
    found = report.header()
    stack = report.stack()
    if not stack.frames and report.kind == "panic-other":
        stack = _cut_off(before)
    function = _frames.plain(stack.frames[stack.culprit].function) if stack.culprit is not None else None
    module = _module(stack) or _subject.driver(report, before)
    words = dict(
        _culprit_words(function, module),
        task=found["task"]["comm"] if found["task"] else "that is not named",
        title=report.title,
        **_subject.describe(report)
    )  # fmt: skip
    incident: Dict[str, Any] = dict(
        kind=report.kind,
        title=_title(report.title, function),
        fatal=fatal,
        at=report.first.stamp,
        seconds=report.first.seconds,
        kernel=found["kernel"] or kernel,
        task=found["task"],
        cpu=found["cpu"],
        hardware=found["hardware"],
        taint=found["taint"],
        function=function,
        module=module,
        call_trace=_trace(stack),
        follow_ups=follow_ups,
        line=report.first.number,
    )
    incident.update(_kinds.explain(_cases.entry(report.kind, report.lines), words))
    incident["fingerprint"] = fingerprint(report.kind, report.title, stack)
    return incident


def _culprit_words(function: Optional[str], module: Optional[str]) -> Dict[str, str]:
    if module:
        return dict(who="the driver %s" % module, fix="the driver %s" % module, function=function or module)
    if function:
        return dict(who="the function %s" % function, fix="the driver or subsystem of %s" % function, function=function)
    return dict(who="the kernel", fix="what the call trace names", function="the first words of the message")


def _cut_off(before: List[str]) -> Stack:
    """A panic whose oops lost its head: the registers before it still say where it was."""
    frames: List[Frame] = []
    for text in reversed(before):
        pc = _frames.parse_pc(text)
        if pc:
            frames.append(pc)
            break
    return Stack(frames, 0 if frames else None)


def _module(stack: Stack) -> Optional[str]:
    """The driver: the first module from the culprit outwards."""
    if stack.culprit is None:
        return None
    outwards = stack.frames[stack.culprit :]
    # Where the unwinder trusted nothing, its guesses are all there is.
    return next(
        (frame.module for frame in outwards if frame.module and (frame.reliable or not outwards[0].reliable)), None
    )


def _title(title: str, function: Optional[str]) -> str:
    text = ADDRESS.sub("", title).strip()
    return text if not function or function in text else "%s in %s" % (text, function)


def _trace(stack: Stack) -> List[str]:
    frames = _outwards(stack)
    return ["%s+0x%s" % (f.function, f.offset) if f.offset else f.function for f in frames][:TRACE_LIMIT]


def _outwards(stack: Stack) -> List[Frame]:
    """The reliable frames from the program counter, else from the culprit, outwards."""
    frames = [frame for frame in stack.frames if frame.reliable]
    for place, frame in enumerate(frames):
        if frame.is_pc:
            # Many architectures begin the trace with it once more.
            again = place + 1 < len(frames) and frames[place + 1][:2] == frame[:2]
            return frames[place : place + 1] + frames[place + 1 + again :]
    for place, frame in enumerate(frames):
        if not _helpers.is_helper(frame.function):
            # Where the title names the function, the stack names it again.
            inner = [p for p, other in enumerate(frames[place + 1 :], place + 1) if other.function == frame.function]
            return frames[inner[0] :] if frame.offset is None and inner else frames[place:]
    return frames


def fingerprint(kind: str, title: str, stack: Stack) -> str:
    """Equal for the same bug on other hosts and in other builds: no addresses, offsets, suffixes or numbers."""
    parts = [kind]
    if stack.culprit is None:
        parts.append(NUMBER.sub("#", title))
    else:
        last = ""
        for frame in stack.frames[stack.culprit :]:
            name = _frames.plain(frame.function)
            if frame.reliable and name != last and not _helpers.is_helper(name):
                parts.append(name)
                last = name
            if len(parts) > PRINT_FRAMES:
                break
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
