# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control of the role fallback_kernel asks of a host: parts of findings from policy and state."""

import functools
from typing import Callable

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel_trial,
    _fallback_kernel_policy,
    _fallback_kernel_retention,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, Dictionary, part, unread

Judge = Callable[[Dictionary, Dictionary], Dictionary]
Asked = Callable[[Dictionary, Dictionary, Dictionary], Dictionary]
# Of the newest kernel's own files, for the next one and its initrd while it is being built.
ROOM = 1.2
SET = HARDEN + ", or boot_kernel with known_good"


def needs(*parts: str) -> Callable[[Judge], Asked]:
    """A judge that is asked only where these parts of the state could be read; else the finding is unknown."""

    def wrap(judge: Judge) -> Asked:
        @functools.wraps(judge)
        def ask(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
            for name in parts:
                if name in state["errors"]:
                    return unread("", state["errors"][name])
            return judge(policy, state)

        return ask

    return wrap


def _lacking(state: Dictionary, release: str) -> str:
    for kernel in state["kernels"]:
        if kernel["release"] == release:
            return "; ".join(kernel["missing"])
    return "it is not installed"


@needs("kernels", "boot")
def spare_kernel(policy: Dictionary, state: Dictionary) -> Dictionary:
    retain = int(policy["fallback_kernel_retain"])
    listed = [entry["release"] for entry in state["boot"]["entries"] if not entry["recovery"]]
    whole = [k["release"] for k in state["kernels"] if k["bootable"] and k["release"] in listed]
    spare = [release for release in whole if release != state["running"]]
    expected = "%d whole kernels with a boot entry next to the running one" % retain
    halves = ["%s (%s)" % (k["release"], "; ".join(k["missing"])) for k in state["kernels"] if not k["bootable"]]
    if len(spare) >= retain:
        return part("pass", expected, ", ".join(spare))
    reason = "%d of %d" % (len(spare), retain) + ("; not whole: %s" % ", ".join(halves) if halves else "")
    remedy = "install an earlier kernel; one appears with the next update, and then stays"
    return part("fail", expected, ", ".join(spare) or "none", reason=reason, remedy=remedy)


@needs("kernels", "boot")
def default_bootable(_policy: Dictionary, state: Dictionary) -> Dictionary:
    default = state["boot"]["default"]
    expected = "a whole kernel, by a name that the menu knows"
    if not default["named"]:
        reason = "'%s' names no entry, so GRUB silently takes the first one" % default["choice"]
        return part("fail", expected, default["release"], reason=reason, remedy=SET)
    missing = _lacking(state, default["release"])
    if missing:
        remedy = "install the kernel again, with room on /boot, or set another default"
        return part("fail", expected, default["release"] or "no kernel", reason=missing, remedy=remedy)
    return part("pass", expected, default["release"])


@needs("boot")
def default_is_known_good(_policy: Dictionary, state: Dictionary) -> Dictionary:
    boot = state["boot"]
    known_good, default = boot["known_good"], boot["default"]
    if not known_good:
        return part("fail", "a known-good kernel", "none", reason="none was set yet", remedy=SET)
    if default["release"] != known_good:
        reason = "something else than boot_kernel decides, or the known-good kernel was removed"
        return part("fail", known_good, default["release"], reason=reason, remedy=SET)
    saved = boot["environment"]["variables"].get("saved_entry", "")
    if boot["method"] == "grub" and saved:
        reason = (
            "somebody chose '%s' with grub-set-default, which has no effect while a known-good kernel is set" % saved
        )
        remedy = "set it as known_good with boot_kernel, or grub-editenv - unset saved_entry"
        return part("fail", known_good, "%s, and a saved entry" % known_good, reason=reason, remedy=remedy)
    return part("pass", known_good, known_good)


@needs("boot")
def restart_on_failed_boot(_policy: Dictionary, state: Dictionary) -> Dictionary:
    boot = state["boot"]
    expected = "no boot ends in waiting for a person"
    normal = [entry for entry in boot["entries"] if not entry["recovery"]]
    stuck = [e["title"] for e in normal if not _boot_kernel_trial.restarts(e["arguments"], boot["needed"])]
    reasons = ["after a failed boot this would hang: %s" % ", ".join(stuck)] if stuck else []
    if boot["default"]["waits"]:
        reasons.append("GRUB's menu waits for a key")
    if boot["method"] == "grub" and boot["default"]["fallback"] != "0":
        reasons.append("GRUB waits for a key when a kernel cannot be loaded")
    if reasons:
        remedy = SET if not stuck else "give the entries panic= with the role panic_sysctl; then " + SET
        return part("fail", expected, "%d ways to hang" % len(reasons), reason="; ".join(reasons), remedy=remedy)
    return part("pass", expected, expected)


@needs("kernels", "retention", "boot")
def retention_configured(policy: Dictionary, state: Dictionary) -> Dictionary:
    found = _fallback_kernel_retention.Retention(**state["retention"])
    kernels = _fallback_kernel_policy.kernels(state)
    kept = _fallback_kernel_retention.keep(
        kernels, state["running"], state["boot"]["known_good"], int(policy["fallback_kernel_retain"])
    )
    expected = "nobody removes %s" % ", ".join(kept)
    if not found.tool:
        return part("not_applicable", expected, "", reason="no package manager that is known removes kernels here")
    lost = _fallback_kernel_retention.unprotected(kernels, state["running"], kept, found)
    if lost:
        reason = "the next clean-up of %s would remove %s" % (found.tool, ", ".join(lost))
        return part("fail", expected, ", ".join(lost), reason=reason, remedy=SET, evidence=[found.source])
    return part("pass", expected, "%s keeps them" % found.tool)


@needs("kernels", "space")
def boot_space(_policy: Dictionary, state: Dictionary) -> Dictionary:
    needed = int(max([kernel["bytes"] for kernel in state["kernels"]] or [0]) * ROOM)
    expected = "%d bytes free on the file system of /boot" % needed
    free = state["space"]["free"]
    if free < needed:
        reason = "the next kernel would get no initrd, and a boot entry all the same"
        remedy = "remove kernels that are not needed, e.g. with apt autoremove, or enlarge /boot"
        return part("fail", expected, "%d bytes" % free, reason=reason, remedy=remedy)
    return part("pass", expected, "%d bytes" % free)
