# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controls of the role fallback_kernel ask of the kernels that stay, also where none can be tried."""

from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _fallback_kernel_policy,
    _fallback_kernel_retention,
    _proxmox,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_judges import SET, needs
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import Retention
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, Dictionary, part

# Of the newest kernel's own files, for the next one and its initrd while it is being built.
ROOM = 1.2


def nothing_tried(_policy: Dictionary, _state: Dictionary, wanted: Dictionary) -> Dictionary:
    return part("not_applicable", "", "", reason=wanted["reason"])


def _method(state: Dictionary) -> str:
    """The boot method on which no kernel can be tried, '' for one on which they can."""
    return str((state["elsewhere"] or {}).get("method", ""))


def _listed(state: Dictionary) -> List[str]:
    if state["elsewhere"]:
        return list(state["elsewhere"]["listed"])
    return [entry["release"] for entry in state["boot"]["entries"] if not entry["recovery"]]


@needs("kernels", "boot")
def spare_kernel(policy: Dictionary, state: Dictionary) -> Dictionary:
    retain, listed = int(policy["fallback_kernel_retain"]), _listed(state)
    whole = [k["release"] for k in state["kernels"] if k["bootable"]]
    failed = state["boot"].get("failed", [])
    spare = [
        release for release in whole if release != state["running"] and release in listed and release not in failed
    ]
    expected = "%d whole kernels with a boot entry next to the running one, none that failed its trial" % retain
    if len(spare) >= retain:
        return part("pass", expected, ", ".join(spare))
    halves = ["%s (%s)" % (k["release"], "; ".join(k["missing"])) for k in state["kernels"] if not k["bootable"]]
    without = [release for release in whole if release not in listed]
    reason = "%d of %d" % (len(spare), retain) + ("; not whole: %s" % ", ".join(halves) if halves else "")
    reason += "; without a boot entry: %s" % ", ".join(without) if without else ""
    reason += "; failed: %s" % ", ".join(failed) if failed else ""
    remedy = "install an earlier kernel; one appears with the next update, and then stays"
    if without and _method(state) == _proxmox.METHOD:
        remedy = "proxmox-boot-tool kernel add %s; proxmox-boot-tool refresh" % without[0]
    return part("fail", expected, ", ".join(spare) or "none", reason=reason, remedy=remedy)


@needs("kernels", "retention", "boot")
def retention_configured(policy: Dictionary, state: Dictionary) -> Dictionary:
    found = [Retention(**one) for one in state["retention"]]
    kept = _fallback_kernel_policy.kept(policy, state)
    expected = "nobody removes %s" % ", ".join(kept)
    if not found:
        return part("not_applicable", expected, "", reason="no package manager that is known removes kernels here")
    lost = _fallback_kernel_retention.unprotected(kept, found)
    if lost:
        reasons = ["the next clean-up of %s would remove %s" % (one.tool, ", ".join(gone)) for one, gone in lost]
        observed = ", ".join(release for release in kept if any(release in gone for _one, gone in lost))
        obstacles = [one.obstacle for one, _gone in lost if one.obstacle]
        remedy = "; ".join(obstacles) or (HARDEN if state["elsewhere"] else SET)
        evidence = [one.source for one, _gone in lost]
        return part("fail", expected, observed, reason="; ".join(reasons), remedy=remedy, evidence=evidence)
    return part("pass", expected, "%s keeps them" % " and ".join(one.tool for one in found))


@needs("kernels", "space")
def boot_space(_policy: Dictionary, state: Dictionary) -> Dictionary:
    needed = int(max([kernel["bytes"] for kernel in state["kernels"]] or [0]) * ROOM)
    expected = "%d bytes free on the file system of /boot" % needed
    free = state["space"]["free"]
    if free < needed:
        reason = "the next kernel would get no initrd, and a boot entry all the same"
        remedy = "remove kernels that are not needed, e.g. with apt autoremove, or enlarge /boot"
        return part("fail", expected, "%d bytes" % free, reason=reason, remedy=remedy)
    # They are not mounted.
    more = "; on its EFI system partitions nobody looked" if _method(state) == _proxmox.METHOD else ""
    return part("pass", expected, "%d bytes%s" % (free, more))
