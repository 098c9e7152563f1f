# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets kernel parameters behind systemd-sysctl's back: TuneD, kdump-tools, and boot arguments."""

import re
from typing import Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline, _sysctl
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

TUNED_ACTIVE = "/etc/tuned/active_profile"
TUNED_MAIN = "/etc/tuned/tuned-main.conf"
TUNED_PROFILES = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")
KDUMP_CONFIG = "/usr/sbin/kdump-config"
KDUMP_DEFAULTS = "/etc/default/kdump-tools"
# Boot arguments that switch off a detector, so that the sysctl which should make it panic does nothing.
BLINDING = {
    "nowatchdog": ("kernel.softlockup_panic", "kernel.hardlockup_panic"),
    "nosoftlockup": ("kernel.softlockup_panic",),
    "nmi_watchdog=0": ("kernel.hardlockup_panic",),
}
ALIASES = {
    "hung_task_panic": "kernel.hung_task_panic",
    "softlockup_panic": "kernel.softlockup_panic",
    "panic_on_warn": "kernel.panic_on_warn",
}


def observe(host: Host) -> List[Dict[str, str]]:
    """Values that are set after systemd-sysctl ran: C(key), C(value), C(source) and how; raises Unreadable."""
    return _tuned(host) + _kdump_tools(host)


def _tuned(host: Host) -> List[Dict[str, str]]:
    profiles = (host.read(TUNED_ACTIVE) or "").split()
    main = host.read(TUNED_MAIN) or ""
    # By default TuneD applies sysctl.d once more behind its own values, and then it is no rival.
    if not profiles or not re.search(r"(?im)^\s*reapply_sysctl\s*=\s*(0|no|false|off)\s*$", main):
        return []
    found = []
    for name in profiles:
        for key, value, source in _tuned_profile(host, name, 0):
            found.append({"key": key, "value": value, "source": source, "by": "TuneD profile %s" % name})
    return found


def _tuned_profile(host: Host, name: str, depth: int) -> List[Tuple[str, str, str]]:
    if depth > 10 or not re.match(r"^[\w.-]+$", name):
        return []
    for folder in TUNED_PROFILES:
        path = "%s/%s/tuned.conf" % (folder, name)
        text = host.read(path)
        if text is not None:
            break
    else:
        return []
    section, own, included = "", [], []
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"^\s*\[(.+)\]\s*$", line)
        pair = re.match(r"^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$", line)
        if head:
            section = head.group(1)
        elif pair and section == "main" and pair.group(1) == "include":
            for parent in re.split(r"[,;]", pair.group(2)):
                included.extend(_tuned_profile(host, parent.strip(), depth + 1))
        elif pair and section.startswith("sysctl"):
            key = _sysctl.normalize_key(pair.group(1))
            own.append((key, pair.group(2), "%s:%d" % (path, number)))
    return included + own


def _kdump_tools(host: Host) -> List[Dict[str, str]]:
    match = re.search(r"(?m)^[^#\n]*-w\s+[\"']?kernel\.panic_on_oops=1", host.read(KDUMP_CONFIG) or "")
    enabled = re.search(r"(?m)^\s*USE_KDUMP=['\"]?1", host.read(KDUMP_DEFAULTS) or "")
    if not (match and enabled):
        return []
    by = "kdump-config load, which kdump-tools runs at every boot"
    return [{"key": "kernel.panic_on_oops", "value": "1", "source": KDUMP_CONFIG, "by": by}]


def kdump_in_use(host: Host) -> bool:
    """Whether something on this host needs kexec_load: a crash kernel is loaded, reserved or installed."""
    reserved = _cmdline.effective(host.read("/proc/cmdline") or "", "crashkernel") is not None
    return reserved or host.exists(KDUMP_CONFIG) or host.exists("/etc/kdump.conf")


def contradictions(line: str, wanted: Dict[str, str]) -> List[str]:
    """The arguments of a command line that work against the wanted sysctls."""
    found = []
    for token in _cmdline.tokens(line):
        name, _sep, value = token.strip('"').partition("=")
        key = ALIASES.get(name, name[len("sysctl.") :].replace("/", ".") if name.startswith("sysctl.") else "")
        opposed = key in wanted and not _sysctl.same(value, wanted[key])
        fatal_oops = token == "oops=panic" and wanted.get("kernel.panic_on_oops") == "0"
        blinds = any(wanted.get(blind) not in (None, "0") for blind in BLINDING.get(token, ()))
        if opposed or fatal_oops or blinds:
            found.append(token)
    return found
