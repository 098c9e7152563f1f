# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines in, incidents out: the first crash names the chain, what follows from it belongs to it."""

import collections
import re
from typing import Deque, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _follows, _incident, _triggers
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._follows import (
    LETHAL_WINDOW,
    LINE_WINDOW,
    PANIC,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kept import Kept
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._marks import Growing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._report import Report
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._text import Line
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._triggers import Trigger

FOLLOW_LIMIT = 50

# What lines of a report hold; without them for so long it is over.
SIGNS = (
    "+0x",
    "R10:",
    "PID: ",
    "Call Trace",
    "Code: ",
    "r10",
    ">] ",
    "Mem-Info",
    "kB ",
    "total_vm",
    "    0 ",
    "GPR1",
    "---[ end",
    "===",
)
QUIET = 50
# The counters of a cgroup come before its table, each in a line (mm/memcontrol.c).
QUIET_OOM = 200
END = "---[ end "
AFTER_END = 8
# The panic's own last words, which may be all that is left of it (kernel/panic.c).
is_rebooting = re.compile(r"Rebooting in \d{1,10} seconds\.\.").match

BANNER = "Linux version "
# What the kernel or PID 1 says when somebody wanted the end.
CLEAN = (
    "reboot: Restarting system", "reboot: Power down", "reboot: System halted", "systemd-shutdown[", "kexec_core: Starting new kernel",
    "Reached target Power-Off", "Reached target Reboot", "Reached target Shutdown", "Reached target System Power Off", "Reached target System Reboot",
    "Reached target shutdown.target", "Reached target reboot.target", "Reached target poweroff.target", "The system is going down",
    "Requesting system reboot", "Restarting system.", "Power down.", "Rebooting system",
)  # fmt: skip
has_sign = re.compile("|".join(re.escape(sign) for sign in SIGNS)).search
is_clean = re.compile("|".join(re.escape(mark) for mark in CLEAN)).search
CONTEXT = 40


class Chain:
    """One incident while it grows."""

    def __init__(self, trigger: Trigger, line: Line, kernel: Optional[str], before: List[str]) -> None:
        self.report = Report(trigger.kind, trigger.title, line)
        self.kernel = kernel
        self.before = before
        self.last = line
        self.sign = line.number
        self.fatal = PANIC in line.text
        self.presumed = False  # fatal because another boot came, and nothing in between
        self.follow_ups: List[str] = []
        self.open = True
        self.marks = Growing(trigger.title, before)
        # Where the lines of the report are counted from; the rows of a table do not count.
        self.begin = line.number
        self.quiet = QUIET if self.report.memory is None else QUIET_OOM

    def ended_with(self, last: Optional[Line], banner: Line) -> bool:
        """Whether the boot, whose last line is given, ended with this crash."""
        passed = _follows.passed(self.last, last or banner)
        alive = passed is not None and passed > LETHAL_WINDOW
        return _follows.is_lethal(self.report) and not alive and banner.number - self.last.number <= 2 * LINE_WINDOW

    def follow(self, trigger: Trigger, line: Line) -> None:
        own = self.open and self.report.same_caller(line)
        head = own and self.report.is_head()
        adds = _triggers.adds(line.text) or PANIC in line.text
        adds = adds or (own and self.report.is_announced(trigger.kind)) or (head and self.report.words(trigger))
        memory = self.report.memory
        if self.open and (adds or (head and trigger.kind == self.report.kind)):
            self.report.add(line)
            self.sign = line.number
            if memory is not None and memory.killed:
                self.quiet = AFTER_END
        elif own:
            # Another CPU's crash between the lines of this one does not end it, nor does one between the rows of a table.
            self.open = memory is not None and memory.is_listing
        if not adds and len(self.follow_ups) < FOLLOW_LIMIT:
            self.follow_ups.append(trigger.title)
        self.fatal = self.fatal or PANIC in line.text
        self.last = line


class Triage:
    """Judges the lines of one source, in their order."""

    def __init__(self) -> None:
        self.chain: Optional[Chain] = None
        self.kernel: Optional[str] = None
        self.before: Deque[str] = collections.deque(maxlen=CONTEXT)
        self.uptime = 0.0
        self.clean = False
        self.last: Optional[Line] = None
        self.done = Kept()

    @property
    def active(self) -> bool:
        """Whether the next lines, whatever they are, may belong to a report."""
        return self.chain is not None and self.chain.open

    def feed(self, line: Line) -> None:
        if is_clean(line.text):
            self.clean = True
        if not line.kernel:
            self.last = line
            if self.chain is not None and line.number - self.chain.sign > LINE_WINDOW:
                # The kernel has fallen silent: what programs say for hours need not be taken apart for it.
                self.chain.open = False
            return
        if BANNER in line.text and self._banner(line):
            return
        trigger = _triggers.find(line.text)
        if trigger is not None:
            self._trigger(trigger, line)
        elif self.chain is not None:
            self._continue(self.chain, line)
        if self.chain is not None and (self.chain.open or self.chain.last is line):
            self.chain.marks.add(line)
        self.last = line
        self.before.append(line.text)
        if line.seconds is not None and line.stamp is None:
            self.uptime = line.seconds

    def _continue(self, chain: Chain, line: Line) -> None:
        if is_rebooting(line.text) and _follows.reaches(chain.report, chain.last, line, "panic-other"):
            chain.fatal = True
        if chain.open:
            if chain.report.add(line):
                chain.sign = chain.begin = line.number
            # The report goes on as long as lines come that look like one; then only its time counts.
            if has_sign(line.text):
                chain.sign = line.number
            if END in line.text:
                # Little comes behind it: the registers again, and the words of the panic.
                chain.quiet = AFTER_END
            chain.open = line.number - chain.sign < chain.quiet and line.number - chain.begin < 2 * LINE_WINDOW

    def _trigger(self, trigger: Trigger, line: Line) -> None:
        if self.chain is not None and _follows.reaches(self.chain.report, self.chain.last, line, trigger.kind):
            self.chain.follow(trigger, line)
            return
        self.finish()
        self.chain = Chain(trigger, line, self.kernel, list(self.before))

    def _banner(self, line: Line) -> bool:
        at = line.text.find(BANNER)
        if at > 0 and line.text[:at].strip():
            return False
        release = line.text[at + len(BANNER) :].split(" ", 1)[0][:100]
        # What the kernel lived on after is no reason for it to start again.
        crashed = self.chain is not None and (self.chain.fatal or _follows.is_lethal(self.chain.report))
        if self.chain is not None:
            self.chain.presumed = not self.chain.fatal and not self.clean and self.chain.ended_with(self.last, line)
        self.finish()
        if not crashed and not self.clean and line.seconds is not None and self.uptime > line.seconds + 1:
            self.chain = Chain(Trigger("unexpected-reboot", "unexpected kernel reboot"), line, release, [])
            self.finish()
        self.kernel, self.uptime, self.clean, self.last = release, 0.0, False, None
        self.before.clear()
        return True

    def finish(self) -> None:
        """End the chain: no more lines come, or another boot or crash begins."""
        if self.chain is not None:
            chain, self.chain = self.chain, None
            fatal = chain.fatal or chain.presumed
            incident = _incident.build(chain.report, chain.kernel, fatal, chain.follow_ups, chain.before)
            self.done.add(dict(incident, presumed=chain.presumed, marks=chain.marks.marks()))
