# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's report: lines for people, a file for programs."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _finding
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _fleet

WHEN = "2026-11-23T01:02:03+00:00"


def finding(name: str, status: str, **more: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", _finding.finding(f"panic_sysctl.{name}", status, "1", "0", **more))


def result(*findings: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"findings": list(findings), "state": {"panic_sysctl": {}}, "summary": _finding.summarize(list(findings))}


FLEET = {
    "web1": result(finding("kernel.panic", "pass"), finding("kernel.sysrq", "waived")),
    "web10": result(
        finding("kernel.warn_limit", "fail", severity="info", remedy="remove it"),
        finding("kernel.panic", "fail", severity="critical", remedy="run harden"),
        finding("kernel.panic_on_oops", "fail", severity="critical", remedy="run harden"),
        finding(
            "cmdline_panic", "unknown", severity="warning", reason="grub.cfg: Permission denied", remedy="run as root"
        ),
    ),
    "db": result(finding("cmdline_panic", "unknown", reason="no reason", remedy="")),
    "gone": {"unreachable": True, "msg": "Connection timed out"},
    "broken": {"failed": True, "msg": "panic_sysctl_overrides['kernel.panic']: bad"},
    "silent": {},
}


@pytest.fixture
def fleet() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", _fleet.report(FLEET, WHEN))


def test_every_host_has_a_verdict_and_the_counts_add_up(fleet: dict[str, t.Any]) -> None:
    assert {host["host"]: host["verdict"] for host in fleet["hosts"]} == {
        "broken": "failed",
        "db": "unknown",
        "gone": "unreachable",
        "silent": "failed",
        "web1": "hardened",
        "web10": "drifted",
    }
    assert fleet["summary"] == {"hosts": 6, "hardened": 1, "drifted": 1, "unknown": 1, "unreachable": 1, "failed": 2}
    assert fleet["audited_at"] == WHEN


def test_hosts_without_findings_say_why(fleet: dict[str, t.Any]) -> None:
    messages = {host["host"]: host["message"] for host in fleet["hosts"] if host["message"]}
    assert messages == {
        "gone": "Connection timed out",
        "broken": "panic_sysctl_overrides['kernel.panic']: bad",
        "silent": "the audit left no result",
    }


def test_one_line_for_each_host_the_worst_first(fleet: dict[str, t.Any]) -> None:
    assert _fleet.lines(fleet) == [
        "broken  failed      panic_sysctl_overrides['kernel.panic']: bad",
        "db      unknown     panic_sysctl.cmdline_panic?: no reason",
        "gone    unreachable Connection timed out",
        "silent  failed      the audit left no result",
        "web1    hardened    1 pass, 1 waived",
        "web10   drifted     panic_sysctl.kernel.panic, panic_sysctl.kernel.panic_on_oops: run harden; "
        "panic_sysctl.cmdline_panic?: run as root; panic_sysctl.kernel.warn_limit: remove it",
    ]


def test_a_host_without_controls_is_said_to_have_none() -> None:
    assert _fleet.lines(_fleet.report({"a": result()}, WHEN)) == ["a  hardened    no control applies"]
    assert _fleet.lines(_fleet.report({}, WHEN)) == []


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nweb1 hardened", "\r", "\x07", "\u202e", "\x9b31m", "\u2028", "\x00"])
def test_what_a_host_says_does_not_steer_the_terminal(text: str) -> None:
    hosts = {
        "a": result(finding("kernel.panic", "fail", remedy=f"remove x from /etc/sysctl.d/{text}.conf")),
        "b": {"unreachable": True, "msg": text},
        "c": {"failed": True, "msg": text},
    }
    lines = _fleet.lines(_fleet.report(hosts, WHEN))
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert all(ascii(text)[1:-1] in line for line in lines)


def test_letters_of_all_languages_stay_readable() -> None:
    lines = _fleet.lines(_fleet.report({"a": {"unreachable": True, "msg": "Größe 大"}}, WHEN))
    assert lines == ["a  unreachable Größe 大"]
