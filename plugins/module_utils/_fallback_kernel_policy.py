# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of the role fallback_kernel: what it may say, and what it means on a host."""

import re
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_keep, _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

# Smallest and largest values that make sense.
NUMBERS = {
    "retain": (1, 20),
    "trial_max_age": (1, 365),
    "ssh_port": (1, 65535),
    "healthy_minutes": (0, 1440),
    "boot_timeout": (60, 86400),
    "menu_timeout": (1, 300),
}
OPTIONS = (
    "retain",
    "ssh_port",
    "healthy_minutes",
    "boot_timeout",
    "scripts",
    "reboot_unconfirmed",
    "arm_at_reboot",
    "menu_timeout",
    "menu_serial",
)
RETENTION_ONLY = "retention only"
KEPT_ONLY = "boot method: %s; kernels are kept, and none is tried"
# Nothing that systemd or a command line would read as more than a path.
FOLDER = re.compile(r"^(/[A-Za-z0-9_.-]+)+\Z")


def options(policy: Dict[str, Any]) -> Dict[str, Any]:
    """The options of the module fallback_kernel_config that the policy means."""
    return dict((name, policy["fallback_kernel_" + name]) for name in OPTIONS)


def validate(policy: Dict[str, Any]) -> None:
    """Refuse what the role would refuse; raises PolicyError that begins with the variable."""
    check_options(dict(options(policy), trial_max_age=policy["fallback_kernel_trial_max_age"]), "fallback_kernel_")


def check_options(given: Dict[str, Any], prefix: str = "") -> None:
    """Refuse numbers out of range, and a path that would become more than a path; raises PolicyError."""
    check_numbers(given, NUMBERS, prefix)
    if given["boot_timeout"] <= given["healthy_minutes"] * 60:
        raise PolicyError(
            "%sboot_timeout: %s seconds end before a kernel can be confirmed after %shealthy_minutes, %s"
            % (prefix, given["boot_timeout"], prefix, given["healthy_minutes"])
        )
    path = str(given["scripts"])
    if not FOLDER.match(path) or set(path.split("/")) & {".", ".."}:
        raise PolicyError("%sscripts: '%s' is not an absolute path" % (prefix, path))


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host.

    C(applicable), C(mode) (whether new kernels can be tried) with the C(reason) where they cannot at all, C(cmdline) (what
    its initrds need to restart), and C(purge), the packages of kernels that may go.
    """
    reason = why_not(state)
    boot = state.get("boot")
    return {
        "applicable": not reason,
        "reason": reason or (KEPT_ONLY % boot["method"] if boot and not boot["supported"] else ""),
        "mode": "none" if reason else _mode(boot),
        "cmdline": {} if reason or not boot else boot.get("needed", {}),
        "purge": [] if reason or not boot else _purge(policy, state),
    }


def _mode(boot: Optional[Dict[str, Any]]) -> str:
    if boot and not boot["supported"]:
        return RETENTION_ONLY
    return "trial" if boot and boot["environment"]["writable"] else "confirm by hand"


def why_not(state: Dict[str, Any]) -> str:
    """Why this host cannot have a kernel to fall back to, or an empty text."""
    if state["virtualization"]["kind"] == "container":
        return "a container does not boot a kernel"
    boot = state["boot"]
    if boot and not boot["supported"] and not state["elsewhere"]:
        return "boot method: %s; choose kernels by its own means" % boot["method"]
    return ""


def _purge(policy: Dict[str, Any], state: Dict[str, Any]) -> List[str]:
    gone = _fallback_kernel_keep.purgeable(kernels(state), kept(policy, state))
    return [name for release in gone for name in state["packages"].get(release, [])]


def kept(policy: Dict[str, Any], state: Dict[str, Any]) -> List[str]:
    """The releases that must stay, newest first."""
    boot, retain = state["boot"], int(policy["fallback_kernel_retain"])
    return _fallback_kernel_keep.keep(
        kernels(state), state["running"], boot.get("known_good", ""), retain, state["pinned"], boot.get("failed", [])
    )


def kernels(state: Dict[str, Any]) -> List[_kernels.Kernel]:
    """The kernels of a state as they were found."""
    return [_kernels.Kernel(*(kernel[name] for name in _kernels.Kernel._fields)) for kernel in state["kernels"]]
