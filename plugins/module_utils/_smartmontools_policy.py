# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role smartmontools: which values it accepts, and what they mean on a host."""

import re
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError, check_numbers

NUMBERS = {
    "smartmontools_interval": (60, 86400),
    "smartmontools_short_test_hour": (-1, 23),
    "smartmontools_long_test_day": (0, 7),
    "smartmontools_long_test_hour": (0, 23),
    "smartmontools_stagger_hours": (0, 22),
    "smartmontools_temperature_high": (20, 120),
    "smartmontools_temperature_critical": (20, 120),
    "smartmontools_nvme_temperature_high": (20, 120),
    "smartmontools_nvme_temperature_critical": (20, 120),
    "smartmontools_error_limit": (0, 1000000),
    "smartmontools_wear_limit": (1, 255),
    "smartmontools_result_max_age": (1, 8760),
}
DEVICE = re.compile(r"^/dev/[A-Za-z0-9/_:.-]+\Z")
# As smartctl -d takes it: a name, numbers, and how they are put together.
TYPE = re.compile(r"^[a-z0-9_]+(?:[,+/][A-Za-z0-9_]+)*\Z")


def validate(policy: Dict[str, Any]) -> None:
    """Refuse a policy that this role could not apply; raises PolicyError that begins with the variable."""
    check_numbers(policy, NUMBERS)
    for prefix in ("smartmontools_", "smartmontools_nvme_"):
        if policy[prefix + "temperature_high"] >= policy[prefix + "temperature_critical"]:
            text = "%stemperature_high: %d is not below %stemperature_critical (%d)"
            pair = (policy[prefix + "temperature_high"], prefix, policy[prefix + "temperature_critical"])
            raise PolicyError(text % ((prefix,) + pair))
    for item in policy["smartmontools_devices"]:
        _check_device(item)
    for number, limit in policy["smartmontools_attribute_limits"].items():
        if not re.match(r"^[1-9]\d{0,2}\Z", str(number)) or not re.match(r"^\d+\Z", str(limit)):
            text = "smartmontools_attribute_limits: '%s: %s' is not the number of an attribute and its highest good raw value"
            raise PolicyError(text % (number, limit))


def _check_device(item: Any) -> None:
    name = "smartmontools_devices"
    if not isinstance(item, dict) or set(item) - {"device", "type"} or "device" not in item:
        raise PolicyError("%s: each is {device: /dev/sda, type: 'megaraid,0'}, where type may be left out" % name)
    if not DEVICE.match(str(item["device"])):
        raise PolicyError("%s: '%s' is not a device such as /dev/sda" % (name, item["device"]))
    if item.get("type") and not TYPE.match(str(item["type"])):
        raise PolicyError("%s: '%s' is not a type as smartctl -d takes it, e.g. megaraid,0" % (name, item["type"]))


def limits(policy: Dict[str, Any]) -> Dict[str, Any]:
    """What the host's program needs to know of the policy."""
    return {
        "attributes": dict((str(k), int(v)) for k, v in policy["smartmontools_attribute_limits"].items()),
        "media_errors": policy["smartmontools_error_limit"],
        "percentage_used": policy["smartmontools_wear_limit"],
        "temperature": {
            "disk": [policy["smartmontools_temperature_high"], policy["smartmontools_temperature_critical"]],
            "nvme": [policy["smartmontools_nvme_temperature_high"], policy["smartmontools_nvme_temperature_critical"]],
        },
    }


def resolve(policy: Dict[str, Any], state: Dict[str, Any]) -> Dict[str, Any]:
    """What the policy means on this host: C(applicable) or the C(reason) why not, and what to C(install)."""
    reason = _why_not(policy, state)
    return {
        "applicable": not reason,
        "reason": reason,
        "install": [] if reason or state["installed"] else ["smartmontools"],
        "package_manager": "" if reason else _hardware_host.MANAGERS[state["family"]],
        "nvme_self_tests": "" if reason else _nvme_self_tests(state),
    }


def _why_not(policy: Dict[str, Any], state: Dict[str, Any]) -> str:
    reason = _hardware_host.why_not(state, packages=True)
    if reason:
        return reason
    machine = state["virtualization"]
    if machine["kind"] == "vm" and not policy["smartmontools_virtual"]:
        text = "the disks of a virtual machine (%s) are for its host to watch; smartmontools_virtual watches those that are passed through"
        return text % machine["name"]
    # The last disk of a host may be the one that died.
    known = state["disks"] or any(item.get("built_in") for item in (state["results"] or {}).values())
    if not policy["smartmontools_devices"] and not (policy["smartmontools_scan"] and known):
        return "there is no disk that could be asked; name those behind a controller in smartmontools_devices"
    return ""


def smartd_alone(version: List[int]) -> bool:
    """Whether smartctl is too old to answer the timer, in JSON; one that is not installed yet is not."""
    return [0, 0] < version < [7, 0]


def _nvme_self_tests(state: Dict[str, Any]) -> str:
    """Who begins self-tests of NVMe disks: C(smartd), C(timer), or C(none)."""
    if state["version"] >= [7, 5]:
        return "smartd"
    return "timer" if state["version"] >= [7, 4] else "none"


def tests(policy: Dict[str, Any]) -> Dict[str, Dict[str, int]]:
    """The self-tests that the policy asks for, each with its hour and its day, 0 for any."""
    found = {}
    if policy["smartmontools_short_test_hour"] >= 0:
        found["short"] = {"day": 0, "hour": policy["smartmontools_short_test_hour"]}
    if policy["smartmontools_long_test_day"]:
        found["long"] = {"day": policy["smartmontools_long_test_day"], "hour": policy["smartmontools_long_test_hour"]}
    return found


def schedule(policy: Dict[str, Any], version: List[int]) -> str:
    """The regular expression of smartd's -s; empty for no self-tests."""
    stagger = policy["smartmontools_stagger_hours"]
    # Within a day, so that the test of the last disk does not meet that of the first one.
    suffix = ":%03d-022" % stagger if stagger and version >= [7, 3] else ""
    parts = [
        "%s/../../%s/%02d%s" % (kind[0].upper(), at["day"] or ".", at["hour"], suffix)
        for kind, at in sorted(tests(policy).items(), reverse=True)
    ]
    return "(%s)" % "|".join(parts) if parts else ""
