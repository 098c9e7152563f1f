# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that are about the kernel and its crashes."""

from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence,
    _fallback_kernel,
    _kdump,
    _panic_sysctl,
)

ROLES: Dict[str, Any] = {
    "panic_sysctl": _panic_sysctl,
    "kdump": _kdump,
    "crash_evidence": _crash_evidence,
    "fallback_kernel": _fallback_kernel,
}
