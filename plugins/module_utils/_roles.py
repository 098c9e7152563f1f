# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles whose controls the audit knows; each has validate, observe, resolve and evaluate."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence,
    _fallback_kernel,
    _finding,
    _hardware,
    _kdump,
    _panic_sysctl,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

ROLES: Dict[str, Any] = {
    "panic_sysctl": _panic_sysctl,
    "kdump": _kdump,
    "crash_evidence": _crash_evidence,
    "fallback_kernel": _fallback_kernel,
}
ROLES.update(_hardware.ROLES)


def select(policy: Dict[str, Any], subset: List[str]) -> List[str]:
    """The roles to look at: those of C(subset), else those that the policy gives to this host; raises PolicyError."""
    for variable, names in (("gather_subset", subset), ("panic_hardening_roles", policy["panic_hardening_roles"])):
        for name in names:
            if name not in ROLES:
                text = "%s: '%s' is not a role of this collection; known: %s"
                raise _finding.PolicyError(text % (variable, name, ", ".join(sorted(ROLES))))
    return list(subset or policy["panic_hardening_roles"])


def validate(policy: Dict[str, Any], roles: List[str]) -> None:
    """Refuse what any of the roles would refuse; raises PolicyError that begins with the variable."""
    _finding.parse_waivers(policy["panic_hardening_waivers"])
    for name in roles:
        ROLES[name].validate(policy)
    if set(roles) & set(_hardware.ROLES):
        _hardware.validate(policy)


def judge(host: Host, policy: Dict[str, Any], roles: List[str], today: str) -> Dict[str, Any]:
    """State, resolved policy, findings and summary of a host. C(today), YYYY-MM-DD, decides about waivers."""
    state: Dict[str, Any] = {}
    wanted: Dict[str, Any] = {}
    findings: List[Dict[str, Any]] = []
    for name in roles:
        state[name] = ROLES[name].observe(host)
        wanted[name] = ROLES[name].resolve(policy, state[name])
        findings.extend(ROLES[name].evaluate(policy, state[name]))
    watching = [wanted[name]["applicable"] for name in roles if name in _hardware.ROLES]
    if watching:
        state["panic_hardening"] = _hardware.observe(host)
        findings.extend(_hardware.evaluate(policy, state["panic_hardening"], any(watching)))
    waivers = _finding.parse_waivers(policy["panic_hardening_waivers"])
    findings = _finding.apply_waivers(findings, waivers, today)
    return {"state": state, "wanted": wanted, "findings": findings, "summary": _finding.summarize(findings)}
