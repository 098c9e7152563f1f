# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages with which the kernel begins to report a crash, and the kind that each stands for.

A plain search finds the literal of a message; its pattern is tried there and nowhere else.
"""

import re
from typing import List, NamedTuple, Optional, Pattern, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._messages import MESSAGES, WORDS


class Trigger(NamedTuple):
    """What a line says: the kind, and the message from its first word on."""

    kind: str
    title: str


class Rule(NamedTuple):
    literal: str
    kind: str
    pattern: Optional[Pattern[str]]


def _rule(kind: str, message: str) -> Rule:
    literal, _bar, pattern = message.partition(" ~ ")
    return Rule(literal, kind, re.compile(pattern) if pattern else None)


NOT_KERNEL = (
    "audit: ",
    "audit(",
    "Modules linked in",
    "Kernel command line",
    "Command line:",
    "traps: ",
    "systemd[",
    "rsyslogd",
)

RULES: List[Rule] = [_rule(kind, message) for kind, messages in MESSAGES for message in messages]

# They add to a report that has begun: what follows them is its registers, not another crash.
ADDS = (
    "Oops: ", "Oops[#", "Oops - ", "Internal error: ", "invalid opcode: ", "illegal operation: ", "general protection fault",
    "Kernel panic - not syncing", "Kernel BUG at ", "kernel BUG at ", "oom-kill:", "Out of memory", "Memory cgroup out of memory", "Killed process ",
    "unreferenced object", "INFO: Allocated in ", "INFO: Freed in ", "INFO: Slab 0x", "INFO: Object 0x",
)  # fmt: skip
NEVER = (
    "lockdep is turned off",
    "took too long to run",
    "Stall ended",
    "lockup detector",
    "LOCKUP detector",
    "ratelimit",
    "---[ end trace",
)


SHARED = [word.strip() for word in WORDS]


def _groups() -> List[Tuple[str, List[int]]]:
    """The rules by what their literals have in common: a few searches tell which of all these rules a line is worth."""
    left = dict(enumerate(RULES))
    groups: List[Tuple[str, List[int]]] = []
    while left:
        shared = {word: [place for place, rule in left.items() if word in rule.literal] for word in SHARED}
        word, places = max(shared.items(), key=lambda group: len(group[1]))
        if not places:
            word, places = min((rule.literal, [place]) for place, rule in left.items())
        groups.append((word, places))
        for place in places:
            del left[place]
    return groups


GROUPS = _groups()


def find(text: str) -> Optional[Trigger]:
    """What begins in this line, or None."""
    worth: List[int] = []
    for word, places in GROUPS:
        if word in text:
            worth += places
    if not worth or text.lstrip().startswith(NOT_KERNEL) or any(word in text for word in NEVER):
        return None
    rule = first([RULES[place] for place in sorted(worth)], text)
    return Trigger(rule.kind, title(text, text.find(rule.literal))) if rule else None


def first(rules: List[Rule], text: str) -> Optional[Rule]:
    """The first of the rules that fits the line."""
    for rule in rules:
        at = text.find(rule.literal)
        if at < 0 or (at and literal_is_word(rule.literal) and text[at - 1].isalpha()):
            continue
        if rule.pattern is None or rule.pattern.match(text, at):
            return rule
    return None


def adds(text: str) -> bool:
    """Whether a line goes on with a report, should one be open: die() of every architecture counts its calls as C([#1])."""
    return text.lstrip().startswith(ADDS) or "[#" in text


def literal_is_word(literal: str) -> bool:
    """Whether the literal is a whole word: then C(ODEBUG: ) is no C(BUG: )."""
    return literal[0].isupper()


STARTS = (
    "BUG: ",
    "WARNING: ",
    "INFO: ",
    "watchdog: ",
    "rcu: ",
    "Kernel panic",
    "kernel BUG",
    "Unable to handle",
    "[ INFO",
    "[ BUG",
)


def title(text: str, at: int) -> str:
    """The message from the word on with which the kernel begins it, at or before C(at)."""
    begin = min([at] + [place for place in (text.find(start) for start in STARTS) if 0 <= place < at])
    if begin == at and at <= 100 and not text.startswith(STARTS, at):
        begin = 0 if not text[:at].strip("=-* \t") or at <= 40 else at
    return text[begin:].strip(" \t=-")[:300]
