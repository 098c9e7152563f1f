# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about a trial while a host runs: confirm it, wait, restart into the known-good kernel, or only alarm."""

import contextlib
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _boot_kernel_trial,
    _bootloader,
    _cmdline,
    _kernels,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_record as record
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError


class Outcome(NamedTuple):
    """C(action): none, confirmed, waiting, restart, unconfirmed or failed; of which kernel, and what speaks against it."""

    action: str
    release: str
    problems: List[health.Problem]


def step(host: Host, policy: Dict[str, Any]) -> Outcome:
    """Look once, and confirm what is healthy; who calls this restarts and alarms. Raises HostError or PolicyError."""
    if _recovery(host):
        return Outcome("none", "", [])
    state = _boot_kernel.observe(host)
    if not state["supported"]:
        return _without_menu(host, policy, state["method"])
    state = _begin(host, state)
    trial = state["trial"]
    # The host went down before the last write of a confirmation: the menu has it already, and no restart would leave it.
    menu = trial["release"] == state["running"] == state["known_good"] == state["default"]["release"]
    if menu and trial["status"] in ("running", "failed"):
        return _confirm(host, state)
    if trial["status"] == "failed":
        if trial["release"] == state["known_good"]:
            return _take_back(host, state)
        with contextlib.suppress(HostError):
            record.remember(host, policy, state["running"], state["known_good"])
        return Outcome("failed", trial["release"], _left(host, trial["release"]) + _permanent(state))
    if trial["status"] != "running":
        record.remember(host, policy, state["running"], state["known_good"])
        return Outcome("none", "", [])
    found = health.problems(host, policy, record.known(host, policy)) + _permanent(state)
    if not found:
        return _confirm(host, state)
    return Outcome(_action(host, policy, found), trial["release"], found)


def _begin(host: Host, state: Dict[str, Any]) -> Dict[str, Any]:
    try:
        return _boot_kernel_changes.begin(host, state)
    except HostError:
        # On a file system that is read-only now; the next look tries again, and what is found counts all the same.
        return state


def _permanent(state: Dict[str, Any]) -> List[health.Problem]:
    """Where GRUB cannot take back a choice a person must confirm: what it does next is not what we believe."""
    reason = state["environment"]["reason"]
    return [health.Problem("environment", reason)] if reason else []


def _recovery(host: Host) -> bool:
    """A person at the console mends something: nothing is confirmed, and nothing is restarted under their hands."""
    return bool(set(_cmdline.tokens(host.read("/proc/cmdline") or "")) & set(_cmdline.RECOVERY))


def _confirm(host: Host, state: Dict[str, Any]) -> Outcome:
    release = _boot_kernel_changes.named(state, "known_good", state["trial"]["release"])
    _boot_kernel_changes.apply(host, state, _boot_kernel_changes.Wish(release, None))
    return Outcome("confirmed", release, [])


def _take_back(host: Host, state: Dict[str, Any]) -> Outcome:
    """The host went down in the middle of a confirmation, before the menu was made: that may have been the kernel's own doing."""
    release, default = state["trial"]["release"], state["default"]["release"]
    # A person may have booted it once more by hand.
    earlier = state["running"] if default == release else default
    _boot_kernel_changes.apply(
        host, state, _boot_kernel_changes.Wish(_boot_kernel_changes.named(state, "known_good", earlier), None)
    )
    problem = health.Problem("ended", "the host went down while it was being confirmed")
    record.note(host, release, [problem])
    return Outcome("failed", release, [problem])


def _without_menu(host: Host, policy: Dict[str, Any], method: str) -> Outcome:
    """/boot is not there, or something else than GRUB boots this host by now, and no restart would lead to our menu."""
    if method != _bootloader.NONE or _boot_kernel.known_good(host) in ("", _kernels.running(host)):
        return Outcome("none", "", [])
    return unsure(host, policy, health.Problem("menu", "the boot menu cannot be found; /boot may not be mounted"))


def unsure(host: Host, policy: Dict[str, Any], problem: health.Problem) -> Outcome:
    """Nobody can tell what is tried: confirm nothing, and ask only /proc whether the host is cut off."""
    running = _kernels.running(host)
    found = [problem]
    try:
        found += health.reached(host, policy, record.known(host, policy))
    except Exception as error:
        # Whatever it is: a program that ends here would be started again and again, and neither alarm nor restart.
        found.append(health.Problem("look", repr(error)))
    action = _action(host, policy, found)
    if action == "restart" and not _may_leave(host, running):
        action = "unconfirmed"
    return Outcome(action, running, found)


def _may_leave(host: Host, running: str) -> bool:
    try:
        # One that was left and runs again is what every restart leads to.
        return (
            _boot_kernel.known_good(host) not in ("", running) and record.read(host)["left"].get("release") != running
        )
    except HostError:
        return False


def _action(host: Host, policy: Dict[str, Any], found: List[health.Problem]) -> str:
    if health.uptime(host) < policy["boot_timeout"]:
        return "waiting"
    # A host that serves is not taken away from its users for a check that failed, unless the operator says so.
    cut_off = any(problem.cut_off for problem in found)
    return "restart" if cut_off or policy["reboot_unconfirmed"] else "unconfirmed"


def _left(host: Host, release: str) -> List[health.Problem]:
    left = record.read(host)["left"]
    return [health.Problem("left", str(text)) for text in left.get("problems", []) if left.get("release") == release]


def arm(host: Host) -> str:
    """Have the next boot try a new kernel once; returns its release, '' where there is nothing to try. Raises HostError."""
    state = _boot_kernel.observe(host)
    newest, known_good = state["newest"], state.get("known_good", "")
    if not state["supported"] or not known_good or _kernels.order(newest) <= _kernels.order(known_good):
        return ""
    trial = state["trial"]
    if trial["status"] == "armed" or (trial["status"] == "running" and trial["release"] == newest):
        return ""
    if newest in state["failed"] or not state["environment"]["writable"]:
        return ""
    # Whoever has pinned a kernel on Proxmox wants that one.
    if state["pin"] == known_good or _boot_kernel_trial.held(host, state):
        return ""
    wish = _boot_kernel_changes.Wish(None, _boot_kernel_changes.named(state, "trial", newest))
    if _boot_kernel_changes.plan(host, state, wish):
        _boot_kernel_changes.apply(host, state, wish)
    return newest
