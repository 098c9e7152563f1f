# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis of a fleet as data: each host with its incidents, and each bug with all hosts that it hit."""

from __future__ import annotations

import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _report

Data = dict[str, t.Any]

VERDICTS = ("crashed", "troubled", "clear", "unknown", "unreachable", "failed")
CRASHED = ("panic", "reset")
OF_BUG = ("fingerprint", "kind", "title", "suspect", "function", "module", "cause", "first_step")
OF_RESULT = ("last_boot", "since", "incidents", "summary", "unread")


def report(results: t.Mapping[str, _report.Result], copies: t.Mapping[str, _report.Result], when: str) -> Data:
    """Hosts by name with verdict and incidents, bugs by the number of hosts, and how many hosts have which verdict."""
    hosts = [_host(name, results[name], copies.get(name, {})) for name in sorted(results)]
    found = bugs(hosts)
    incidents = sum(len(host["incidents"]) for host in hosts)
    summary = {**_report.count(hosts, VERDICTS), "incidents": incidents, "bugs": len(found)}
    return {"diagnosed_at": when, "summary": summary, "bugs": found, "hosts": hosts}


def _host(name: str, result: _report.Result, copy: _report.Result) -> Data:
    entry: Data = {
        "host": name,
        "message": "",
        "last_boot": {},
        "since": "",
        "incidents": [],
        "summary": {},
        "unread": [],
    }
    silent = _report.silent(result, "incidents", "the diagnosis")
    if silent:
        return {**entry, **silent}
    entry.update({key: result[key] for key in OF_RESULT if key in result})
    if copy.get("failed") or copy.get("unreachable"):
        entry["copies"] = {"message": str(copy.get("msg", ""))}
    elif "copied" in copy:
        entry["copies"] = {key: copy[key] for key in ("folder", "copied", "left_out")}
    return {**entry, "verdict": _verdict(entry)}


def _verdict(entry: Data) -> str:
    boot = entry["last_boot"]
    # As with incidents: what was before the time that was asked for has been seen to.
    asked = _evidence.is_since(boot.get("at"), entry["since"])
    if (asked and boot.get("ended") in CRASHED) or any(incident["fatal"] for incident in entry["incidents"]):
        return "crashed"
    if entry["incidents"]:
        return "troubled"
    # What could not be read, or was never kept, may hold anything.
    return "unknown" if entry["unread"] or boot.get("kept") is False else "clear"


def bugs(hosts: t.Sequence[Data]) -> list[Data]:
    """Incidents with the same fingerprint together, those on most hosts first."""
    found: dict[str, Data] = {}
    for host in hosts:
        for incident in host["incidents"]:
            bug = found.setdefault(incident["fingerprint"], _new(incident))
            bug["fatal"] = bug["fatal"] or incident["fatal"]
            if host["host"] not in bug["hosts"]:
                bug["hosts"].append(host["host"])
                # How often the host saw it, also where only some of its incidents were asked for.
                bug["count"] += incident["count"]
            if incident["kernel"] and incident["kernel"] not in bug["kernels"]:
                bug["kernels"].append(incident["kernel"])
            times = [time for time in (bug["first"], bug["last"], incident["at"]) if time]
            bug["first"], bug["last"] = min(times, default=None), max(times, default=None)
    return sorted(found.values(), key=lambda bug: (-len(bug["hosts"]), not bug["fatal"], -bug["count"], bug["title"]))


def _new(incident: _report.Result) -> Data:
    numbers = {"fatal": False, "count": 0, "hosts": [], "kernels": [], "first": None, "last": None}
    return {**{key: incident[key] for key in OF_BUG}, **numbers}
