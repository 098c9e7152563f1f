# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a disk says of itself (the JSON of smartctl), and what of it is worth an alarm. Pure: the host's program and the audit use it alike."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

# Bits of smartctl's exit status.
NOT_READ, FAILING, BELOW_THRESHOLD = 0x03, 0x08, 0x10
NVME_WARNINGS = (
    (0x01, "too few spare blocks are left"),
    (0x02, "it is too hot or too cold"),
    (0x04, "it is no longer reliable"),
    (0x08, "it is read-only"),
    (0x10, "its backup of volatile memory failed"),
    (0x20, "its persistent memory region is unreliable"),
)
# An alarm for a temperature ends only so many degrees below the limit, so that it does not flicker.
HYSTERESIS = 3
SELF_TEST_UNUSED = 15


class Problem(NamedTuple):
    """One thing that is wrong with a disk: C(what) is the part of an alarm's key."""

    what: str
    severity: str
    summary: str


def digest(report: Dict[str, Any]) -> Dict[str, Any]:
    """What is kept of a report of smartctl."""
    status = report.get("smart_status", {})
    log = report.get("nvme_smart_health_information_log", {})
    support = report.get("smart_support", {})
    return {
        "model": report.get("model_name") or report.get("scsi_model_name") or "",
        "serial": report.get("serial_number", ""),
        "protocol": report.get("device", {}).get("protocol", ""),
        "type": report.get("device", {}).get("type", ""),
        "exit_status": report.get("smartctl", {}).get("exit_status", 0),
        "messages": [str(m.get("string")) for m in report.get("smartctl", {}).get("messages", [])][:5],
        "supported": support.get("available", bool(status) or bool(log)),
        "passed": status.get("passed"),
        "temperature": report.get("temperature", {}).get("current"),
        "attributes": dict((str(row["id"]), _attribute(row)) for row in _rows(report) if row.get("id") is not None),
        "nvme": dict((name, log[name]) for name in NVME_KEPT if name in log),
        "uncorrected": _uncorrected(report),
        "self_test": _self_test(report),
    }


NVME_KEPT = ("critical_warning", "available_spare", "available_spare_threshold", "percentage_used", "media_errors")


def _rows(report: Dict[str, Any]) -> List[Dict[str, Any]]:
    rows: List[Dict[str, Any]] = report.get("ata_smart_attributes", {}).get("table", [])
    return rows


def _attribute(row: Dict[str, Any]) -> Dict[str, Any]:
    raw = row.get("raw", {})
    # Vendors pack more than one number into the raw value; its text begins with the one that counts.
    first = re.match(r"\d+", str(raw.get("string", "")))
    number = int(first.group(0)) if first else int(raw.get("value", 0))
    return {"name": row.get("name", ""), "raw": number, "when_failed": row.get("when_failed", "")}


def _uncorrected(report: Dict[str, Any]) -> int:
    log = report.get("scsi_error_counter_log", {})
    return sum(int(log.get(way, {}).get("total_uncorrected_errors", 0)) for way in ("read", "write", "verify"))


def _self_test(report: Dict[str, Any]) -> Optional[str]:
    """How the newest self-test ended: '' for well, words for a failure, None for no test."""
    for log in ("extended", "standard"):
        table = report.get("ata_smart_self_test_log", {}).get(log, {}).get("table", [])
        if table:
            status = table[0].get("status", {})
            return "" if status.get("passed", True) else str(status.get("string", "failed"))
    for row in report.get("nvme_self_test_log", {}).get("table", [])[:1]:
        result = row.get("self_test_result", {})
        if result.get("value") == SELF_TEST_UNUSED:
            return None
        # 1 to 4 and 8, 9: broken off by a command, a reset, a format, a sanitize: no word on the disk.
        return str(result.get("string", "failed")) if result.get("value") in (5, 6, 7) else ""
    return None


def problems(found: Dict[str, Any], limits: Dict[str, Any], before: List[str]) -> List[Problem]:
    """What is wrong with a disk; C(before) names what was wrong the last time (for the hysteresis of temperatures)."""
    if found["exit_status"] & NOT_READ and found["passed"] is None:
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
    return number in limits["attributes"] and item["raw"] > limits["attributes"][number]


def _counted(number: str, item: Dict[str, Any]) -> str:
    return "%s (%s) %d" % (item["name"] or "attribute", number, item["raw"])


def _failing(found: Dict[str, Any]) -> List[Problem]:
    said = []
    warning = int(found["nvme"].get("critical_warning", 0))
    said += [words for bit, words in NVME_WARNINGS if warning & bit]
    said += [
        "%s (%s) is below its threshold" % (item["name"], number)
        for number, item in sorted(found["attributes"].items())
        if item["when_failed"] == "now"
    ]
    if found["passed"] is False or found["exit_status"] & (FAILING | BELOW_THRESHOLD) or warning:
        return [
            Problem("health", "critical", "the disk says that it is failing" + (": " + ", ".join(said) if said else ""))
        ]
    return []


def temperature(found: Dict[str, Any], limits: Dict[str, Any], hot_before: bool) -> List[Problem]:
    """Whether the disk is too hot."""
    degrees = found["temperature"]
    high, critical = limits["temperature"]["nvme" if found["protocol"] == "NVMe" else "disk"]
    if degrees is None or degrees < high - (HYSTERESIS if hot_before else 0):
        return []
    severity = "critical" if degrees >= critical else "warning"
    return [
        Problem(
            "temperature",
            severity,
            "%d degrees Celsius, the limit is %d" % (degrees, critical if severity == "critical" else high),
        )
    ]
