# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles share when they look at a host and judge it."""

from typing import Any, Callable, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError

HARDEN = "run kernelops.panic_hardening.harden on this host"
Dictionary = Dict[str, Any]
# Name, severity, category, and who judges: given policy, state and what the policy means here, the rest of the finding.
Control = Tuple[str, str, str, Callable[..., Dictionary]]


def attempt(state: Dictionary, name: str, look: Callable[[], Any]) -> Any:
    """What C(look) finds, or None with the reason in the C(errors) of the state."""
    try:
        return look()
    except HostError as error:
        state["errors"][name] = str(error)
        return None


def part(status: str, expected: str, observed: str, **more: Any) -> Dictionary:
    """The part of a finding that a judge gives."""
    return dict(status=status, expected=expected, observed=observed, **more)


def unread(expected: str, error: str) -> Dictionary:
    """For what could not be read."""
    return part("unknown", expected, "", reason=error, remedy=way_to_read(error))


def way_to_read(error: str) -> str:
    """What to do about something that could not be read."""
    return "run as root" if "denied" in error or "permitted" in error else "mend what is unreadable: %s" % error


def judge(
    role: str, controls: Tuple[Control, ...], policy: Dictionary, state: Dictionary, wanted: Dictionary
) -> List[Dictionary]:
    """One finding for each control; on a host for which the role is not meant, with the reason."""
    findings = []
    for name, severity, category, look in controls:
        found = part("not_applicable", "", "", reason=wanted["reason"])
        if wanted["applicable"]:
            found = look(policy, state, wanted)
        findings.append(finding("%s.%s" % (role, name), severity=severity, category=category, **found))
    return findings
