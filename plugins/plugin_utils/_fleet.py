# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's report: what the audit of many hosts found, as data and as one line for each host."""

from __future__ import annotations

import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._writer import printable
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _report

VERDICTS = ("hardened", "drifted", "unknown", "unreachable", "failed")
SEVERITIES = ("critical", "warning", "info")


def report(results: t.Mapping[str, t.Mapping[str, t.Any]], when: str) -> dict[str, t.Any]:
    """Hosts by name with verdict, findings and state, and how many hosts have which verdict."""
    hosts = [_host(name, results[name]) for name in sorted(results)]
    return {"audited_at": when, "summary": _report.count(hosts, VERDICTS), "hosts": hosts}


def _host(name: str, result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {"host": name, "message": "", "findings": [], "state": {}, "summary": {}}
    silent = _report.silent(result, "findings", "the audit")
    if silent:
        return {**entry, **silent}
    for key in ("findings", "state", "summary"):
        entry[key] = result[key]
    return {**entry, "verdict": result["summary"]["verdict"]}


def lines(fleet: t.Mapping[str, t.Any]) -> list[str]:
    """One line for each host: verdict, failed and unknown controls, and what to do about them."""
    width = max((len(host["host"]) for host in fleet["hosts"]), default=0)
    return [printable(f"{host['host']:<{width}}  {host['verdict']:<11} {_detail(host)}") for host in fleet["hosts"]]


def _detail(host: t.Mapping[str, t.Any]) -> str:
    if host["message"]:
        return str(host["message"])
    wrong = [f for f in host["findings"] if f["status"] in ("fail", "unknown")]
    if not wrong:
        counts = [f"{n} {s}" for s, n in host["summary"].items() if s != "verdict" and n]
        return ", ".join(counts) or "no control applies"
    by_remedy: dict[str, list[str]] = {}
    for item in sorted(wrong, key=lambda f: SEVERITIES.index(f["severity"])):
        mark = "?" if item["status"] == "unknown" else ""
        by_remedy.setdefault(item["remedy"] or item["reason"], []).append(item["control"] + mark)
    return "; ".join(f"{', '.join(controls)}: {remedy}" for remedy, controls in by_remedy.items())
