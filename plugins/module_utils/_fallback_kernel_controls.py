# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role fallback_kernel: the observed state judged against the policy."""

from typing import Any, Callable, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_judges as judges
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_policy
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _fallback_kernel_trial_judges as trial_judges,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding

ROLE = "fallback_kernel"
# Name, category, severity, and who judges. Where a host's storage or a kernel itself is at fault no role can set it right: that is no drift.
CONTROLS: Tuple[Tuple[str, str, str, Callable[..., Dict[str, Any]]], ...] = (
    ("spare_kernel", "health", "critical", judges.spare_kernel),
    ("default_bootable", "config", "critical", judges.default_bootable),
    ("default_is_known_good", "config", "critical", judges.default_is_known_good),
    ("restart_on_failed_boot", "config", "critical", judges.restart_on_failed_boot),
    ("retention_configured", "config", "warning", judges.retention_configured),
    ("confirmation_installed", "config", "critical", trial_judges.confirmation_installed),
    ("console_menu", "config", "warning", trial_judges.console_menu),
    ("trial_result", "health", "critical", trial_judges.trial_result),
    ("trial_pending", "health", "warning", trial_judges.trial_pending),
    ("environment_writable", "health", "warning", trial_judges.environment_writable),
    ("boot_space", "health", "warning", judges.boot_space),
)


def evaluate(policy: Dict[str, Any], state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Judge the state; one finding for each control."""
    wanted = _fallback_kernel_policy.resolve(policy, state)
    findings = []
    for name, category, severity, judge in CONTROLS:
        part = dict(status="not_applicable", expected="", observed="", reason=wanted["reason"])
        if wanted["applicable"]:
            part = judge(policy, state)
        findings.append(finding("%s.%s" % (ROLE, name), severity=severity, category=category, **part))
    return findings
