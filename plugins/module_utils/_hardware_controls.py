# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controls of the hardware roles share."""

from typing import Any, Callable, Dict, List, Sequence, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding

Part = Dict[str, Any]
HARDEN = "run kernelops.panic_hardening.harden on this host"


def evaluate(
    role: str,
    controls: Sequence[Tuple[str, str, str, Callable[..., Part]]],
    policy: Dict[str, Any],
    state: Dict[str, Any],
    wanted: Dict[str, Any],
) -> List[Dict[str, Any]]:
    """One finding for each control, C(not_applicable) with the same reason for all where the role has nothing to do."""
    findings = []
    for name, severity, category, judge in controls:
        part: Part = dict(status="not_applicable", expected="", observed="", reason=wanted["reason"])
        if wanted["applicable"]:
            part = judge(policy, state, wanted)
        findings.append(finding("%s.%s" % (role, name), severity=severity, category=category, **part))
    return findings


def unknown(part: Part, state: Dict[str, Any]) -> Part:
    """The part of a finding that says why nobody could look."""
    errors = "; ".join(sorted(set(state["errors"].values())))
    return dict(part, status="unknown", reason=errors or "it could not be read", remedy="run as root")


def configuration(role: str, setup: _setup.Setup, state: Dict[str, Any], evidence: List[str]) -> Part:
    """Whether the files and units are as the role makes them."""
    part: Part = dict(expected="files and units as this role makes them", observed="", evidence=evidence)
    if state["setup"] is None:
        return unknown(part, state)
    wrong = _setup.differences(role, setup, state["setup"])
    observed = "%d of them differ" % len(wrong) if wrong else "as wanted"
    return dict(
        part,
        status="fail" if wrong else "pass",
        observed=observed,
        reason="; ".join(wrong),
        remedy=HARDEN if wrong else "",
    )
