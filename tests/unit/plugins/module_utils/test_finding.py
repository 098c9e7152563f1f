# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings, waivers and the verdict."""

from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _finding
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

CONTROL = "panic_sysctl.kernel.panic"
GOOD = {"reason": "vendor driver", "until": "2027-01-31"}


def made(status: str, control: str = CONTROL, category: str = "config") -> Dict[str, Any]:
    return _finding.finding(control, status, "10", "0", category=category, reason="why")


def waive(status: str, waivers: Dict[str, Any], today: str) -> Dict[str, Any]:
    findings: List[Dict[str, Any]] = _finding.apply_waivers([made(status)], _finding.parse_waivers(waivers), today)
    return findings[0]


def test_a_finding_has_every_documented_part() -> None:
    assert made("fail") == {
        "control": CONTROL,
        "role": "panic_sysctl",
        "category": "config",
        "status": "fail",
        "severity": "warning",
        "expected": "10",
        "observed": "0",
        "reason": "why",
        "remedy": "",
        "evidence": [],
    }


def test_a_status_of_no_known_name_is_a_bug() -> None:
    with pytest.raises(ValueError, match="unknown status passed"):
        made("passed")


@pytest.mark.parametrize(
    "pattern", [CONTROL, "panic_sysctl.*", "*", "panic_sysctl.kernel.panic*", "panic_sysctl.kernel.pani[c]"]
)
@pytest.mark.parametrize("status", ["fail", "unknown"])
def test_a_waiver_keeps_the_reason_and_adds_its_own(pattern: str, status: str) -> None:
    item = waive(status, {pattern: GOOD}, "2026-11-23")
    assert item["status"] == "waived"
    assert item["reason"] == "why; waived until 2027-01-31: vendor driver"


@pytest.mark.parametrize("status", ["pass", "not_applicable"])
def test_a_waiver_leaves_what_has_not_failed(status: str) -> None:
    assert waive(status, {"*": GOOD}, "2026-11-23") == made(status)


@pytest.mark.parametrize("pattern", ["panic_sysctl.kernel.panic_on_oops", "kdump.*", "panic_sysctl"])
def test_a_waiver_of_another_control_does_nothing(pattern: str) -> None:
    assert waive("fail", {pattern: GOOD}, "2026-11-23") == made("fail")


def test_the_last_day_counts_and_the_next_does_not() -> None:
    assert waive("fail", {CONTROL: GOOD}, "2027-01-31")["status"] == "waived"
    after = waive("fail", {CONTROL: GOOD}, "2027-02-01")
    assert after["status"] == "fail"
    assert after["reason"] == "why; the waiver '%s' ended on 2027-01-31" % CONTROL


def test_an_expired_pattern_does_not_undo_a_newer_exact_waiver() -> None:
    both = {"*": {"reason": "old", "until": "2026-01-01"}, CONTROL: GOOD}
    assert waive("fail", both, "2026-11-23")["status"] == "waived"


@pytest.mark.parametrize(
    "waivers, text",
    [
        ([], "panic_hardening_waivers: must be a dictionary"),
        ({CONTROL: "because"}, "panic_hardening_waivers['%s']: must be a dictionary" % CONTROL),
        ({CONTROL: dict(GOOD, untill="2027-01-31")}, "panic_hardening_waivers['%s']: unknown key 'untill'" % CONTROL),
        ({CONTROL: {"until": "2027-01-31"}}, "panic_hardening_waivers['%s'].reason: say why" % CONTROL),
        ({CONTROL: dict(GOOD, reason=" ")}, "panic_hardening_waivers['%s'].reason: say why" % CONTROL),
        ({CONTROL: dict(GOOD, reason=5)}, "panic_hardening_waivers['%s'].reason: say why" % CONTROL),
        ({CONTROL: {"reason": "x"}}, "panic_hardening_waivers['%s'].until: '' is not a date" % CONTROL),
        ({CONTROL: dict(GOOD, until="2027-02-30")}, "panic_hardening_waivers['%s'].until: '2027-02-30'" % CONTROL),
        ({CONTROL: dict(GOOD, until="31.1.2027")}, "panic_hardening_waivers['%s'].until: '31.1.2027'" % CONTROL),
        ({CONTROL: dict(GOOD, until=20270131)}, "panic_hardening_waivers['%s'].until: '20270131'" % CONTROL),
        ({"Kernel Panic": GOOD}, "panic_hardening_waivers['Kernel Panic']: is not a control"),
        ({"../x": GOOD}, "panic_hardening_waivers['../x']: is not a control"),
        ({CONTROL + "\n": GOOD}, "panic_hardening_waivers['%s" % CONTROL),
    ],
)
def test_a_bad_waiver_is_refused_with_its_place(waivers: Any, text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _finding.parse_waivers(waivers)
    assert str(caught.value).startswith(text)


def test_a_date_without_leading_zeros_does_not_last_longer() -> None:
    """As text, 2027-02-01 is smaller than 2027-1-5."""
    try:
        item = waive("fail", {CONTROL: dict(GOOD, until="2027-1-5")}, "2027-02-01")
    except PolicyError:
        return
    assert item["status"] == "fail"


@pytest.mark.parametrize(
    "statuses, verdict",
    [
        ([], "hardened"),
        (["pass", "not_applicable", "waived"], "hardened"),
        (["pass", "unknown"], "unknown"),
        (["pass", "unknown", "fail"], "drifted"),
    ],
)
def test_the_verdict(statuses: List[str], verdict: str) -> None:
    summary = _finding.summarize([made(status) for status in statuses])
    assert summary["verdict"] == verdict
    for status in _finding.STATUSES:
        assert summary[status] == statuses.count(status)


def test_a_hot_disk_is_not_drift() -> None:
    summary = _finding.summarize([made("pass"), made("fail", "smartmontools.temperature", "health")])
    assert (summary["verdict"], summary["fail"]) == ("hardened", 1)


@pytest.mark.parametrize("value", [0, 4, -1, True, "2", 2.5, None])
def test_a_number_out_of_its_limits_is_refused_by_its_full_name(value: Any) -> None:
    with pytest.raises(PolicyError, match="^kdump_keep: %s is not a whole number from 1 to 3$" % value):
        _finding.check_numbers({"keep": value}, {"keep": (1, 3)}, "kdump_")


@pytest.mark.parametrize("given", [{"keep": 1}, {"keep": 3}, {"other": 9}])
def test_numbers_within_their_limits_and_those_that_are_not_asked_for_are_not_refused(given: Dict[str, Any]) -> None:
    _finding.check_numbers(given, {"keep": (1, 3)})
