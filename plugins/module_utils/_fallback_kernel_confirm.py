# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about a trial while a host runs: confirm it, wait, restart into the known-good kernel, or only alarm."""

import json
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel, _cmdline, _kernels
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
    if not state["supported"]:
        return _without_menu(host, policy, state["running"])
    trial = state["trial"]
    if trial["status"] == "failed":
        if trial["release"] == state["known_good"]:
            return _take_back(host, state)
        return Outcome("failed", trial["release"], _left(host, trial["release"]))
    if trial["status"] != "running":
        remember(host, policy, state)
        return Outcome("none", "", [])
    # The host went down before the last write of a confirmation: the menu has it already, and no restart would leave it.
    confirmed = state["running"] == state["known_good"] == state["default"]["release"]
    found = [] if confirmed else health.problems(host, policy, known(host, policy))
    if not found:
        return _confirm(host, state)
    return Outcome(_action(host, policy, found), trial["release"], found)


def _confirm(host: Host, state: Dict[str, Any]) -> Outcome:
    release = _boot_kernel.named(state, "known_good", state["trial"]["release"])
    _boot_kernel.apply(host, state, _boot_kernel.Wish(release, None))
    return Outcome("confirmed", release, [])


def _take_back(host: Host, state: Dict[str, Any]) -> Outcome:
    """The host went down in the middle of a confirmation, before the menu was made: that may have been the kernel's own doing."""
    release = state["trial"]["release"]
    running = _boot_kernel.named(state, "known_good", state["running"])
    _boot_kernel.apply(host, state, _boot_kernel.Wish(running, None))
    outcome = Outcome("failed", release, [health.Problem("ended", "the host went down while it was being confirmed")])
    note(host, outcome)
    return outcome


def _without_menu(host: Host, policy: Dict[str, Any], running: str) -> Outcome:
    """/boot is not there: whether this is a trial only /etc and /var can tell."""
    words = _cmdline.tokens(host.read("/proc/cmdline") or "")
    # Where a person chose to mend something, nothing is restarted.
    if _boot_kernel.known_good(host) in ("", running) or set(words) & set(_cmdline.RECOVERY):
        return Outcome("none", "", [])
    found = [health.Problem("menu", "the boot menu cannot be found; /boot may not be mounted")]
    found += health.problems(host, policy, known(host, policy))
    return Outcome(_action(host, policy, found), running, found)


def _action(host: Host, policy: Dict[str, Any], found: List[health.Problem]) -> str:
    if health.uptime(host) < policy["boot_timeout"]:
        return "waiting"
    # A host that serves is not taken away from its users for a check that failed, unless the operator says so.
    cut_off = any(problem.cut_off for problem in found)
    return "restart" if cut_off or policy["reboot_unconfirmed"] else "unconfirmed"


def _record(host: Host) -> Dict[str, Any]:
    text = host.read(RECORD)
    if text is None:
        return {"routes": [], "ssh": None, "left": {}}
    try:
        found = json.loads(text)
        routes = [str(route) for route in found["routes"]]
        return {"routes": routes, "ssh": found["ssh"], "left": dict(found["left"])}
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it" % (RECORD, error)) from None


def known(host: Host, policy: Dict[str, Any]) -> health.Known:
    """What the known-good kernel was seen with; of a host that nobody looked at, ssh is asked for. Raises HostError."""
    found = _record(host)
    return health.Known(found["routes"], found["ssh"] in (None, policy["ssh_port"]))


def remember(host: Host, policy: Dict[str, Any], state: Dict[str, Any]) -> None:
    """Take what there is now for the standard of a trial, where the known-good kernel runs; raises HostError."""
    if state["running"] != state["known_good"]:
        return
    found, port = _record(host), policy["ssh_port"]
    # A moment without network, or with sshd being restarted, is no new standard.
    routes = health.routes(host) or found["routes"]
    listened = health.listens(host, port) or found["ssh"] == port
    _write(host, dict(found, routes=routes, ssh=port if listened else 0))


def note(host: Host, outcome: Outcome) -> None:
    """Keep what speaks against a trial for the boot after it; raises HostError."""
    texts = [problem.text for problem in outcome.problems]
    _write(host, dict(_record(host), left={"release": outcome.release, "problems": texts}))


def _left(host: Host, release: str) -> List[health.Problem]:
    left = _record(host)["left"]
    return [health.Problem("left", str(text)) for text in left.get("problems", []) if left.get("release") == release]


def left(host: Host) -> Dict[str, Any]:
    """The kernel that was left again by the program, and why; empty where it never did; raises HostError."""
    found: Dict[str, Any] = _record(host)["left"]
    return found


def _write(host: Host, record: Dict[str, Any]) -> None:
    text = json.dumps(record, sort_keys=True) + "\n"
    if text != host.read(RECORD):
        host.write(RECORD, text)


def arm(host: Host) -> str:
    """Have the next boot try a new kernel once; returns its release, '' where there is nothing to try. Raises HostError."""
    state = _boot_kernel.observe(host)
    newest, known_good = state["newest"], state.get("known_good", "")
    if not state["supported"] or not known_good or _kernels.order(newest) <= _kernels.order(known_good):
        return ""
    trial = state["trial"]
    if trial["status"] == "armed" or (trial["status"] in ("running", "failed") and trial["release"] == newest):
        return ""
    if not state["environment"]["writable"]:
        return ""
    wish = _boot_kernel.Wish(None, _boot_kernel.named(state, "trial", newest))
    if _boot_kernel.plan(host, state, wish):
        _boot_kernel.apply(host, state, wish)
    return newest
