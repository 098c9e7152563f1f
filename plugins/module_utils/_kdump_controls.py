# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role kdump: the observed state judged against the policy."""

from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_memory_controls,
    _kdump_policy,
    _kdump_target_controls,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import Control, judge

ROLE = "kdump"
CONTROLS: Tuple[Control, ...] = (
    ("installed", "critical", "config", _kdump_memory_controls.installed),
    ("configuration", "warning", "config", _kdump_target_controls.configuration),
    ("memory_configured", "critical", "config", _kdump_memory_controls.memory_configured),
    ("memory_reserved", "critical", "config", _kdump_memory_controls.memory_reserved),
    ("kernel_loaded", "critical", "config", _kdump_memory_controls.kernel_loaded),
    ("capture_initrd", "critical", "config", _kdump_memory_controls.capture_initrd),
    ("capture_restarts", "critical", "config", _kdump_memory_controls.capture_restarts),
    ("not_blocked", "critical", "config", _kdump_memory_controls.not_blocked),
    ("target_writable", "critical", "config", _kdump_target_controls.target_writable),
    ("target_private", "warning", "config", _kdump_target_controls.target_private),
    ("target_space", "warning", "config", _kdump_target_controls.target_space),
    ("last_drill", "warning", "proof", _kdump_target_controls.last_drill),
)


def evaluate(policy: Dict[str, Any], state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Judge the state; one finding for each control."""
    return judge(ROLE, CONTROLS, policy, state, _kdump_policy.resolve(policy, state))
