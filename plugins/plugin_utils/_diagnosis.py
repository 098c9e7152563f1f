# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator wants to be shown of the crashes of a fleet: the variables of diagnose.yml, checked before a host is touched."""

from __future__ import annotations

import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _policy

PREFIX = "panic_hardening_diagnose_"
OPTIONS = ("since", "boots", "limit", "kinds")
# A host's copies are in memory twice, packed, while they travel.
COPY_LIMIT_MIB = 256


def policy(loader: t.Any, templar: t.Any, variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The checked variables that span roles; raises PolicyError that begins with the variable."""
    found = _policy.build_fleet(loader, templar, variables)
    try:
        _evidence.wanted(options(found))
    except PolicyError as error:
        raise PolicyError(PREFIX + str(error)) from error
    size = found["panic_hardening_evidence_limit"]
    if not 1 <= size <= COPY_LIMIT_MIB:
        raise PolicyError(f"panic_hardening_evidence_limit: {size} must be 1 to {COPY_LIMIT_MIB} (MiB)")
    return found


def options(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options of crash_info that the policy stands for."""
    chosen = {name: found[PREFIX + name] for name in OPTIONS}
    # YAML makes a date of an unquoted time, which then comes back with another sign for UTC.
    return {**chosen, "since": str(chosen["since"]).replace("+00:00", "Z")}
