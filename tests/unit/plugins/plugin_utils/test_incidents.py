# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis of a fleet: hosts with their incidents, bugs with their hosts, and lines that a terminal can show."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _incident_lines, _incidents

WHEN = "2026-11-23T01:02:03+00:00"
PANIC = {"ended": "panic", "boot_id": "b00t", "at": "2026-11-02T03:14:10Z"}
CLEAN = {"ended": "clean", "boot_id": "b00t", "at": "2026-11-01T00:00:00Z"}


def incident(fingerprint: str = "6f1d", **more: t.Any) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {
        "kind": "null-deref",
        "title": "BUG: kernel NULL pointer dereference in rtl8125_poll",
        "fatal": True,
        "at": "2026-11-02T03:14:07Z",
        "kernel": "6.1.0-56-amd64",
        "function": "rtl8125_poll",
        "module": "r8125",
        "suspect": "software",
        "cause": "The driver r8125 used a pointer that was not set.",
        "first_step": "Update or disable the driver r8125.",
        "fingerprint": fingerprint,
        "count": 1,
        "source": "/var/crash/202611020314/dmesg.202611020314",
        "line": 812,
        "evidence": ["journal of boot -1"],
    }
    return {**found, **more}


def disk(**more: t.Any) -> dict[str, t.Any]:
    about = {"kind": "io-error", "title": "I/O error, dev sda", "fatal": False, "kernel": None, "at": None}
    return incident("d15c", **{**about, **more})


def result(
    *incidents: dict[str, t.Any], last: dict[str, t.Any] = CLEAN, unread: t.Sequence[str] = (), since: str = ""
) -> t.Any:
    return {"incidents": list(incidents), "last_boot": last, "summary": {}, "unread": list(unread), "since": since}


def report(**results: t.Any) -> dict[str, t.Any]:
    return _incidents.report(results, {}, WHEN)


def shown(**results: t.Any) -> list[str]:
    return _incident_lines.lines(report(**results))


@pytest.mark.parametrize(
    "of_host, verdict",
    [
        (result(incident(), last=PANIC), "crashed"),
        (result(incident(fatal=False)), "troubled"),
        (result(disk(), last={"ended": "reset", "at": None}), "crashed"),
        (result(last={"ended": "reset", "at": None}), "crashed"),
        (result(), "clear"),
        (result(last={"ended": "unknown", "at": None}), "clear"),
        # A host that keeps nothing has nothing to show, which is no good news.
        (result(last={"ended": "unknown", "at": None, "kept": False}), "unknown"),
        (result(last={"ended": "unknown", "at": None, "kept": True}), "clear"),
        (result(disk(), last={"ended": "unknown", "at": None, "kept": False}), "troubled"),
        # A reset that was looked into before the time that is asked for.
        (result(last=PANIC, since="2026-11-03"), "clear"),
        (result(last=PANIC, since="2026-11-02T03:14:10Z"), "crashed"),
        (result(incident(), last=PANIC, since="2026-11-03"), "crashed"),
        (result(last={"ended": "reset", "at": None}, since="2026-11-03"), "crashed"),
        (result(unread=["/var/crash: Permission denied"]), "unknown"),
        (result(disk(), unread=["/var/crash: Permission denied"]), "troubled"),
        ({"unreachable": True, "msg": "timed out"}, "unreachable"),
        ({"msg": "panic_hardening_diagnose_boots: -1 must not be negative"}, "failed"),
        ({}, "failed"),
    ],
)
def test_the_verdict_of_a_host(of_host: t.Any, verdict: str) -> None:
    fleet = report(web1=of_host)
    assert fleet["hosts"][0]["verdict"] == verdict
    assert fleet["summary"][verdict] == 1
    assert sum(fleet["summary"][name] for name in _incidents.VERDICTS) == fleet["summary"]["hosts"] == 1
    assert fleet["summary"]["incidents"] == len(fleet["hosts"][0]["incidents"])


def test_the_same_bug_on_many_hosts_is_one() -> None:
    hosts = {}
    for n in range(14):
        kernel = f"6.1.0-{n % 2}"
        other = disk() if n < 2 else incident(at="2026-11-01T00:00:00Z", count=2, kernel=kernel)
        hosts[f"web{n:02}"] = result(incident(count=2, kernel=kernel), other)
    fleet = _incidents.report(hosts, {}, WHEN)
    first, second = fleet["bugs"]
    assert (first["fingerprint"], len(first["hosts"]), first["count"]) == ("6f1d", 14, 28)
    assert (first["first"], first["last"]) == ("2026-11-01T00:00:00Z", "2026-11-02T03:14:07Z")
    assert first["kernels"] == ["6.1.0-0", "6.1.0-1"]
    assert (second["fingerprint"], second["hosts"], second["first"]) == ("d15c", ["web00", "web01"], None)
    assert (fleet["summary"]["bugs"], fleet["diagnosed_at"]) == (2, WHEN)
    lines = _incident_lines.lines(fleet)
    assert any(
        line.startswith("this bug on 14 hosts, 28 times: null-deref, fatal: BUG: kernel NULL pointer") for line in lines
    )
    assert any(line.endswith("web10, web11 and 2 more") for line in lines)


def test_a_host_s_lines_say_how_it_ended_why_and_what_to_do() -> None:
    assert shown(db=result(), web1=result(incident(count=3), last=PANIC)) == [
        "db    clear       the last boot ended with a shutdown at 2026-11-01T00:00:00Z",
        "web1  crashed     the last boot ended in a panic at 2026-11-02T03:14:10Z; 1 incident, 1 fatal",
        "  2026-11-02T03:14:07Z  null-deref, fatal: BUG: kernel NULL pointer dereference in rtl8125_poll, 3 times since 2026-11-02T03:14:07Z",
        "    cause       The driver r8125 used a pointer that was not set.",
        "    first step  Update or disable the driver r8125.",
        "    evidence    /var/crash/202611020314/dmesg.202611020314:812, journal of boot -1",
    ]


def test_a_host_that_keeps_no_journal_is_told_so() -> None:
    (line,) = shown(web1=result(last={"ended": "unknown", "at": None, "kept": False}))
    assert line.endswith("nothing tells how the last boot ended; its journal does not outlive a restart")


def test_what_crashed_the_host_comes_before_what_is_newer() -> None:
    lines = shown(web1=result(disk(at="2026-11-09T00:00:00Z"), incident()))
    assert [line.split()[1] for line in lines if line.startswith("  20")] == ["null-deref,", "io-error:"]


def test_the_terminal_shows_no_flood_and_says_so() -> None:
    many = [incident(f"f{n}", title="x" * 5000) for n in range(30)]
    lines = shown(web1=result(*many), web2=result(*many))
    assert lines.count("  22 more bugs of this host are in the report") == 2
    assert lines[-1] == "22 more bugs on several hosts are in the report"
    assert max(map(len, lines)) <= 600


def test_hosts_without_an_answer_and_what_was_not_read_are_named() -> None:
    assert shown(
        gone={"unreachable": True, "msg": "Connection timed out"}, odd={}, web1=result(unread=["/dev/kmsg: Operation not permitted"])
    ) == [
        "gone  unreachable Connection timed out",
        "odd   failed      the diagnosis left no result",
        "web1  unknown     the last boot ended with a shutdown at 2026-11-01T00:00:00Z",
        "  not read: /dev/kmsg: Operation not permitted",
    ]  # fmt: skip


def test_copies_are_told_of() -> None:
    copied = {"folder": "/e/web1", "copied": [{}, {}], "left_out": [{"source": "/var/log/kern.log", "reason": "large"}]}
    copies = {"web1": copied, "web2": {"failed": True, "msg": "no space"}, "web3": {"skipped": True}}
    fleet = _incidents.report({name: result(disk()) for name in copies}, copies, WHEN)
    told = [line for line in _incident_lines.lines(fleet) if "cop" in line]
    assert told == [
        "  2 pieces of evidence copied to /e/web1",
        "  not copied: /var/log/kern.log: large",
        "  the evidence could not be copied: no space",
    ]
    assert "copies" not in fleet["hosts"][2]


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nweb1 clear", "\r", "\x07", "\u202e", "\x9b31m", "\u2028", "\x00"])
def test_what_a_log_says_does_not_steer_the_terminal(text: str) -> None:
    hostile = {
        key: text
        for key in ("title", "kind", "cause", "first_step", "source", "kernel", "at", "function", "module", "suspect")
    }
    lines = shown(
        a=result(incident(**hostile, evidence=[text]), last={"ended": "panic", "at": text}, unread=[text]),
        b=result(incident(**hostile)),
        c={"msg": text},
    )
    assert all(line.isprintable() for line in lines)
    assert sum(ascii(text)[1:-1] in line for line in lines) >= 8
