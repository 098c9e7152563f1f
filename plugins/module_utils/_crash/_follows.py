# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from what: whether a crash belongs to the one before it in the same boot."""

from typing import Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _when
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._report import HEAD_LIMIT, Report
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line

# How long after it, in seconds and without stamps in lines, something still follows from a crash.
LETHAL_WINDOW = 120.0
WINDOW = 10.0
LINE_WINDOW = 400
NEVER = -1.0

PANIC = "Kernel panic - not syncing"

# What the hardware has set right, or guarded itself against: nothing follows from it.
HARDWARE = ("mce", "pcie-error", "thermal")
MILD = (
    "severity=Corrected", "Corrected error", "orrectable error", "everity: corrected", "been corrected", " CE ", "events logged",
    "temperature above threshold", "temperature is above threshold",
)  # fmt: skip
GRAVE = ("ncorrect", "atal", " UE ")

# What the kernel lived on after may still lead to these. An oops is not explained by a device or by a lack of memory.
STALLS = ("soft-lockup", "hard-lockup", "rcu-stall")
NO_DISK = ("panic-vfs-root", "panic-init", "hung-task")
LEADS: Dict[str, Tuple[str, ...]] = {
    "io-error": NO_DISK,
    "fs-error": NO_DISK,
    "oom": ("panic-init",),
    "pcie-error": ("mce", "nmi"),
    "hung-task": STALLS,
    "workqueue-lockup": STALLS,
}
# Findings in the kernel's own code, which tell how the crash began that comes shortly behind them, unless that has a reason of its own.
FINDINGS = ("warning", "locking", "atomic-context", "sanitizer")
REASONS = ("panic-vfs-root", "panic-init", "oom", "hung-task")
ASKED_FOR = "sysrq triggered crash"


def reaches(report: Report, last: Line, line: Line, kind: str) -> bool:
    """Whether a crash in this line follows from the one that is reported, whose last line is given."""
    window = _window(report, line.text, kind)
    seconds = passed(last, line)
    if seconds is not None and seconds >= 0:
        return seconds <= window
    return window > 0 and line.number - last.number <= LINE_WINDOW


def _window(report: Report, text: str, kind: str) -> float:
    """Seconds in which a crash of this kind belongs to what is reported; less than 0 where it never does."""
    if kind == report.kind or is_lethal(report):
        return LETHAL_WINDOW
    panic = PANIC in text
    if _is_mild(report) or ASKED_FOR in text:
        return NEVER
    if report.kind in FINDINGS:
        return (NEVER if kind in REASONS else LETHAL_WINDOW) if panic else WINDOW
    if kind in LEADS.get(report.kind, ()):
        return LETHAL_WINDOW if panic else WINDOW
    return NEVER if panic or KINDS[kind].lethal else WINDOW


def passed(before: Line, after: Line) -> Optional[float]:
    """Seconds between two lines; less than 0 where the clock jumped."""
    if after.seconds is not None and before.seconds is not None:
        return after.seconds - before.seconds
    first, second = _when.epoch(before.stamp), _when.epoch(after.stamp)
    return None if first is None or second is None else float(second - first)


def is_lethal(report: Report) -> bool:
    """Whether the kernel may be damaged since."""
    return KINDS[report.kind].lethal and not _is_mild(report)


def _is_mild(report: Report) -> bool:
    if report.kind not in HARDWARE:
        return False
    lines = report.lines[:HEAD_LIMIT]
    return _any(MILD, lines) and not _any(GRAVE, lines)


def _any(words: Tuple[str, ...], lines: List[str]) -> bool:
    return any(word in text for text in lines for word in words)
