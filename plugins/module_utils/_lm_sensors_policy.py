# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role lm_sensors: which values it accepts, and what they mean on a host."""

import re
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

NUMBERS = {
    "lm_sensors_interval": (10, 86400),
    "lm_sensors_temperature_high": (20, 124),
    "lm_sensors_temperature_critical": (20, 124),
}
PACKAGES = {"debian": "lm-sensors", "ubuntu": "lm-sensors", "redhat": "lm_sensors"}
MODULE = re.compile(r"^[A-Za-z0-9_-]+\Z")
PROCESSORS = {"GenuineIntel": "coretemp", "AuthenticAMD": "k10temp", "HygonGenuine": "k10temp"}


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_numbers(policy, NUMBERS)
    if policy["lm_sensors_temperature_high"] >= policy["lm_sensors_temperature_critical"]:
        raise PolicyError("lm_sensors_temperature_high: is not below lm_sensors_temperature_critical")
    for module in policy["lm_sensors_modules"]:
        if not MODULE.match(module):
            raise PolicyError("lm_sensors_modules: '%s' is not the name of a kernel module" % module)
    for pattern, limits in policy["lm_sensors_limits"].items():
        where = "lm_sensors_limits['%s']" % pattern
        if not isinstance(limits, dict) or not limits or set(limits) - {"high", "critical"}:
            raise PolicyError("%s: must be a dictionary with high, critical or both" % where)
        if not all(re.match(r"^\d{1,3}\Z", str(value)) for value in limits.values()):
            raise PolicyError("%s: the limits must be whole degrees Celsius" % where)
        if int(limits.get("high", 0)) >= int(limits.get("critical", 1000)):
            raise PolicyError("%s: high is not below critical" % where)


def settings(policy: Dict[str, Any]) -> Dict[str, Any]:
    """What the host's program needs to know of the policy."""
    limits = policy["lm_sensors_limits"]
    return {
        "usual": {"high": policy["lm_sensors_temperature_high"], "critical": policy["lm_sensors_temperature_critical"]},
        "limits": dict((name, dict((k, int(v)) for k, v in item.items())) for name, item in limits.items()),
        "ignore": policy["lm_sensors_ignore"],
    }


def modules(policy: Dict[str, Any], state: Dict[str, Any]) -> List[str]:
    """The modules to be loaded: the processor's own, on metal, and those that the operator names."""
    own = PROCESSORS.get(state["processor"], "")
    auto = [own] if own and state["virtualization"]["kind"] != "vm" and own in state["available"] else []
    return sorted(set(auto) | set(policy["lm_sensors_modules"]))


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host: C(applicable) or the C(reason) why not, what to C(install), the C(modules)."""
    wanted = [] if _hardware_host.contained(state) else modules(policy, state)
    reason = _why_not(state, wanted)
    return {
        "applicable": not reason,
        "reason": reason,
        "modules": [] if reason else wanted,
        "install": [] if reason or state["installed"] else [PACKAGES[state["family"]]],
        "package_manager": "" if reason else _hardware_host.MANAGERS[state["family"]],
    }


def _why_not(state: Dict[str, Any], wanted: List[str]) -> str:
    reason = _hardware_host.why_not(state, packages=True)
    if reason:
        return reason
    if not state["readings"] and not wanted:
        return "there is no sensor that a driver shows; lm_sensors_modules can name drivers to be loaded"
    return ""
