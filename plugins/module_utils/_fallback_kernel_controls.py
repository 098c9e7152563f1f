# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role fallback_kernel: the observed state judged against the policy."""

from typing import List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_judges as judges
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_policy
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _fallback_kernel_spare_judges as spare_judges,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _fallback_kernel_trial_judges as trial_judges,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import Control, Dictionary, judge

ROLE = "fallback_kernel"
# Where a host's storage or a kernel itself is at fault no role can set it right: that is no drift, but its health.
CONTROLS: Tuple[Control, ...] = (
    ("spare_kernel", "critical", "health", spare_judges.spare_kernel),
    ("default_bootable", "critical", "config", judges.default_bootable),
    ("default_is_known_good", "critical", "config", judges.default_is_known_good),
    ("restart_on_failed_boot", "critical", "config", judges.restart_on_failed_boot),
    ("retention_configured", "warning", "config", spare_judges.retention_configured),
    ("confirmation_installed", "critical", "config", trial_judges.confirmation_installed),
    ("console_menu", "warning", "config", trial_judges.console_menu),
    ("ssh_watched", "warning", "health", trial_judges.ssh_watched),
    ("trial_result", "critical", "health", trial_judges.trial_result),
    ("trial_pending", "warning", "health", trial_judges.trial_pending),
    ("environment_writable", "warning", "health", trial_judges.environment_writable),
    ("boot_space", "warning", "health", spare_judges.boot_space),
)
# What is asked of a host on which kernels are kept, but none is tried.
KEEPING = (spare_judges.spare_kernel, spare_judges.retention_configured, spare_judges.boot_space)


def evaluate(policy: Dictionary, state: Dictionary) -> List[Dictionary]:
    """Judge the state; one finding for each control."""
    wanted = _fallback_kernel_policy.resolve(policy, state)
    if wanted["mode"] != _fallback_kernel_policy.RETENTION_ONLY:
        return judge(ROLE, CONTROLS, policy, state, wanted)
    controls = [
        control if control[3] in KEEPING else control[:3] + (spare_judges.nothing_tried,) for control in CONTROLS
    ]
    return judge(ROLE, tuple(controls), policy, state, wanted)
