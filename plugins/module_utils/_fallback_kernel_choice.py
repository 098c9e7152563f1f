# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a run of the role takes for the known-good one: never one that has failed, nor one that nobody has seen run."""

from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel_changes, _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError


def known_good(state: Dict[str, Any]) -> str:
    """The one that was set, while its files are there; else the pinned or the running one, or the only one. Raises HostError."""
    kernels = dict((kernel["release"], kernel) for kernel in state["kernels"])
    # A hook of its package that fails takes nothing from a kernel that has run.
    complete = [release for release, kernel in kernels.items() if not _kernels.files_missing(kernel["missing"])]
    kept = state["known_good"]
    # Of a confirmation that was interrupted the menu knows nothing yet.
    if kept in complete and (kept == state["default"]["release"] or _trusted(state, kept)):
        return str(kept)
    fitting = [
        release for release in (state["pin"], state["running"]) if release in complete and _trusted(state, release)
    ]
    fitting += complete if len(complete) == 1 else []
    if fitting:
        _boot_kernel_changes.need_entry(state, "known_good", fitting[0])
        return str(fitting[0])
    if not complete:
        raise HostError(
            "no kernel on this host is whole, so none can be kept as known-good; install one, with room on /boot"
        )
    lost = kept or state["running"]
    flaws = "; ".join(kernels[lost]["missing"]) if lost in kernels else "it is not installed"
    raise HostError(
        "no kernel can be taken for the known-good one: %s cannot (%s), and no other has been seen to run well; "
        "install it again, or set one with boot_kernel and known_good" % (lost, flaws or "it was not confirmed")
    )


def _trusted(state: Dict[str, Any], release: str) -> bool:
    """Whether nothing speaks against a kernel: a trial that goes on is confirmed by the host itself, and not by a run of the role."""
    return release not in state["failed"] and state["trial"]["release"] != release
