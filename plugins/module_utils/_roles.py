# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles whose controls the audit knows; each has validate, observe, resolve and evaluate."""

from typing import Any, Dict, Iterable, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _finding,
    _side_by_side,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# Groups, each imported only where one of its roles is looked at: a host compiles anew what an audit imports. The first one
# takes about as long as all others together.
LONG = ("kdump", "fallback_kernel")
SHORT = ("panic_sysctl", "crash_evidence")
KERNEL = LONG + SHORT
HARDWARE = ("watchdog", "smartmontools", "lm_sensors", "rasdaemon")
SHARED = "panic_hardening"


def modules(roles: Iterable[str]) -> Dict[str, Any]:
    """The modules of these roles, by role, perhaps with others of their group."""
    found: Dict[str, Any] = {}
    if set(roles) & set(LONG):
        from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel, _kdump

        found.update(kdump=_kdump, fallback_kernel=_fallback_kernel)
    if set(roles) & set(SHORT):
        from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _crash_evidence, _panic_sysctl

        found.update(panic_sysctl=_panic_sysctl, crash_evidence=_crash_evidence)
    if set(roles) & set(HARDWARE):
        from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware

        found.update(_hardware.ROLES)
        found[SHARED] = _hardware
    return found


def select(policy: Dict[str, Any], subset: List[str]) -> List[str]:
    """The roles to look at: those of C(subset), else those that the policy gives to this host; raises PolicyError."""
    for variable, names in (("gather_subset", subset), ("panic_hardening_roles", policy["panic_hardening_roles"])):
        for name in names:
            if name not in KERNEL + HARDWARE:
                text = "%s: '%s' is not a role of this collection; known: %s"
                raise _finding.PolicyError(text % (variable, name, ", ".join(sorted(KERNEL + HARDWARE))))
    return list(subset or policy["panic_hardening_roles"])


def validate(policy: Dict[str, Any], roles: List[str]) -> None:
    """Refuse what any of the roles would refuse; raises PolicyError that begins with the variable."""
    _finding.parse_waivers(policy["panic_hardening_waivers"])
    known = modules(roles)
    for name in roles + [SHARED] * (SHARED in known):
        known[name].validate(policy)


def judge(host: Host, policy: Dict[str, Any], roles: List[str], today: str) -> Dict[str, Any]:
    """State, resolved policy, findings and summary of a host. C(today), YYYY-MM-DD, decides about waivers."""
    first = [name for name in roles if name in LONG]
    second = [name for name in roles if name not in LONG]
    if first and second:
        # Both ask for this.
        _virtualization.observe(host)
        parts = _side_by_side.both(lambda: _look(host, policy, first), lambda: _look(host, policy, second))
        judged = dict(parts[0], **parts[1])
    else:
        judged = _look(host, policy, roles)
    names = [name for name in roles + [SHARED] if name in judged]
    findings = [finding for name in names for finding in judged[name]["findings"]]
    waivers = _finding.parse_waivers(policy["panic_hardening_waivers"])
    findings = _finding.apply_waivers(findings, waivers, today)
    return {
        "state": dict((name, judged[name]["state"]) for name in names),
        "wanted": dict((name, judged[name]["wanted"]) for name in names if name != SHARED),
        "findings": findings,
        "summary": _finding.summarize(findings),
    }


def _look(host: Host, policy: Dict[str, Any], roles: List[str]) -> Dict[str, Any]:
    """By role: its state, what it wants and its findings, as plain JSON."""
    known = modules(roles)
    judged: Dict[str, Any] = {}
    if SHARED in known:
        host.together = known[SHARED].units(host, [name for name in roles if name in HARDWARE])
    for name in roles:
        state = known[name].observe(host)
        wanted = known[name].resolve(policy, state)
        judged[name] = {"state": state, "wanted": wanted, "findings": known[name].evaluate(policy, state)}
    if SHARED in known:
        state = known[SHARED].observe(host)
        watching = any(judged[name]["wanted"]["applicable"] for name in HARDWARE if name in judged)
        judged[SHARED] = {"state": state, "findings": known[SHARED].evaluate(policy, state, watching)}
    return judged
