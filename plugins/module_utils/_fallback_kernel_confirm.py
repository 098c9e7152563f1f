# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about a trial while a host runs: confirm it, wait, restart into the known-good kernel, or only alarm."""

from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel, _cmdline, _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_record as record
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


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
        record.remember(host, policy, state["running"], state["known_good"])
        return Outcome("none", "", [])
    # The host went down before the last write of a confirmation: the menu has it already, and no restart would leave it.
    confirmed = state["running"] == state["known_good"] == state["default"]["release"]
    found = [] if confirmed else health.problems(host, policy, record.known(host, policy))
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
    record.note(host, outcome.release, outcome.problems)
    return outcome


def _without_menu(host: Host, policy: Dict[str, Any], running: str) -> Outcome:
    """/boot is not there: whether this is a trial only /etc and /var can tell."""
    words = _cmdline.tokens(host.read("/proc/cmdline") or "")
    # Where a person chose to mend something, nothing is restarted.
    if _boot_kernel.known_good(host) in ("", running) or set(words) & set(_cmdline.RECOVERY):
        return Outcome("none", "", [])
    found = [health.Problem("menu", "the boot menu cannot be found; /boot may not be mounted")]
    found += health.problems(host, policy, record.known(host, policy))
    return Outcome(_action(host, policy, found), running, found)


def _action(host: Host, policy: Dict[str, Any], found: List[health.Problem]) -> str:
    if health.uptime(host) < policy["boot_timeout"]:
        return "waiting"
    # A host that serves is not taken away from its users for a check that failed, unless the operator says so.
    cut_off = any(problem.cut_off for problem in found)
    return "restart" if cut_off or policy["reboot_unconfirmed"] else "unconfirmed"


def _left(host: Host, release: str) -> List[health.Problem]:
    left = record.left(host)
    return [health.Problem("left", str(text)) for text in left.get("problems", []) if left.get("release") == release]


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
