# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the role crash_evidence that concern what the kernel says when it dies, and whom it tells."""

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_arguments,
    _cmdline,
    _crash_evidence_files,
    _crash_evidence_policy,
    _sysctl_planes,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Dictionary,
    part,
    unread,
)

ROLE = "crash_evidence"


def post_notifiers(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "crash_kexec_post_notifiers=Y"
    if "post_notifiers" in state["errors"]:
        return unread(expected, state["errors"]["post_notifiers"])
    found = state["post_notifiers"]
    if not policy["crash_evidence_post_notifiers"]:
        reason = "crash_evidence_post_notifiers is false: it is left as it is"
        return part("not_applicable", "", found or "absent", reason=reason)
    if not found:
        return part("not_applicable", expected, "absent", reason="this kernel has no kexec for crash kernels")
    if found == "Y":
        return part("pass", expected, found, evidence=[_crash_evidence_files.POST_NOTIFIERS])
    reason = "with kdump armed a panic leaves nothing in pstore and on netconsole"
    return part("fail", expected, found, reason=reason, remedy=HARDEN, evidence=[_crash_evidence_files.POST_NOTIFIERS])


def console_arguments(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    if not policy["crash_evidence_consoles"]:
        reason = "crash_evidence_consoles is empty: the consoles are left to the distribution"
        return part("not_applicable", "", " ".join(state["consoles"]), reason=reason)
    arguments: _cmdline.Arguments = {"console": wanted["cmdline"]["console"]}
    return _boot_arguments.judge(arguments, state["boot"], state["errors"].get("boot", ""), ROLE)


def console_loglevel(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    variable = "crash_evidence_console_loglevel"
    key = _crash_evidence_policy.PRINTK
    if key not in wanted["sysctls"]:
        found = state["sysctls"][key]["live"] or "unknown"
        return part("not_applicable", "", found, reason="%s is 0: it is left as it is" % variable)
    return _sysctl_planes.judge(key, wanted["sysctls"][key], state["sysctls"][key], ROLE, variable)


def panic_information(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    variable = "crash_evidence_panic_info"
    for key in _crash_evidence_policy.PANIC_KEYS:
        if key in wanted["sysctls"]:
            return _sysctl_planes.judge(key, wanted["sysctls"][key], state["sysctls"][key], ROLE, variable)
    return part("not_applicable", "", "", reason="%s is empty: nothing is added to a panic" % variable)


def netconsole(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    target = policy["crash_evidence_netconsole"]
    if not target:
        return part("not_applicable", "", "", reason="crash_evidence_netconsole is empty")
    expected = "kernel messages sent to %s, now and after each boot" % target
    reasons, remedy = [], HARDEN
    if not state["netconsole_enabled"]:
        reasons.append("%s does not start at boot" % _crash_evidence_files.NETCONSOLE)
    if not any(name.startswith("netcon") for name in state["consoles"]):
        reasons.append("the kernel has no netconsole now")
        remedy = (
            "systemctl restart %s, and see 'dmesg | grep netpoll' where that fails" % _crash_evidence_files.NETCONSOLE
        )
    evidence = ["/proc/consoles", _crash_evidence_files.NETCONSOLE_UNIT]
    if not reasons:
        return part("pass", expected, "sent", evidence=evidence)
    return part("fail", expected, "not sent", reason="; ".join(reasons), remedy=remedy, evidence=evidence)


def restarted(_policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    if not wanted["cmdline"]:
        return part("not_applicable", "", "", reason="no boot argument is asked for")
    expected = "a boot with %s" % _cmdline.render(wanted["cmdline"])
    if _cmdline.has(state["running"], wanted["cmdline"]):
        return part("pass", expected, "the running one", evidence=["/proc/cmdline"])
    if not wanted["reboot_required"]:
        reason = state["errors"].get("boot") or "boot method: %s" % state["boot"]["method"]
        return part("not_applicable", expected, "not yet", reason="the boot entries are not ours to set (%s)" % reason)
    reason = "the running kernel was started without some of it"
    return part("fail", expected, "not yet", reason=reason, remedy="reboot the host", evidence=["/proc/cmdline"])
