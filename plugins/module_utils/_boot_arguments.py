# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of the boot entries, judged against what a role wants there."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bootloader, _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, part, unread


def judge(arguments: _cmdline.Arguments, boot: Dict[str, Any], error: str, owner: str) -> Dict[str, Any]:
    """Whether they count on every normal entry, and on those to come; C(error) says why the entries could not be read."""
    shown = _cmdline.render(arguments)
    if error:
        return unread(shown, error)
    if not boot["supported"]:
        reason = "boot method: %s; set the argument by its own means" % boot["method"]
        return part("not_applicable", shown, "", reason=reason)
    entries, stale = _bootloader.normal(boot), _bootloader.lacking(boot, arguments)
    reasons = ["%s has %s" % (entry["id"], _found(entry["arguments"], arguments)) for entry in stale]
    if not entries:
        reasons.append("no boot entry was found")
    evidence = sorted(set(entry["source"] for entry in stale or entries[:1]))
    remedy, coming = HARDEN, []
    for name, value in sorted(arguments.items()):
        found, source = _cmdline.future(boot["assignments"], name)
        coming.append("%s=%s" % (name, found or "nothing"))
        if found == _cmdline.each(value)[-1]:
            continue
        reasons.append("the next kernel's entry gets %s%s" % (coming[-1], " from " + source if source else ""))
        evidence.append(source.rsplit(":", 1)[0] or "/etc/default/grub")
        foreign = source and not source.startswith("%s:" % _bootloader.drop_in(owner))
        if foreign and _bootloader.beats_drop_in(source, owner):
            remedy = "change %s, or remove it, then %s" % (source, HARDEN)
    return part(
        "fail" if reasons else "pass",
        shown + " on every normal boot entry, and on those to come",
        "%d of %d normal entries, next: %s" % (len(entries) - len(stale), len(entries), " ".join(coming)),
        reason="; ".join(reasons),
        remedy=remedy if reasons else "",
        evidence=evidence,
    )


def _found(line: str, arguments: _cmdline.Arguments) -> str:
    found: List[str] = []
    for name in sorted(arguments):
        if not _cmdline.has(line, {name: arguments[name]}):
            values = _cmdline.values(line, name)
            found += ["%s=%s" % (name, value) for value in values] or ["%s=nothing" % name]
    return " ".join(found)
