# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role crash_evidence: the observed state judged against the policy."""

from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence_journal_controls,
    _crash_evidence_kernel_controls,
    _crash_evidence_policy,
    _crash_evidence_pstore_controls,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import Control, judge

ROLE = "crash_evidence"
CONTROLS: Tuple[Control, ...] = (
    ("configuration", "warning", "config", _crash_evidence_journal_controls.configuration),
    ("journal_persistent", "critical", "config", _crash_evidence_journal_controls.journal_persistent),
    ("journal_size", "info", "config", _crash_evidence_journal_controls.journal_size),
    ("journal_sync", "warning", "config", _crash_evidence_journal_controls.journal_sync),
    ("evidence_space", "warning", "health", _crash_evidence_journal_controls.evidence_space),
    ("pstore_backend", "warning", "health", _crash_evidence_pstore_controls.pstore_backend),
    ("pstore_archived", "warning", "health", _crash_evidence_pstore_controls.pstore_archived),
    ("pstore_retention", "warning", "config", _crash_evidence_pstore_controls.pstore_retention),
    ("pstore_arguments", "warning", "config", _crash_evidence_pstore_controls.pstore_arguments),
    ("ramoops_memory", "warning", "health", _crash_evidence_pstore_controls.ramoops_memory),
    ("post_notifiers", "info", "config", _crash_evidence_kernel_controls.post_notifiers),
    ("console_arguments", "warning", "config", _crash_evidence_kernel_controls.console_arguments),
    ("console_loglevel", "info", "config", _crash_evidence_kernel_controls.console_loglevel),
    ("netconsole", "warning", "config", _crash_evidence_kernel_controls.netconsole),
    ("panic_information", "info", "config", _crash_evidence_kernel_controls.panic_information),
    ("restarted", "warning", "health", _crash_evidence_kernel_controls.restarted),
)


def evaluate(policy: Dict[str, Any], state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Judge the state; one finding for each control."""
    return judge(ROLE, CONTROLS, policy, state, _crash_evidence_policy.resolve(policy, state))
