# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a host has left: exhaustion is a classic trigger of crashes, and of kernels that kill what they should not."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_space
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import check_numbers, finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

MEMORY, SWAP = "panic_hardening_memory_minimum", "panic_hardening_swap_minimum"
MEMINFO = "/proc/meminfo"
REMEDY = "see what uses it ('ps --sort=-rss -eo rss,comm'), give its services a limit, or the host more memory"


def validate(policy: Dict[str, Any]) -> None:
    """Refuse percentages that are none; raises PolicyError."""
    check_numbers(policy, {MEMORY: (0, 99), SWAP: (0, 99)})


def observe(host: Host) -> Dict[str, int]:
    """The kernel's own numbers."""
    return _kdump_space.meminfo(host.read(MEMINFO) or "")


def evaluate(policy: Dict[str, Any], state: Dict[str, int], excuse: str) -> List[Dict[str, Any]]:
    """Available memory and free swap against their limits; C(excuse) says why this machine's numbers are not its own."""
    name = "panic_hardening.memory_headroom"
    expected = "at least %d %% of memory available, %d %% of swap free" % (policy[MEMORY], policy[SWAP])
    part: Dict[str, Any] = dict(
        expected=expected, observed="", severity="warning", category="health", evidence=[MEMINFO]
    )
    if excuse:
        return [finding(name, "not_applicable", reason=excuse, **part)]
    if not state.get("MemTotal") or "MemAvailable" not in state:
        return [finding(name, "unknown", reason="%s does not tell" % MEMINFO, remedy="run as root", **part)]
    available = _percent(state["MemAvailable"], state["MemTotal"])
    part["observed"] = "%d %% of memory available" % available
    low = ["memory: %d %%" % available] if available < policy[MEMORY] else []
    if state.get("SwapTotal"):
        free = _percent(state.get("SwapFree", 0), state["SwapTotal"])
        part["observed"] += ", %d %% of swap free" % free
        low += ["swap: %d %%" % free] if free < policy[SWAP] else []
    reason = "too little is left (%s)" % ", ".join(low) if low else ""
    return [finding(name, "fail" if low else "pass", reason=reason, remedy=REMEDY if low else "", **part)]


def _percent(part: int, whole: int) -> int:
    return part * 100 // whole
