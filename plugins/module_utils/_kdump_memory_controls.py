# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the role kdump that concern the crash kernel: its memory, its image, and who keeps it from loading.

Each gets the policy, the state and what the policy means on the host, and returns the parts of a finding.
"""

import re
from typing import Any, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bootloader, _cmdline, _kdump_policy
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Dictionary,
    part,
    unread,
)

REBOOT = "reboot the host (or run harden with kdump_reboot_ok: true)"


def installed(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    missing = _kdump_policy.missing(state)
    expected = ", ".join(sorted(state["packages"]))
    if missing:
        reason = "not installed: %s" % ", ".join(missing)
        return part("fail", expected, "missing: %s" % ", ".join(missing), reason=reason, remedy=HARDEN)
    if not state["unit"]["enabled"]:
        name = state["unit"]["name"]
        reason = "%s does not start at boot" % name
        return part("fail", expected, "%s is not enabled" % name, reason=reason, remedy=HARDEN)
    return part("pass", expected, "all there, %s is enabled" % state["unit"]["name"])


def memory_configured(_policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    expected = "one crashkernel=%s on every normal boot entry, and on those to come" % wanted["crashkernel"]
    if "boot" in state["errors"]:
        return unread(expected, state["errors"]["boot"])
    boot = state["boot"]
    if not boot["supported"]:
        reason = "boot method: %s; set crashkernel= by its own means" % boot["method"]
        return part("not_applicable", expected, "", reason=reason)
    entries = _bootloader.normal(boot)
    wrong = [e for e in entries if _cmdline.values(e["arguments"], "crashkernel") != [wanted["crashkernel"]]]
    reasons = ["%s has %s" % (e["id"], _shown(_cmdline.values(e["arguments"], "crashkernel"))) for e in wrong]
    value, source = _cmdline.future(boot["assignments"], "crashkernel")
    if not entries:
        reasons.append("no boot entry was found")
    if value != wanted["crashkernel"]:
        place = " from " + source if source else ""
        reasons.append("the next kernel's entry gets %s%s" % (_shown([value] if value else []), place))
    observed = "%d of %d normal entries, next: %s" % (
        len(entries) - len(wrong),
        len(entries),
        _shown([value] if value else []),
    )
    evidence = sorted(set(e["source"] for e in wrong or entries[:1]) | (set([source]) if reasons and source else set()))
    return part(
        "fail" if reasons else "pass",
        expected,
        observed,
        reason="; ".join(reasons),
        remedy=_cmdline_remedy(value, source, wanted) if reasons else "",
        evidence=evidence,
    )


def _shown(values: List[str]) -> str:
    return " ".join("crashkernel=%s" % value for value in values) or "no crashkernel="


def _cmdline_remedy(value: Any, source: str, wanted: Dictionary) -> str:
    if value != wanted["crashkernel"] and source and _bootloader.beats_drop_in(source, "kdump"):
        return "change %s, or remove it, then %s" % (source, HARDEN)
    return HARDEN


def memory_reserved(_policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    expected = "%d MiB by crashkernel=%s in this boot" % (wanted["bytes"] // 1048576, wanted["crashkernel"])
    observed = "%d MiB, %s" % (state["reserved"] // 1048576, _shown(state["running_crashkernel"]))
    evidence = ["/sys/kernel/kexec_crash_size", "/proc/cmdline"]
    if not wanted["reboot_required"]:
        return part("pass", expected, observed, evidence=evidence)
    if state["running_crashkernel"] == [wanted["crashkernel"]]:
        reason = "the kernel could not reserve it: 'dmesg | grep -i crashkernel' says why"
        remedy = "set kdump_crashkernel to less, or to another place, then reboot"
    else:
        reason, remedy = "this boot began without it", REBOOT
    return part("fail", expected, observed, reason=reason, remedy=remedy, evidence=evidence)


def kernel_loaded(_policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    expected, evidence = "a crash kernel for %s" % state["kernel"], ["/sys/kernel/kexec_crash_loaded"]
    if not state["loaded"]:
        reason = "no crash kernel is loaded: a panic now leaves no dump"
        if wanted["reboot_required"]:
            return part("fail", expected, "none", reason=reason, remedy=REBOOT, evidence=evidence)
        remedy = "systemctl restart %s, and see 'journalctl -u %s' where that fails"
        remedy = remedy % (state["unit"]["name"], state["unit"]["name"])
        return part("fail", expected, "none", reason=reason, remedy=remedy, evidence=evidence)
    other = state["loaded_kernel"]
    if other and other != state["kernel"]:
        reason = "the loaded crash kernel is %s: its modules are not those of the running one" % other
        return part("fail", expected, other, reason=reason, remedy=HARDEN, evidence=evidence)
    return part("pass", expected, "loaded", evidence=evidence)


def capture_initrd(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    kernels = state["capture_initrds"]
    missing = sorted(kernel for kernel, there in kernels.items() if not there)
    expected = "an initrd of the capture kernel for %s" % ", ".join(sorted(kernels))
    if not missing:
        return part("pass", expected, "all there")
    if "initramfs-tools-core" in state["packages"] and not state["packages"]["initramfs-tools-core"]:
        reason = "kdump-tools builds it with mkinitramfs, which is not installed"
        return part("fail", expected, "missing for %s" % ", ".join(missing), reason=reason, remedy=HARDEN)
    remedy = "systemctl restart %s builds the running kernel's; it needs room below %s"
    return part(
        "fail",
        expected,
        "missing for %s" % ", ".join(missing),
        reason="the capture kernel of %s has no initrd" % ", ".join(missing),
        remedy=remedy % (state["unit"]["name"], "/var/lib/kdump" if state["backend"] == "kdump-tools" else "/boot"),
    )


def capture_restarts(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "panic=%d for the capture kernel" % policy["kdump_capture_panic"]
    if "capture_line" in state["errors"]:
        return unread(expected, state["errors"]["capture_line"])
    found = _cmdline.effective(state["capture_line"] or "", "panic")
    observed = "panic=%s" % found if found else "no panic="
    if found is not None and re.match(r"^-?\d+\Z", found) and int(found) != 0:
        return part("pass", expected, observed)
    reason = "a panic of the capture kernel, often for lack of memory, would hang the host for ever"
    return part("fail", expected, observed, reason=reason, remedy=HARDEN)


def not_blocked(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "nothing that keeps a crash kernel from loading"
    if "kexec" in state["errors"]:
        return unread(expected, state["errors"]["kexec"])
    reasons, remedies, evidence = [], [], []
    kexec = state["kexec"]
    if kexec["live"] == "1" or kexec["persisted"] == "1":
        place = kexec["source"] or "/proc/sys/kernel/kexec_load_disabled"
        reasons.append("kernel.kexec_load_disabled=1 (%s)" % (kexec["source"] or "set since boot, by no file"))
        remedies.append("remove it from %s and reboot: it cannot be undone before" % place)
        evidence.append(place)
    if state["lockdown"] == "confidentiality":
        reasons.append("kernel lockdown is 'confidentiality': memory must not leave the kernel")
        remedies.append("boot with lockdown=integrity, or take kdump from panic_hardening_roles")
        evidence.append("/sys/kernel/security/lockdown")
    if state["unit"]["masked"]:
        name = state["unit"]["name"]
        reasons.append("%s is masked" % name)
        remedies.append("systemctl unmask %s; where a rule of yours forbids kdump, waive kdump.*" % name)
        evidence.append("/etc/systemd/system/%s" % name)
    return part(
        "fail" if reasons else "pass",
        expected,
        "; ".join(reasons) or "nothing",
        reason="; ".join(reasons),
        remedy="; ".join(remedies),
        evidence=evidence,
    )
