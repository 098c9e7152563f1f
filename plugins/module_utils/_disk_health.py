# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of that which a disk says of itself (C(_disk_report)) is worth an alarm. Pure: the host's program and the audit use it alike."""

import re
from typing import Any, Dict, List, NamedTuple

# Bits of smartctl's exit status.
NOT_READ, FAILING, BELOW_THRESHOLD = 0x03, 0x08, 0x10
NVME_WARNINGS = (
    (0x01, "too few spare blocks are left"),
    (0x04, "it is no longer reliable"),
    (0x08, "it is read-only"),
    (0x10, "its backup of volatile memory failed"),
    (0x20, "its persistent memory region is unreliable"),
)
# It says so before it fails, and comes and goes with the load: heat, no failure.
NVME_HOT = 0x02
# An alarm for a temperature ends only so many degrees below the limit, so that it does not flicker.
HYSTERESIS = 3
# What the numbers of ATA attributes usually mean. Some makers count something else under them, which smartctl's database knows by name.
MEANINGS = {"5": "Reallocat|Retired|Bad_B", "187": "Uncorr", "197": "Pending_Sector", "198": "Uncorr|UNC"}
UNKNOWN_BRIDGE = "Unknown USB bridge"


class Problem(NamedTuple):
    """One thing that is wrong with a disk: C(what) is the part of an alarm's key."""

    what: str
    severity: str
    summary: str


def problems(found: Dict[str, Any], limits: Dict[str, Any], before: List[str]) -> List[Problem]:
    """What is wrong with a disk; C(before) names what was wrong the last time (for the hysteresis of temperatures)."""
    if found["exit_status"] & NOT_READ and found["passed"] is None:
        if any(UNKNOWN_BRIDGE in text for text in found["messages"]):
            # Nobody can ever ask it, which is no news of the disk.
            return []
        return [
            Problem("access", "warning", "the disk cannot be asked: %s" % ("; ".join(found["messages"]) or "no answer"))
        ]
    wrong = _failing(found)
    bad = [
        _counted(number, item)
        for number, item in sorted(found["attributes"].items())
        if _too_many(number, item, limits)
    ]
    if found["nvme"].get("media_errors", 0) > limits["media_errors"]:
        bad.append("%d media errors" % found["nvme"]["media_errors"])
    if found["uncorrected"] > limits["media_errors"]:
        bad.append("%d uncorrected errors" % found["uncorrected"])
    if bad:
        wrong.append(Problem("sectors", "warning", "the disk loses data: " + ", ".join(bad)))
    if found["nvme"].get("percentage_used", 0) >= limits["percentage_used"]:
        wrong.append(Problem("worn", "warning", "%d %% of its life are used" % found["nvme"]["percentage_used"]))
    if found["self_test"]:
        wrong.append(Problem("self_test", "critical", "its self-test failed: " + found["self_test"]))
    return wrong + temperature(found, limits, "temperature" in before)


def _too_many(number: str, item: Dict[str, Any], limits: Dict[str, Any]) -> bool:
    meant = re.search(MEANINGS.get(number, ""), item["name"])
    return bool(meant) and number in limits["attributes"] and item["raw"] > limits["attributes"][number]


def _counted(number: str, item: Dict[str, Any]) -> str:
    return "%s (%s) %d" % (item["name"] or "attribute", number, item["raw"])


def _failing(found: Dict[str, Any]) -> List[Problem]:
    warning = int(found["nvme"].get("critical_warning", 0)) & ~NVME_HOT
    said = [words for bit, words in NVME_WARNINGS if warning & bit]
    said += [
        "%s (%s) is below its threshold" % (item["name"], number)
        for number, item in sorted(found["attributes"].items())
        if item["when_failed"] == "now"
    ]
    failing = found["passed"] is False or found["exit_status"] & (FAILING | BELOW_THRESHOLD)
    if "critical_warning" in found["nvme"]:
        # To smartctl a disk that is hot has failed.
        failing = warning
    if failing:
        return [
            Problem("health", "critical", "the disk says that it is failing" + (": " + ", ".join(said) if said else ""))
        ]
    return []


def temperature(found: Dict[str, Any], limits: Dict[str, Any], hot_before: bool) -> List[Problem]:
    """Whether the disk is too hot, by the limits or by its own word."""
    degrees = found["temperature"]
    shown = "" if degrees is None else "%d degrees Celsius, " % degrees
    high, critical = limits["temperature"]["nvme" if found["protocol"] == "NVMe" else "disk"]
    if degrees is not None and degrees >= critical:
        return [Problem("temperature", "critical", "%sthe limit is %d" % (shown, critical))]
    if degrees is not None and degrees >= high - (HYSTERESIS if hot_before else 0):
        return [Problem("temperature", "warning", "%sthe limit is %d" % (shown, high))]
    if int(found["nvme"].get("critical_warning", 0)) & NVME_HOT:
        return [Problem("temperature", "warning", shown + "the disk says that it is too hot or too cold")]
    return []
