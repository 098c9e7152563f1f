# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role crash_evidence: which values it accepts, and what they mean on a host."""

import re
from typing import Any, Dict, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _cmdline,
    _crash_evidence_ramoops,
    _systemd,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

PREFIX = "crash_evidence_"
NUMBERS = {
    "journal_sync": (1, 3600),
    "pstore_days": (0, 36500),
    "pstore_kib": (0, 1024),
    "console_loglevel": (0, 8),
    "space_minimum": (1, 1048576),
}
SIZE = re.compile(r"^[1-9]\d{0,5}[MG]\Z")
LEAST_JOURNAL = 64 << 20
CONSOLE = re.compile(r"^[A-Za-z][A-Za-z0-9]*(?:,[A-Za-z0-9,]+)?\Z")
ADDRESS = r"[0-9A-Fa-f.:]"
NETCONSOLE = re.compile(
    r"^\+?r?(?:\d{1,5})?@%s{0,45}/[A-Za-z0-9][\w.-]{0,14},(?:\d{1,5})?@%s{2,45}/(?:(?:[0-9a-f]{2}:){5}[0-9a-f]{2})?\Z"
    % (ADDRESS, ADDRESS)
)
# Bits of kernel.panic_print, and names of kernel.panic_sys_info in the order in which the kernel shows them.
PANIC_INFO = {"tasks": 1, "mem": 2, "timers": 4, "locks": 8, "ftrace": 16, "all_bt": 64, "blocked_tasks": 128}
PANIC_KEYS = ("kernel.panic_sys_info", "kernel.panic_print")
PRINTK = "kernel.printk"
# What the module crash_evidence_config gets of the policy, by the names of its options.
OPTIONS = ("journal", "journal_size", "journal_sync", "pstore_days", "post_notifiers", "netconsole")


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_options(options(policy), PREFIX)
    check_numbers(dict((name, policy[PREFIX + name]) for name in NUMBERS), NUMBERS, PREFIX)
    ramoops = policy["crash_evidence_ramoops"]
    if ramoops and not _crash_evidence_ramoops.valid(ramoops):
        raise PolicyError(
            "crash_evidence_ramoops: '%s' is neither ADDRESS,SIZE such as 0x3ff00000,1M (a power of two, from 256K) nor the "
            "label of a reserve_mem=" % ramoops
        )
    if ramoops and policy["crash_evidence_efi_pstore"]:
        raise PolicyError(
            "crash_evidence_ramoops: pstore has one place at a time; set crash_evidence_efi_pstore to false"
        )
    consoles = policy["crash_evidence_consoles"]
    for console in consoles:
        if not CONSOLE.match(console):
            raise PolicyError("crash_evidence_consoles: '%s' is no console such as tty0 or ttyS0,115200n8" % console)
    if len(set(consoles)) < len(consoles):
        raise PolicyError("crash_evidence_consoles: names a console twice")
    _check_panic_info(policy)


def _check_panic_info(policy: Dict[str, Any]) -> None:
    for name in policy["crash_evidence_panic_info"]:
        if name not in PANIC_INFO:
            known = ", ".join(PANIC_INFO)
            raise PolicyError("crash_evidence_panic_info: '%s' is nothing the kernel knows; known: %s" % (name, known))
    other = dict(policy.get("panic_sysctl_profiles", {}).get(policy.get("panic_hardening_profile"), {}))
    other.update(policy.get("panic_sysctl_overrides", {}))
    if policy["crash_evidence_panic_info"] and other.get("kernel.panic_print") is not None:
        raise PolicyError(
            "crash_evidence_panic_info: panic_sysctl_overrides or the profile sets kernel.panic_print too; leave one of them out"
        )


def options(policy: Dict[str, Any]) -> Dict[str, Any]:
    """The options of the module crash_evidence_config that the policy means."""
    found = dict((name, policy[PREFIX + name]) for name in OPTIONS)
    return dict(found, ramoops=bool(policy["crash_evidence_ramoops"]))


def check_options(given: Dict[str, Any], prefix: str = "") -> None:
    """Refuse numbers out of range, and texts that would become more than text in a file; raises PolicyError."""
    check_numbers(given, NUMBERS, prefix)
    size = given["journal_size"]
    if size != "auto" and not (SIZE.match(size) and (_systemd.size(size) or 0) >= LEAST_JOURNAL):
        raise PolicyError(
            "%sjournal_size: '%s' is neither 'auto' nor a size from 64M, e.g. 512M or 2G" % (prefix, size)
        )
    if given["netconsole"] and not NETCONSOLE.match(given["netconsole"]):
        raise PolicyError(
            "%snetconsole: '%s' is not PORT@ADDRESS/INTERFACE,PORT@ADDRESS/MAC, e.g. "
            "6665@192.0.2.10/eth0,6666@192.0.2.20/52:54:00:12:34:56" % (prefix, given["netconsole"])
        )


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host.

    C(applicable) with C(reason), C(sysctls), C(cmdline), C(ramoops_refused) (why ramoops is not given its memory),
    C(record_refused) (why records of pstore stay as large as they are), and
    C(reboot_required): the running kernel was started without some of the arguments.
    """
    wanted: Dict[str, Any] = dict(
        applicable=True, reason="", sysctls={}, cmdline={}, ramoops_refused="", record_refused="", reboot_required=False
    )
    machine = state["virtualization"]
    if machine["kind"] == "container":
        reason = "a container (%s) has no kernel of its own; set up its host" % machine["name"]
        return dict(wanted, applicable=False, reason=reason)
    ramoops = policy["crash_evidence_ramoops"]
    wanted["ramoops_refused"] = _crash_evidence_ramoops.why_not(ramoops, state) if ramoops else ""
    wanted["sysctls"] = _sysctls(policy, state)
    wanted["record_refused"] = _no_record(policy, state["pstore"])
    wanted["cmdline"] = _arguments(
        policy, bool(ramoops and not wanted["ramoops_refused"]), not wanted["record_refused"]
    )
    settable = bool(state["boot"] and state["boot"]["supported"])
    wanted["reboot_required"] = settable and not _cmdline.has(state["running"], wanted["cmdline"])
    return wanted


def _sysctls(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, str]:
    found: Dict[str, str] = {}
    if policy["crash_evidence_console_loglevel"]:
        # The other three numbers of the key are not ours.
        live = (state["sysctls"][PRINTK]["live"] or "4 4 1 7").split()
        found[PRINTK] = " ".join([str(policy["crash_evidence_console_loglevel"])] + live[1:])
    asked = [name for name in PANIC_INFO if name in policy["crash_evidence_panic_info"]]
    if asked and state["sysctls"][PANIC_KEYS[0]]["live"] is not None:
        found[PANIC_KEYS[0]] = ",".join(asked)
    elif asked:
        found[PANIC_KEYS[1]] = str(sum(PANIC_INFO[name] for name in asked))
    return found


def _no_record(policy: Dict[str, Any], pstore: Optional[Dict[str, Any]]) -> str:
    # Before Linux 6.2 it is an option of the mount; the argument is taken there, and does nothing.
    if policy["crash_evidence_pstore_kib"] and pstore and pstore["supported"] and not pstore["kmsg_bytes"]:
        return "crash_evidence_pstore_kib: the running kernel does not know pstore.kmsg_bytes; Linux 6.2 and newer do"
    return ""


def _arguments(policy: Dict[str, Any], ramoops: bool, record: bool) -> _cmdline.Arguments:
    found: _cmdline.Arguments = {}
    if policy["crash_evidence_consoles"]:
        found["console"] = list(policy["crash_evidence_consoles"])
    if policy["crash_evidence_pstore_kib"] and record:
        found["pstore.kmsg_bytes"] = str(policy["crash_evidence_pstore_kib"] * 1024)
    if policy["crash_evidence_efi_pstore"]:
        found["efi_pstore.pstore_disable"] = "0"
    if ramoops:
        found.update(_crash_evidence_ramoops.arguments(policy["crash_evidence_ramoops"]))
    return found
