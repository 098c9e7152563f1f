# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a disk, and what only looks like it."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_health,
    _disk_report,
    _smartmontools_policy,
)
from unit.plugins.module_utils.fixture_disks import POLICY, ata, nvme, scsi

LIMITS = _smartmontools_policy.limits(POLICY)


def wrong(report: Dict[str, Any], *before: str) -> List[str]:
    return [
        "%s %s" % (p.what, p.severity) for p in _disk_health.problems(_disk_report.digest(report), LIMITS, list(before))
    ]


def test_what_is_healthy() -> None:
    for report in (ata(), ata(a5=10), nvme(), nvme(percentage_used=99, temperature=74), scsi(0)):
        assert wrong(report) == []


def test_what_is_not() -> None:
    assert wrong(nvme(critical_warning=1)) == ["health critical"]
    assert wrong(nvme(media_errors=1, percentage_used=101)) == ["sectors warning", "worn warning"]
    assert wrong(ata(a5=11)) == ["sectors warning"]
    assert wrong(nvme(temperature=75)) == ["temperature warning"]
    assert wrong(nvme(temperature=85)) == ["temperature critical"]
    assert wrong(nvme(temperature=73)) == []
    assert wrong(nvme(temperature=73), "temperature") == ["temperature warning"]
    failed = ata()
    failed["smart_status"]["passed"] = False
    failed["smartctl"]["exit_status"] = 8 | 16
    failed["ata_smart_attributes"]["table"][0]["when_failed"] = "now"
    (problem,) = _disk_health.problems(_disk_report.digest(failed), LIMITS, [])
    assert problem.summary == "the disk says that it is failing: Reallocated_Sector_Ct (5) is below its threshold"


def test_a_self_test() -> None:
    bad = ata()
    bad["ata_smart_self_test_log"]["standard"]["table"][0]["status"] = {
        "passed": False,
        "string": "Completed: read failure",
    }
    assert wrong(bad) == ["self_test critical"]
    for value, words in ((0, []), (2, []), (5, ["self_test critical"]), (7, ["self_test critical"]), (15, [])):
        report = nvme()
        report["nvme_self_test_log"] = {"table": [{"self_test_result": {"value": value, "string": "x"}}]}
        assert wrong(report) == words, value


def test_a_report_of_nothing_is_no_health() -> None:
    assert wrong({"smartctl": {"exit_status": 2}}) == ["access warning"]
    assert not _disk_report.digest({"smartctl": {"exit_status": 4}, "smart_support": {"available": False}})["supported"]


def test_a_disk_that_says_that_it_is_hot_is_hot_and_does_not_fail() -> None:
    for warning, before, words in (
        (2, [], ["temperature warning"]),
        (2, ["temperature"], ["temperature warning"]),
        (2 | 4, [], ["health critical", "temperature warning"]),
    ):
        assert wrong(nvme(critical_warning=warning), *before) == words
    assert wrong(nvme(critical_warning=2, temperature=90)) == ["temperature critical"]
    (problem,) = _disk_health.problems(_disk_report.digest(nvme(critical_warning=2)), LIMITS, [])
    assert problem.summary == "40 degrees Celsius, the disk says that it is too hot or too cold"
    silent = nvme(critical_warning=2)
    del silent["temperature"]
    assert wrong(silent) == ["temperature warning"]


def test_the_self_test_of_a_scsi_disk() -> None:
    for value, words in ((0, []), (1, []), (3, ["self_test critical"]), (7, ["self_test critical"]), (15, [])):
        result = {"value": value, "string": "Failed in segment"}
        assert wrong(dict(scsi(0), scsi_self_test_0={"result": result})) == words, value


def test_attributes_that_mean_something_else_to_their_maker_are_left_out() -> None:
    for number, name in ((197, "Current_Pending_ECC_Cnt"), (197, "Not_In_Use"), (198, "Host_Reads_GiB")):
        report = ata(**{"a%d" % number: 9})
        assert wrong(report) == ["sectors warning"]
        (row,) = [row for row in report["ata_smart_attributes"]["table"] if row["id"] == number]
        row["name"] = name
        assert wrong(report) == [], name
    # What the operator has added himself has no usual name.
    limits = dict(LIMITS, attributes={"190": 30})
    assert _disk_health.problems(_disk_report.digest(ata()), limits, [])


def test_a_usb_bridge_that_smartctl_does_not_know_is_no_problem_of_the_disk() -> None:
    message = "/dev/sdc: Unknown USB bridge [0x1234:0x5678 (0x100)]"
    report = {"smartctl": {"exit_status": 1, "messages": [{"string": message}]}}
    assert wrong(report) == []
    assert not _disk_report.digest(report)["supported"]
