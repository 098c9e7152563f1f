# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controls of the hardware roles share."""

from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, Dictionary, way_to_read


def unknown(found: Dictionary, state: Dictionary) -> Dictionary:
    """The part of a finding that says why nobody could look."""
    error = "; ".join(sorted(set(state["errors"].values())))
    return dict(found, status="unknown", reason=error, remedy=way_to_read(error))


def configuration(role: str, setup: _setup.Setup, state: Dictionary, evidence: List[str]) -> Dictionary:
    """Whether the files and units are as the role makes them."""
    found = dict(expected="files and units as this role makes them", observed="", evidence=evidence)
    if state["setup"] is None:
        return unknown(found, state)
    wrong = _setup.differences(role, setup, state["setup"])
    observed = "%d of them differ" % len(wrong) if wrong else "as wanted"
    return dict(
        found,
        status="fail" if wrong else "pass",
        observed=observed,
        reason="; ".join(wrong),
        remedy=HARDEN if wrong else "",
    )
