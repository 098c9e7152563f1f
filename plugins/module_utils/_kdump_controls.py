# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role kdump: the observed state judged against the policy."""

from typing import Any, Callable, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_memory_controls,
    _kdump_policy,
    _kdump_target_controls,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding

ROLE = "kdump"
# Name, severity, and who judges: given policy, state and what the policy means here, the rest of the finding.
CONTROLS: Tuple[Tuple[str, str, Callable[..., Dict[str, Any]]], ...] = (
    ("installed", "critical", _kdump_memory_controls.installed),
    ("configuration", "warning", _kdump_target_controls.configuration),
    ("memory_configured", "critical", _kdump_memory_controls.memory_configured),
    ("memory_reserved", "critical", _kdump_memory_controls.memory_reserved),
    ("kernel_loaded", "critical", _kdump_memory_controls.kernel_loaded),
    ("capture_initrd", "critical", _kdump_memory_controls.capture_initrd),
    ("capture_restarts", "critical", _kdump_memory_controls.capture_restarts),
    ("not_blocked", "critical", _kdump_memory_controls.not_blocked),
    ("target_writable", "critical", _kdump_target_controls.target_writable),
    ("target_private", "warning", _kdump_target_controls.target_private),
    ("target_space", "warning", _kdump_target_controls.target_space),
    ("last_drill", "warning", _kdump_target_controls.last_drill),
)


def evaluate(policy: Dict[str, Any], state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Judge the state; one finding for each control."""
    wanted = _kdump_policy.resolve(policy, state)
    findings = []
    for name, severity, judge in CONTROLS:
        part = dict(status="not_applicable", expected="", observed="", reason=wanted["reason"])
        if wanted["applicable"]:
            part = judge(policy, state, wanted)
        category = "proof" if name == "last_drill" else "config"
        findings.append(finding("%s.%s" % (ROLE, name), severity=severity, category=category, **part))
    return findings
