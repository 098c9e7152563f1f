# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role rasdaemon: which values it accepts, and what they mean on a host."""

import re
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

NUMBERS = {
    "rasdaemon_interval": (10, 86400),
    "rasdaemon_corrected_limit": (0, 1000000),
    "rasdaemon_page_threshold": (1, 1000000),
    "rasdaemon_page_hours": (1, 720),
}
ACTIONS = ("off", "account", "soft", "hard", "soft-then-hard")
# As the labels of ras-mc-ctl give a place: controller and up to three layers.
PLACE = re.compile(r"^\d+(?:\.\d+){1,3}\Z")
LABEL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 _()/#-]{0,30}\Z")


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_numbers(policy, NUMBERS)
    if policy["rasdaemon_page_action"] not in ACTIONS:
        raise PolicyError(
            "rasdaemon_page_action: '%s' is not one of %s" % (policy["rasdaemon_page_action"], ", ".join(ACTIONS))
        )
    for place, label in policy["rasdaemon_labels"].items():
        if not PLACE.match(str(place)):
            raise PolicyError(
                "rasdaemon_labels: '%s' is not a place as 'ras-mc-ctl --layout' counts it, e.g. 0.1.0" % place
            )
        if not LABEL.match(str(label)):
            raise PolicyError("rasdaemon_labels['%s']: '%s' is not a label such as DIMM_A1" % (place, label))


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host: C(applicable) or the C(reason) why not, and what to C(install)."""
    reason = _why_not(policy, state)
    return {
        "applicable": not reason,
        "reason": reason,
        "install": [] if reason or state["installed"] else ["rasdaemon"],
        "package_manager": "" if reason else _hardware_host.MANAGERS[state["family"]],
    }


def _why_not(policy: Dict[str, Any], state: Dict[str, Any]) -> str:
    reason = _hardware_host.why_not(state, packages=True)
    if reason:
        return reason
    machine = state["virtualization"]
    if machine["kind"] == "vm" and not state["controllers"]:
        return "a virtual machine (%s) is shown no memory controller; its host sees the errors" % machine["name"]
    if policy["rasdaemon_labels"] and not (state["board"]["vendor"] and state["board"]["name"]):
        return "rasdaemon_labels: this machine does not tell vendor and name of its board, which labels are filed under"
    return ""
