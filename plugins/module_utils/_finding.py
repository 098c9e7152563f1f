# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: one control judged on one host, the operator's waivers, and the verdict over all of them."""

import datetime
import fnmatch
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

STATUSES = ("pass", "fail", "unknown", "not_applicable", "waived")
WAIVER_KEYS = ("reason", "until")


class PolicyError(Exception):
    """A value that the operator gave cannot be used; the text begins with the variable's name."""


def check_numbers(given: Dict[str, Any], limits: Dict[str, Tuple[int, int]], prefix: str = "") -> None:
    """Refuse numbers out of their limits, by names that an operator knows with C(prefix); raises PolicyError."""
    for name, (least, most) in sorted(limits.items()):
        value = given.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise PolicyError("%s%s: %s is not a whole number from %d to %d" % (prefix, name, value, least, most))


class Waiver(NamedTuple):
    """An operator's word that a failed control is accepted; C(until) is YYYY-MM-DD."""

    pattern: str
    reason: str
    until: str


def finding(
    control: str,
    status: str,
    expected: str,
    observed: str,
    severity: str = "warning",
    category: str = "config",
    reason: str = "",
    remedy: str = "",
    evidence: Optional[List[str]] = None,
) -> Dict[str, Any]:
    """Build a finding; the role is the part of C(control) before the first dot."""
    if status not in STATUSES:
        raise ValueError("unknown status %s" % status)
    return {
        "control": control,
        "role": control.split(".", 1)[0],
        "category": category,
        "status": status,
        "severity": severity,
        "expected": expected,
        "observed": observed,
        "reason": reason,
        "remedy": remedy,
        "evidence": evidence or [],
    }


def parse_waivers(value: Any) -> List[Waiver]:
    """Check C(panic_hardening_waivers) and return its entries; raises PolicyError."""
    name = "panic_hardening_waivers"
    if not isinstance(value, dict):
        raise PolicyError("%s: must be a dictionary of control to {reason, until}" % name)
    waivers = []
    for pattern, entry in sorted(value.items()):
        where = "%s['%s']" % (name, pattern)
        if not re.match(r"^[a-z0-9_*?\[\]-]+(\.[A-Za-z0-9_.*?\[\]-]+)?\Z", str(pattern)):
            raise PolicyError("%s: is not a control or a pattern such as 'panic_sysctl.*'" % where)
        if not isinstance(entry, dict):
            raise PolicyError("%s: must be a dictionary with reason and until" % where)
        unknown = sorted(set(entry) - set(WAIVER_KEYS))
        if unknown:
            raise PolicyError("%s: unknown key '%s'; known: reason, until" % (where, unknown[0]))
        reason = entry.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise PolicyError("%s.reason: say why the control is waived" % where)
        until = str(entry.get("until", ""))
        try:
            until = datetime.datetime.strptime(until, "%Y-%m-%d").strftime("%Y-%m-%d")
        except ValueError:
            raise PolicyError("%s.until: '%s' is not a date such as 2027-01-31" % (where, until)) from None
        waivers.append(Waiver(str(pattern), reason.strip(), until))
    return waivers


def apply_waivers(findings: List[Dict[str, Any]], waivers: List[Waiver], today: str) -> List[Dict[str, Any]]:
    """Waive failed and unknown findings. C(today) is YYYY-MM-DD; a waiver still counts on its last day."""
    judged = []
    for item in findings:
        matching = [w for w in waivers if fnmatch.fnmatchcase(item["control"], w.pattern)]
        if item["status"] in ("fail", "unknown") and matching:
            # The one that lasts longest decides, so that an expired pattern does not undo a newer exact waiver.
            waiver = max(matching, key=lambda w: w.until)
            if today <= waiver.until:
                text = "waived until %s: %s" % (waiver.until, waiver.reason)
                item = dict(item, status="waived", reason="; ".join(t for t in (item["reason"], text) if t))
            else:
                text = "the waiver '%s' ended on %s" % (waiver.pattern, waiver.until)
                item = dict(item, reason="; ".join(t for t in (item["reason"], text) if t))
        judged.append(item)
    return judged


def summarize(findings: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Count the findings; drift is a failed C(config) control, and one that nobody could read is unknown."""
    summary: Dict[str, Any] = dict((status, 0) for status in STATUSES)
    for item in findings:
        summary[item["status"]] += 1
    config = [item["status"] for item in findings if item["category"] == "config"]
    if "fail" in config:
        summary["verdict"] = "drifted"
    elif "unknown" in config:
        summary["verdict"] = "unknown"
    else:
        summary["verdict"] = "hardened"
    return summary
