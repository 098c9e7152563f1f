# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to change in which kernel a host boots: foretold, refused, done and read back."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_trial,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError


class Wish(NamedTuple):
    """Releases, '' for none, or None to leave things as they are; C(retry) tries again what has failed.

    C(by_person) tells what somebody has decided from what follows by itself.
    """

    known_good: Optional[str]
    trial: Optional[str]
    retry: bool = False
    by_person: bool = False


def begin(host: Host, state: Dict[str, Any]) -> Dict[str, Any]:
    """Write down what this boot shows of a trial, and disarm one that GRUB did not take back; raises HostError."""
    edits = _boot_kernel_trial.begun(host, state["environment"]["variables"], state["trial"])
    _write(host, _boot_kernel.BACKENDS[state["method"]], edits)
    return _boot_kernel.observe(host) if edits else state


def named(state: Dict[str, Any], option: str, value: str) -> str:
    """The release that an option means, one that is whole and has an entry; raises PolicyError or HostError."""
    release = {"newest": state["newest"], "running": state["running"]}.get(value, value)
    found = [kernel for kernel in state["kernels"] if kernel["release"] == release]
    if not found:
        known = ", ".join(kernel["release"] for kernel in state["kernels"]) or "none"
        raise PolicyError("%s: '%s' is no kernel that is installed here; there are: %s" % (option, value, known))
    if not found[0]["bootable"]:
        raise HostError(
            "%s: the kernel %s is only half installed: %s; install it again, with room on /boot"
            % (option, release, "; ".join(found[0]["missing"]))
        )
    need_entry(state, option, release)
    return str(release)


def need_entry(state: Dict[str, Any], option: str, release: str) -> None:
    """Raises HostError where a kernel has no boot entry."""
    if not _entry(state, release):
        raise HostError("%s: the kernel %s has no boot entry; make the boot menu anew" % (option, release))


def _entry(state: Dict[str, Any], release: str) -> Optional[Dict[str, Any]]:
    """The distribution's own normal entry of a kernel."""
    fitting = [e for e in state["entries"] if e["release"] == release and not e["recovery"] and not e["known_good"]]
    # The top-level one of Debian is that of whatever kernel is the newest when the menu is made; deeper ones name theirs.
    named_ones = [entry for entry in fitting if release in entry["id"]]
    return (named_ones or fitting or [None])[0]


def plan(host: Host, state: Dict[str, Any], wish: Wish) -> List[Dict[str, Any]]:
    """What is not as wanted: before and after of each file; raises PolicyError or HostError for what must not be."""
    backend = _boot_kernel.BACKENDS[state["method"]]
    found: List[Dict[str, Any]] = []
    if wish.known_good is not None:
        found = list(backend.changes(host, wish.known_good))
    if wish.trial:
        _boot_kernel_trial.refuse(state, wish, _entry(state, wish.trial))
        _need_known_good(host, state, wish)
    if wish.trial == "" and wish.known_good is None and _boot_kernel_trial.interrupted(state):
        raise HostError(
            "trial: the host went down while %s was being confirmed; set known_good as well, to that or another kernel"
            % state["known_good"]
        )
    edits = _edits(host, state, wish)
    if edits:
        block = _grub_env.read(host, backend.ENVIRONMENT)
        after = _grub_env.shown(_grub_env.edit(block, edits))
        change = {"path": block.path, "before": _grub_env.shown(block.text), "after": after, "mode": None}
        # What is taken back begins with the trial: it must not be left without a known-good kernel to fall back to.
        found = [change] + found if wish.known_good == "" else found + [change]
    return found


def _need_known_good(host: Host, state: Dict[str, Any], wish: Wish) -> None:
    if wish.known_good:
        return
    if not state["known_good"]:
        raise PolicyError("known_good: set it too: a trial needs a kernel to fall back to")
    if _boot_kernel.BACKENDS[state["method"]].changes(host, state["known_good"]) or not _holds(
        state, state["known_good"]
    ):
        raise HostError(
            "the known-good kernel %s is not the default any more (that is %s); set known_good again"
            % (state["known_good"], state["default"]["release"] or "no kernel")
        )
    named(state, "known_good", state["known_good"])


def _holds(state: Dict[str, Any], release: str) -> bool:
    return bool(state["default"]["release"] == release and state["default"]["named"])


def _edits(host: Host, state: Dict[str, Any], wish: Wish) -> Dict[str, Optional[str]]:
    """The variables of GRUB's environment that are not as wanted."""
    wanted: Dict[str, Optional[str]] = {}
    if wish.known_good is not None:
        wanted.update(_boot_kernel.BACKENDS[state["method"]].settings(host, wish.known_good))
    entry = _entry(state, wish.trial) if wish.trial else None
    wanted.update(_boot_kernel_trial.settings(host, state, wish, entry))
    present = state["environment"]["variables"]
    return dict((name, value) for name, value in wanted.items() if (present.get(name) or None) != value)


def apply(
    host: Host, state: Dict[str, Any], wish: Wish, judge: Optional[Callable[[str], None]] = None
) -> Dict[str, Any]:
    """Make it so and read it back; C(judge) raises HostError to keep the menu that is there. Returns the new state."""
    backend = _boot_kernel.BACKENDS[state["method"]]
    edits = _edits(host, state, wish)
    if wish.known_good == "":
        _write(host, backend, edits)
    if wish.known_good is not None and backend.changes(host, wish.known_good):
        backend.apply(host, wish.known_good, judge)
    if wish.known_good != "":
        _write(host, backend, edits)
    after = _boot_kernel.observe(host)
    if wish.known_good and not _holds(after, wish.known_good):
        raise HostError(
            "the default is %s after the change, not the known-good kernel %s; look at %s"
            % (after["default"]["release"], wish.known_good, backend.ENVIRONMENT)
        )
    return after


def _write(host: Host, backend: Any, edits: Dict[str, Optional[str]]) -> None:
    if edits:
        block = _grub_env.read(host, backend.ENVIRONMENT)
        _grub_env.write(host, block.path, _grub_env.edit(block, edits))
