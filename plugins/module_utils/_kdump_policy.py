# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role kdump: which values it accepts, and what they mean on a host."""

import re
from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_backends, _kdump_sizing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

NUMBERS: Dict[str, Tuple[int, int]] = {
    "kdump_memory_minimum": (256, 1048576),
    "kdump_dump_level": (0, 31),
    "kdump_keep": (1, 1000),
    "kdump_space_percent": (1, 100),
    "kdump_capture_panic": (1, 3600),
    "kdump_capture_timeout": (0, 86400),
    "kdump_reboot_timeout": (30, 86400),
    "kdump_drill_max_age": (0, 3650),
    "kdump_drill_timeout": (60, 86400),
}
# What these become in files that a shell or a tool of the distribution reads as more than text.
PATH = re.compile(r"^/(?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+\Z")
# The directory becomes mode 0700, and old dumps in it are removed: it must belong to dumps alone.
NOT_OURS = re.compile(
    r"^/(?:(?:etc|usr|bin|sbin|lib\w*|boot|dev|proc|sys|run|root)(?:/.*)?"
    r"|(?:home|tmp|var|srv|opt|mnt|media|data)|var/(?:tmp|log|lib|cache|spool|run|backups|mail|opt))\Z"
)
SSH = re.compile(r"^[a-z_][a-z0-9_-]*@[A-Za-z0-9][A-Za-z0-9._-]*\Z")
NFS = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*:/[A-Za-z0-9_./-]*\Z")
KNOWN_HOST = re.compile(r"^[^\s#@][^\s]* (?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\n]*)?\Z")
# What the modules get of the policy, by the names of their options.
OPTIONS = (
    "directory",
    "dump_level",
    "compression",
    "keep",
    "space_percent",
    "target",
    "ssh",
    "ssh_key",
    "ssh_known_hosts",
    "nfs",
    "failure_action",
    "capture_panic",
    "capture_timeout",
)


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_numbers(policy, NUMBERS)
    crashkernel = policy["kdump_crashkernel"]
    if crashkernel != "auto" and not _kdump_sizing.valid(crashkernel):
        raise PolicyError(
            "kdump_crashkernel: '%s' is neither 'auto' nor memory for the kernel's crashkernel=, e.g. 256M or "
            "2G-64G:256M,64G-:512M" % crashkernel
        )
    check_options(options(policy), "kdump_")


def options(policy: Dict[str, Any]) -> Dict[str, Any]:
    """The options of the module kdump_config that the policy means."""
    return dict((name, policy["kdump_" + name]) for name in OPTIONS)


def check_options(given: Dict[str, Any], prefix: str = "") -> None:
    """Refuse numbers out of range, and texts that would become more than text in a file or a command; raises PolicyError."""
    check_numbers(given, dict((name[len("kdump_") :], limits) for name, limits in NUMBERS.items()), prefix)
    for name in ("directory", "ssh_key"):
        value = given[name]
        if not PATH.match(value) or set(value.split("/")) & {".", ".."}:
            raise PolicyError("%s%s: '%s' is not an absolute path" % (prefix, name, value))
    if NOT_OURS.match(given["directory"]):
        raise PolicyError("%sdirectory: '%s' is not a directory for dumps alone" % (prefix, given["directory"]))
    if given["target"] == "ssh":
        if not SSH.match(given["ssh"]):
            raise PolicyError("%sssh: '%s' is not user@host, which the target ssh needs" % (prefix, given["ssh"]))
        if not given.get("ssh_known_hosts", ["not asked for"]):
            raise PolicyError(
                "%sssh_known_hosts: is empty; the capture kernel cannot ask anybody whether a host key is right, "
                "so give the lines that 'ssh-keyscan' prints for the host in %sssh" % (prefix, prefix)
            )
    for line in given.get("ssh_known_hosts", []):
        if not KNOWN_HOST.match(line):
            raise PolicyError("%sssh_known_hosts: '%s' is not a line of known_hosts" % (prefix, line))
    if given["target"] == "nfs" and not NFS.match(given["nfs"]):
        raise PolicyError("%snfs: '%s' is not host:/export, which the target nfs needs" % (prefix, given["nfs"]))


def why_not(policy: Dict[str, Any], state: Dict[str, Any]) -> str:
    """Why this host gets no kdump, or an empty text."""
    machine = state["virtualization"]
    if machine["kind"] == "container":
        return "a container (%s) has no kernel of its own; set up its host" % machine["name"]
    if not state["backend"]:
        return "%s: this role knows kdump-tools (Debian, Ubuntu) and kdump-utils (RHEL family) only" % state["system"]
    if not state["supported"]:
        return "the running kernel has no kexec for crash kernels (CONFIG_CRASH_DUMP)"
    have, least = state["memory"] // _kdump_sizing.MIB, policy["kdump_memory_minimum"]
    if have < least:
        return "%d MiB of memory are too little for kdump; it begins at %d (kdump_memory_minimum)" % (have, least)
    if not _crashkernel(policy, state):
        text = "nobody has published a size of crash memory for %s on %s; set kdump_crashkernel"
        return text % (state["system"], state["architecture"])
    if not _kdump_sizing.reserved(_crashkernel(policy, state), state["memory"]):
        return "crashkernel=%s reserves nothing on %d MiB of memory" % (_crashkernel(policy, state), have)
    return ""


def _crashkernel(policy: Dict[str, Any], state: Dict[str, Any]) -> str:
    if policy["kdump_crashkernel"] != "auto":
        return str(policy["kdump_crashkernel"])
    return _kdump_sizing.table(state["family"], state["major"], state["architecture"]) or ""


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host.

    C(applicable) with C(reason), C(crashkernel) and its C(bytes), C(install) (packages that are missing) and with what
    (C(package_manager)), and C(reboot_required): the crash memory is not that of this boot.
    """
    reason = why_not(policy, state)
    if reason:
        return {
            "applicable": False,
            "reason": reason,
            "crashkernel": "",
            "bytes": 0,
            "install": [],
            "package_manager": "",
            "reboot_required": False,
        }
    crashkernel = _crashkernel(policy, state)
    backend = _kdump_backends.BACKENDS[state["backend"]]
    return {
        "applicable": True,
        "reason": "",
        "crashkernel": crashkernel,
        "bytes": _kdump_sizing.reserved(crashkernel, state["memory"]),
        "install": missing(state),
        "package_manager": backend.PACKAGE_MANAGER,
        "reboot_required": not reserved_as_wanted(state, crashkernel),
    }


def missing(state: Dict[str, Any]) -> List[str]:
    """The packages that are not there."""
    return sorted(name for name, there in state["packages"].items() if not there)


def reserved_as_wanted(state: Dict[str, Any], crashkernel: str) -> bool:
    """Whether this boot began with the crash memory that is wanted."""
    return state["reserved"] > 0 and state["running_crashkernel"] == [crashkernel]
