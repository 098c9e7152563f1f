# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role watchdog: which values it accepts, and what they mean on a host."""

from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_host, _watchdog_devices
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._watchdog_files import DROP_IN

NUMBERS = {"watchdog_timeout": (10, 600), "watchdog_pretimeout": (0, 300)}


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_numbers(policy, NUMBERS)
    if policy["watchdog_pretimeout"] * 2 > policy["watchdog_timeout"]:
        # systemd feeds it after half of what is left.
        text = "watchdog_pretimeout: %d is more than half of watchdog_timeout (%d)"
        raise PolicyError(text % (policy["watchdog_pretimeout"], policy["watchdog_timeout"]))
    driver = policy["watchdog_driver"]
    if driver != "auto" and driver not in _watchdog_devices.KNOWN:
        raise PolicyError(
            "watchdog_driver: '%s' is not auto, nor one of %s" % (driver, ", ".join(_watchdog_devices.KNOWN))
        )


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host: C(applicable) or the C(reason) why not, the C(drivers), what is C(missing) and its C(remedy)."""
    drivers = _drivers(policy, state) if not _hardware_host.contained(state) else []
    reason = _why_not(state, drivers)
    missing, remedy = _in_the_way(policy, state, drivers) if not reason else ("", "")
    return {
        "applicable": not reason,
        "reason": reason,
        "drivers": drivers,
        "missing": missing,
        "remedy": remedy,
        "install": [],
        "other_file": _other_file(state),
    }


def _in_the_way(policy: Dict[str, Any], state: Dict[str, Any], drivers: List[str]) -> Tuple[str, str]:
    """Why systemd could not feed these drivers' watchdog, and what to do; empty texts where it can."""
    if policy["watchdog_driver"] in set(drivers) - set(state["available"]):
        missing = "watchdog_driver: the kernel %s has no driver %s" % (state["kernel"], drivers[0])
        return missing, "boot a kernel that has it, or set watchdog_driver"
    # systemd feeds one watchdog alone. Another one that software drives is an earlier choice, and gone at the next boot.
    first = [device["driver"] for device in state["devices"] if device["name"] == _watchdog_devices.FED]
    if set(first) <= {*drivers, _watchdog_devices.BUILT_IN, _watchdog_devices.SOFTWARE}:
        return "", ""
    missing = "watchdog_driver: systemd feeds /dev/%s, which %s drives, and not that of %s"
    remedy = "blacklist %s in /etc/modprobe.d and restart, or set watchdog_driver to it"
    return missing % (_watchdog_devices.FED, first[0], drivers[0]), remedy % first[0]


def _other_file(state: Dict[str, Any]) -> str:
    path = state.get("winner")
    return path if path and path != DROP_IN and path.rsplit("/", 1)[1] > DROP_IN.rsplit("/", 1)[1] else ""


def _drivers(policy: Dict[str, Any], state: Dict[str, Any]) -> List[str]:
    """The drivers to be tried, best first. Which of them runs plays no part, so that the order is the same after each boot."""
    if policy["watchdog_driver"] != "auto":
        return [policy["watchdog_driver"]]
    emulated = _watchdog_devices.EMULATED if state["virtualization"]["kind"] == "vm" else ()
    # What drives a watchdog without being asked for is known to work, but software resets nothing that hangs.
    running = [device["driver"] for device in state["devices"] if device["driver"] not in state["hardware"]]
    there = [driver for driver in state["hardware"] if driver in state["available"]]
    return [driver for driver in running + there if driver not in (_watchdog_devices.SOFTWARE, *emulated)]


def _why_not(state: Dict[str, Any], drivers: List[str]) -> str:
    machine = state["virtualization"]
    reason = _hardware_host.why_not(state, packages=False)
    if reason:
        return reason
    if state["feeder"]:
        return "%s feeds the watchdog; two must not" % state["feeder"]
    if drivers:
        return ""
    if state["hardware"] and machine["kind"] != "vm":
        text = "the hardware asks for %s, which the kernel %s does not have; boot another kernel"
        return text % (" or ".join(state["hardware"]), state["kernel"])
    where = "this virtual machine" if machine["kind"] == "vm" else "this machine"
    return "%s has no watchdog that is known; watchdog_driver can name one, softdog for one in software" % where
