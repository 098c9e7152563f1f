# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the role crash_evidence that concern pstore: where the kernel's last words go, and how long they stay."""

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_arguments,
    _cmdline,
    _crash_evidence_files,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Dictionary,
    part,
    unread,
)

BACKEND = "/sys/module/pstore/parameters/backend"
SERVICE = "systemd-pstore.service"
RESERVE = "reserve it at boot with memmap= or reserve_mem=, restart the host, then %s" % HARDEN
PSTORE_ARGUMENTS = ("pstore.", "efi_pstore.", "ramoops.")


def pstore_backend(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    expected = (
        "ramoops" if policy["crash_evidence_ramoops"] else "a place where the kernel's last words outlive a restart"
    )
    if "pstore" in state["errors"]:
        return unread(expected, state["errors"]["pstore"])
    pstore = state["pstore"]
    if not pstore["supported"]:
        return part("not_applicable", expected, "none", reason="the running kernel has no pstore")
    found = pstore["backend"]
    if found and (found == "ramoops" or not policy["crash_evidence_ramoops"]):
        return part("pass", expected, found, evidence=[BACKEND])
    if policy["crash_evidence_ramoops"]:
        reason = wanted["ramoops_refused"] or "pstore uses %s" % (found or "nothing")
        remedy = (
            RESERVE
            if wanted["ramoops_refused"]
            else "restart the host; 'dmesg | grep -i -e ramoops -e pstore' says why not"
        )
        return part("fail", expected, found or "none", reason=reason, remedy=remedy, evidence=[BACKEND])
    if pstore["efi"]:
        reason = "the EFI firmware could keep them, but efi_pstore is not loaded, or switched off by the distribution"
        remedy = "set crash_evidence_efi_pstore to true and restart the host, or waive this where its firmware minds"
        return part("fail", expected, "none", reason=reason, remedy=remedy, evidence=[BACKEND])
    if pstore["erst"]:
        reason, remedy = "the firmware has an ACPI ERST, but the kernel does not use it", "see 'dmesg | grep ERST'"
        return part("fail", expected, "none", reason=reason, remedy=remedy, evidence=[BACKEND])
    reason = "this machine has neither an ACPI ERST nor EFI; memory that you reserve can serve (crash_evidence_ramoops)"
    return part("not_applicable", expected, "none", reason=reason)


def pstore_archived(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "%s moves records to %s" % (SERVICE, _crash_evidence_files.ARCHIVE)
    if "pstore" in state["errors"]:
        return unread(expected, state["errors"]["pstore"])
    pstore = state["pstore"]
    if not pstore["service"]:
        reason = "systemd before 243 has no %s: records stay in /sys/fs/pstore" % SERVICE
        return part("not_applicable", expected, "no such unit", reason=reason)
    reasons, remedies = [], []
    if pstore["masked"] or not pstore["enabled"]:
        word = "masked" if pstore["masked"] else "not enabled"
        reasons.append(
            "%s is %s: the few records that fit stay in the firmware, and later crashes find no room" % (SERVICE, word)
        )
        remedies.append("systemctl %s %s" % ("unmask" if pstore["masked"] else "enable", SERVICE))
    for key, good in (("Storage", "external"), ("Unlink", "yes")):
        value, source = pstore["settings"].get(key, (good, ""))
        if value.lower() not in (good, "true", "1", "on"):
            reasons.append("%s sets %s=%s" % (source, key, value))
            remedies.append("set %s=%s there" % (key, good))
    if not reasons:
        return part("pass", expected, "enabled")
    return part("fail", expected, "not as needed", reason="; ".join(reasons), remedy="; ".join(remedies))


def pstore_retention(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    days = policy["crash_evidence_pstore_days"]
    expected = "%d days at least" % days if days else "for ever"
    if "retention" in state["errors"]:
        return unread(expected, state["errors"]["retention"])
    found = state["retention"]
    observed = "%s (%s)" % (
        "for ever" if found["seconds"] is None else found["text"],
        found["source"] or "no line names it",
    )
    if found["seconds"] is None or (days and found["seconds"] >= days * 86400):
        return part("pass", expected, observed, evidence=[found["source"]] if found["source"] else [])
    path = found["source"].rsplit(":", 1)[0]
    first = path.rsplit("/", 1)[1] < _crash_evidence_files.TMPFILES.rsplit("/", 1)[1]
    return part(
        "fail",
        expected,
        observed,
        reason="systemd-tmpfiles removes the archive of pstore after %s" % found["text"],
        remedy="change %s, or remove the line, then %s" % (found["source"], HARDEN) if first else HARDEN,
        evidence=[path],
    )


def pstore_arguments(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    arguments: _cmdline.Arguments = dict(
        (name, value) for name, value in wanted["cmdline"].items() if name.startswith(PSTORE_ARGUMENTS)
    )
    unknown = wanted["record_refused"]
    if not arguments:
        reason = wanted["ramoops_refused"] or unknown or "no argument for pstore is asked for"
        return part("not_applicable", "", "", reason=reason)
    found = _boot_arguments.judge(arguments, state["boot"], state["errors"].get("boot", ""), "crash_evidence")
    return dict(found, reason=found.get("reason") or unknown)


def ramoops_memory(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    value = policy["crash_evidence_ramoops"]
    if not value:
        return part("not_applicable", "", "", reason="crash_evidence_ramoops is empty: no memory is reserved for it")
    expected = "memory at %s that the kernel does not use itself" % value
    refused = wanted["ramoops_refused"]
    if not refused:
        return part("pass", expected, "reserved", evidence=["/proc/iomem", "/proc/cmdline"])
    if "denied" in refused or "iomem" in state["errors"]:
        return unread(expected, state["errors"].get("iomem", refused))
    return part(
        "fail", expected, "not reserved", reason=refused, remedy=RESERVE, evidence=["/proc/iomem", "/proc/cmdline"]
    )
