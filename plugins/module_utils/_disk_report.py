# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a disk says of itself: what is kept of the JSON of smartctl. Pure."""

import re
from typing import Any, Dict, List, Optional, Tuple

NVME_KEPT = ("critical_warning", "available_spare", "available_spare_threshold", "percentage_used", "media_errors")
SELF_TEST_UNUSED = 15


def digest(report: Dict[str, Any]) -> Dict[str, Any]:
    """What is kept of a report."""
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
        return _words(result, (5, 6, 7))
    # Numbered from the newest on.
    scsi = report.get("scsi_self_test_0", {}).get("result")
    return _words(scsi, (3, 4, 5, 6, 7)) if scsi else None


def _words(result: Dict[str, Any], failures: Tuple[int, ...]) -> str:
    return str(result.get("string", "failed")) if result.get("value") in failures else ""
