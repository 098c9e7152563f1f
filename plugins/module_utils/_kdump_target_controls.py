# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the role kdump that concern the dump: its settings, the place it goes to, and the last one proven."""

import datetime

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_backends,
    _kdump_policy,
    _managed_block,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Dictionary,
    part,
    unread,
)

DRILL = "run kernelops.panic_hardening.drill on this host, in a maintenance window"


def wanted_settings(policy: Dictionary, state: Dictionary) -> Dictionary:
    """What the policy makes of the settings of this host's kdump tool."""
    backend = _kdump_backends.BACKENDS[state["backend"]]
    text = _managed_block.strip(state["config_text"], "kdump")
    found: Dictionary = backend.settings(text, _kdump_policy.options(policy), state["major"], state["lockdown"])
    return found


def configuration(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    backend = _kdump_backends.BACKENDS[state["backend"]]
    expected = "the settings of the policy in %s" % backend.CONFIG
    if "config" in state["errors"]:
        return unread(expected, state["errors"]["config"])
    reasons, evidence = [], []
    for key, value in sorted(wanted_settings(policy, state).items()):
        found, place = state["config"].get(key, (None, ""))
        if (found or "") != value:
            reasons.append("%s is '%s', not '%s'%s" % (key, found or "", value, " (%s)" % place if place else ""))
            evidence.append(place or backend.CONFIG)
    return part(
        "fail" if reasons else "pass",
        expected,
        "%d differ" % len(reasons) if reasons else "all of them",
        reason="; ".join(reasons),
        remedy=HARDEN if reasons else "",
        evidence=sorted(set(evidence)),
    )


def target_writable(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    target = state["target"]
    place = "%s:%s" % (target["kind"], target["directory"])
    expected = "a dump can be written to %s" % place
    if target["kind"] != "local":
        proof = state["proof"]
        if proof and proof["target"].split(":")[0] == target["kind"]:
            return part("pass", expected, "the drill of %s wrote there" % proof["at"])
        reason = "only a drill shows whether a dump arrives on a remote target"
        return part("unknown", expected, "never proven", reason=reason, remedy=DRILL)
    if "target" in state["errors"]:
        return unread(expected, state["errors"]["target"])
    if not target["exists"]:
        reason = "%s does not exist" % target["directory"]
        return part("fail", expected, "missing", reason=reason, remedy=HARDEN, evidence=[target["directory"]])
    if target["read_only"]:
        reason, remedy = "its file system is mounted read-only", "mount it read-write"
        return part("fail", expected, "read-only", reason=reason, remedy=remedy, evidence=[target["directory"]])
    if not target["writable"]:
        return unread(expected, "%s: permission denied" % target["directory"])
    return part("pass", expected, "writable", evidence=[target["directory"]])


def target_private(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    target, expected = state["target"], "mode 0700: a dump holds keys and passwords"
    if "target" in state["errors"]:
        return unread(expected, state["errors"]["target"])
    if target["kind"] != "local":
        reason = "the directory is on another host; see to it there"
        return part("not_applicable", expected, "", reason=reason)
    if not target["exists"] or target["mode"] != "0700":
        reason = "%s is %s" % (target["directory"], "mode " + target["mode"] if target["exists"] else "missing")
        return part("fail", expected, target["mode"] or "missing", reason=reason, remedy=HARDEN)
    return part("pass", expected, target["mode"], evidence=[target["directory"]])


def target_space(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    target = state["target"]
    if "target" in state["errors"]:
        return unread("room for a dump", state["errors"]["target"])
    expected = "%d MiB, the estimate of a dump now and a fifth more" % (target["needed"] // 1048576)
    if target["kind"] != "local":
        return part("not_applicable", expected, "", reason="the target is remote: the host cannot see its space")
    room = target["free"] + target["old"]
    observed = "%d MiB free, %d MiB in older dumps" % (target["free"] // 1048576, target["old"] // 1048576)
    if room >= target["needed"]:
        return part("pass", expected, observed, evidence=[target["directory"]])
    return part(
        "fail",
        expected,
        observed,
        reason="a dump might not fit, even if all older ones made room",
        remedy="make room there, raise kdump_dump_level, or set kdump_directory or kdump_target to another place",
        evidence=[target["directory"]],
    )


def last_drill(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    proof, days = state["proof"], policy["kdump_drill_max_age"]
    expected = "a proven dump of %s, at most %d days old" % (state["kernel"], days)
    seen = "%s with %s" % (proof["at"], proof["kernel"]) if proof else "none"
    if not days:
        return part("not_applicable", expected, seen, reason="kdump_drill_max_age is 0: no drill is asked for")
    if "proof" in state["errors"]:
        return unread(expected, state["errors"]["proof"])
    if not proof:
        return part("fail", expected, seen, reason="no dump was ever proven on this host", remedy=DRILL)
    reasons = []
    age = _age(str(proof["at"]), state["now"])
    if age > days:
        reasons.append("the last drill was %d days ago" % age)
    if proof["kernel"] != state["kernel"]:
        reasons.append("the last drill was with another kernel, %s" % proof["kernel"])
    evidence = [str(proof["dump"])]
    return part(
        "fail" if reasons else "pass",
        expected,
        seen,
        reason="; ".join(reasons),
        remedy=DRILL if reasons else "",
        evidence=evidence,
    )


def _age(at: str, now: str) -> int:
    form = "%Y-%m-%dT%H:%M:%SZ"
    return (datetime.datetime.strptime(now, form) - datetime.datetime.strptime(at, form)).days
