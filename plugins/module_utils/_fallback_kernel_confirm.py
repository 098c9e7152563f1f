# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about a trial while a host runs: confirm it, wait, restart into the known-good kernel, or only alarm."""

import json
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

RECORD = STATE_DIR + "/fallback_kernel.json"


class Outcome(NamedTuple):
    """C(action): none, confirmed, waiting, restart, unconfirmed or failed; of which kernel, and what speaks against it."""

    action: str
    release: str
    problems: List[health.Problem]


def step(host: Host, policy: Dict[str, Any]) -> Outcome:
    """Look once, and confirm what is healthy; who calls this restarts and alarms. Raises HostError."""
    state = _boot_kernel.observe(host)
    trial = state["trial"]
    if trial["status"] == "failed":
        return Outcome("failed", trial["release"], [])
    if trial["status"] != "running":
        if state["running"] == state["known_good"]:
            _remember(host)
        return Outcome("none", "", [])
    found = health.problems(host, policy, known_routes(host))
    if not found:
        release = _boot_kernel.named(state, "known_good", trial["release"])
        _boot_kernel.apply(host, state, _boot_kernel.Wish(release, None))
        return Outcome("confirmed", release, [])
    return Outcome(_action(host, policy, found), trial["release"], found)


def _action(host: Host, policy: Dict[str, Any], found: List[health.Problem]) -> str:
    if health.uptime(host) < policy["boot_timeout"]:
        return "waiting"
    # A host that serves is not taken away from its users for a check that failed, unless the operator says so.
    cut_off = any(problem.cut_off for problem in found)
    return "restart" if cut_off or policy["reboot_unconfirmed"] else "unconfirmed"


def known_routes(host: Host) -> List[str]:
    """The default routes that the known-good kernel was last seen with; raises HostError."""
    text = host.read(RECORD)
    if text is None:
        return []
    try:
        return [str(route) for route in json.loads(text)["routes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it" % (RECORD, error)) from None


def _remember(host: Host) -> None:
    present = health.routes(host)
    # A moment without any network is no new standard.
    if present and present != known_routes(host):
        host.write(RECORD, json.dumps({"routes": present}) + "\n")
