# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control of the role fallback_kernel asks of a host: parts of findings from policy and state."""

import functools
from typing import Callable

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel_grub, _boot_kernel_trial
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, Dictionary, part, unread

Judge = Callable[[Dictionary, Dictionary], Dictionary]
Asked = Callable[[Dictionary, Dictionary, Dictionary], Dictionary]
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
def default_bootable(_policy: Dictionary, state: Dictionary) -> Dictionary:
    default = state["boot"]["default"]
    expected = "a whole kernel, by a name that the menu knows"
    if not default["named"]:
        reason = "'%s' names no entry, so GRUB silently takes the first one" % default["choice"]
        return part("fail", expected, default["release"], reason=reason, remedy=SET)
    if state["boot"]["below_xen"]:
        reason = "this dom0 would restart without Xen, which was installed after the known-good kernel was set"
        remedy = "take it back: the role's tasks_from remove, or boot_kernel with state: absent"
        return part("fail", expected, default["release"], reason=reason, remedy=remedy)
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
    if boot["pin"] not in ("", known_good):
        reason = "somebody pinned %s with proxmox-boot-tool, which has no effect while a known-good kernel is set"
        remedy = "set it as known_good with boot_kernel, or proxmox-boot-tool kernel unpin"
        return part("fail", known_good, "%s, and a pin" % known_good, reason=reason % boot["pin"], remedy=remedy)
    variables = boot["environment"]["variables"]
    saved = variables.get("saved_entry", "")
    if boot["method"] == "grub" and saved not in ("", variables.get(_boot_kernel_grub.EARLIER)):
        reason = (
            "somebody chose '%s' with grub-set-default, which has no effect while a known-good kernel is set" % saved
        )
        remedy = "set its kernel as known_good with boot_kernel if it is meant; then grub-editenv - unset saved_entry"
        return part("fail", known_good, "%s, and a saved entry" % known_good, reason=reason, remedy=remedy)
    return part("pass", known_good, known_good)


@needs("boot")
def restart_on_failed_boot(_policy: Dictionary, state: Dictionary) -> Dictionary:
    boot = state["boot"]
    expected = "no boot ends in waiting for a person"
    normal = [entry for entry in boot["entries"] if not entry["recovery"]]
    hanging = [e["title"] for e in normal if not _boot_kernel_trial.restarts(e["arguments"], boot["needed"])]
    reasons = ["after a failed boot this would hang: %s" % ", ".join(hanging)] if hanging else []
    if boot["default"]["waits"]:
        reasons.append("GRUB's menu waits for a key")
    if boot["method"] == "grub" and boot["default"]["fallback"] != "0":
        reasons.append("GRUB waits for a key when a kernel cannot be loaded")
    if reasons:
        remedy = SET if not hanging else "give the entries panic= with the role panic_sysctl; then " + SET
        return part("fail", expected, "%d ways to hang" % len(reasons), reason="; ".join(reasons), remedy=remedy)
    if boot["method"] != "grub":
        # No role can set that right, and nobody has seen which of these GRUBs go on alone.
        reason = "with boot loader entries GRUB may wait for a key when a kernel's file is missing or damaged"
        return part("unknown", expected, "", reason=reason, remedy="have a console at hand, or waive this")
    return part("pass", expected, expected)
