# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of a log without what the console, dmesg, syslog, the journal or pstore wrote before it.

Every pattern is anchored and has bounded repeats: a hostile line costs no more than its length.
"""

import re
from typing import Callable, List, NamedTuple, Optional, Pattern, Set, Tuple

# What is behind it is no kernel message any more; the kernel's own lines end at 1 KB.
LINE_LIMIT = 4096

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "(" + "|".join(MONTHS) + ")"
_CLOCK = r"(\d\d):(\d\d):(\d\d)"

ESCAPE = re.compile(r"(?:\x1b|\^\[)\[[0-9;]{0,16}[A-Za-z]")
# Also the second set of control characters, which a terminal obeys in UTF-8 too, and what turns the direction of a line: JSON shows them raw.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

LEVEL = re.compile(r"<(\d{1,3})>")
FACILITY = re.compile(
    r"(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d) {0,4}:[a-z]{3,6} {0,3}: ?"
)
DROPPED = re.compile(r"\*\* \d{1,12} printk messages dropped \*\* ?")
# Seconds since the boot; behind them, with CONFIG_PRINTK_CALLER, the task or the CPU that speaks.
BOOT = re.compile(r"\[ {0,12}(\d{1,12}\.\d{1,9}) ?\] ?(?:\[ {0,8}([TC]\d{1,9}) ?\] ?)?")
CTIME = re.compile(
    r"\[[A-Z][a-z]{2} %s {1,2}(\d{1,2}) %s (\d{4})\] ?(?:\[ {0,8}([TC]\d{1,9}) ?\] ?)?" % (_MONTH, _CLOCK)
)
ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ]%s(?:([.,])\d{1,9})?(Z|[+-]\d\d:?\d\d)? ?" % _CLOCK
)  # fmt: skip
SYSLOG = re.compile(r"%s {1,2}(\d{1,2}) (?:(\d{4}) )?%s(?:\.\d{1,9})? " % (_MONTH, _CLOCK))
GOLOG = re.compile(r"(\d{4})/(\d\d)/(\d\d) %s " % _CLOCK)

HOST_TAG = re.compile(r"(\S{1,255}) (?!at )([\w.@/()-]{1,128})(\[\d{1,10}\])?: ?")
OWN_TAG = re.compile(r"kernel: ?")
USER_TAG = re.compile(r"[A-Za-z][\w.@-]{1,64}\[\d{1,10}\]: ")
PSTORE = re.compile(r"([A-Z][A-Za-z]{2,11})#(\d{1,6}) Part(\d{1,4})\s*\Z")


class Line(NamedTuple):
    """One message: who said it, when, and where it stands."""

    number: int
    text: str
    kernel: bool
    seconds: Optional[float]
    stamp: Optional[str]
    caller: Optional[str]


class _Found:
    """What the prefixes of one line said."""

    def __init__(self) -> None:
        self.seconds: Optional[float] = None
        self.stamp: Optional[str] = None
        self.caller: Optional[str] = None
        self.tagged = False  # a host and a program stand behind the stamp
        self.program = False  # a program wrote it into the kernel's buffer
        self.any = False


def _take_boot(found: _Found, parts: Tuple[str, ...]) -> None:
    found.seconds = float(parts[0])
    found.caller = parts[1] or found.caller


def _take_ctime(found: _Found, parts: Tuple[str, ...]) -> None:
    month, day, hour, minute, second, year, caller = parts
    found.stamp = _stamp(year, MONTHS.index(month) + 1, day, hour, minute, second)
    found.caller = caller


def _take_iso(found: _Found, parts: Tuple[str, ...]) -> None:
    year, month, day, hour, minute, second, point, zone = parts
    found.stamp = _stamp(year, month, day, hour, minute, second, zone or "")
    # dmesg --time-format iso writes a comma, and no host; journald and rsyslog write a point.
    found.tagged = point != ","


def _take_syslog(found: _Found, parts: Tuple[str, ...]) -> None:
    month, day, year, hour, minute, second = parts
    found.stamp = _stamp(year or "0000", MONTHS.index(month) + 1, day, hour, minute, second)
    found.tagged = True


def _take_go(found: _Found, parts: Tuple[str, ...]) -> None:
    found.stamp = _stamp(*parts)


def _take_level(found: _Found, parts: Tuple[str, ...]) -> None:
    # The facility is above the three bits of the level, and the kernel's own is 0.
    found.program = found.program or int(parts[0]) > 7


def _take_facility(found: _Found, parts: Tuple[str, ...]) -> None:
    found.program = found.program or parts[0] != "kern"


def _take_nothing(_found: _Found, _parts: Tuple[str, ...]) -> None:
    pass


def _stamp(year: str, month: object, day: object, hour: str, minute: str, second: str, zone: str = "") -> str:
    zone = "Z" if zone in ("+00:00", "+0000", "Z") else zone
    return "%s-%02d-%02dT%s:%s:%s%s" % (year, int(str(month)), int(str(day)), hour, minute, second, zone)


Taker = Callable[[_Found, Tuple[str, ...]], None]
PREFIXES: List[Tuple[str, Pattern[str], Taker]] = [
    ("[", BOOT, _take_boot),
    ("<", LEVEL, _take_level),
    ("[", CTIME, _take_ctime),
    ("*", DROPPED, _take_nothing),
    ("12", ISO, _take_iso),
    ("12", GOLOG, _take_go),
    ("JFMASOND", SYSLOG, _take_syslog),
    ("kumdaslnucf", FACILITY, _take_facility),
]


class Reader:
    """Turns the raw lines of one file into messages; it remembers which form the file has."""

    def __init__(self) -> None:
        self.hosts: Set[str] = set()
        self.tagged = False
        self.kernel = True

    def line(self, number: int, raw: bytes) -> Line:
        text = raw.replace(b"\0", b"")[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r\n")
        if "\x1b" in text or "^[" in text:
            text = ESCAPE.sub("", text)
        # A console ends a line twice or writes over it: what stands behind the last return counts.
        if not text.isprintable():
            text = CONTROL.sub("", text.rsplit("\r", 1)[-1])
        found = _Found()
        text = self._strip(text.lstrip("\ufeff"), found)
        kernel, text = self._who(text, found)
        self.kernel = kernel
        return Line(number, text, kernel, found.seconds, found.stamp, found.caller)

    def _strip(self, text: str, found: _Found) -> str:
        for _pass in range(6):
            for first, pattern, take in PREFIXES:
                if text[:1] and text[0] in first:
                    match = pattern.match(text)
                    if match:
                        take(found, match.groups())
                        found.any = True
                        text = text[match.end() :]
                        break
            else:
                break
            if found.tagged:
                break
        return text

    def _who(self, text: str, found: _Found) -> Tuple[bool, str]:
        """Whether the kernel speaks, and the message behind host and program."""
        if found.any:
            match = HOST_TAG.match(text)
            # The kernel has no number; logger --id gives one to whoever takes its name.
            if match and match.group(2) == "kernel" and not match.group(3):
                self.tagged = True
                self.hosts.add(match.group(1))
                return True, self._inner(text[match.end() :], found)
            if match and (found.tagged or match.group(1) in self.hosts or (match.group(3) and found.seconds)):
                self.tagged = self.tagged or found.tagged
                return False, text[match.end() :]
        elif self.tagged and not text.startswith("Kernel panic"):
            # The rest of a message of more than one line.
            return self.kernel, text
        own = OWN_TAG.match(text)
        if found.program:
            return False, text
        if own:
            return True, self._inner(text[own.end() :], found)
        return not USER_TAG.match(text), text

    def _inner(self, text: str, found: _Found) -> str:
        """A kernel's line in syslog may bear the kernel's own stamp again."""
        inner = _Found()
        text = self._strip(text, inner) if text[:1] in ("[", "<") else text
        found.seconds = inner.seconds if inner.seconds is not None else found.seconds
        found.caller = inner.caller or found.caller
        return text
