# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis of a fleet for people: what happened, why, and what to do first, without a character that steers the terminal."""

from __future__ import annotations

import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._writer import printable
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _incidents

Data = t.Mapping[str, t.Any]

# A terminal is for the first look; the report holds all of it.
BUGS_SHOWN = 8
NAMES_SHOWN = 12
LINE_LIMIT = 600
ENDED = {
    "clean": "the last boot ended with a shutdown",
    "panic": "the last boot ended in a panic",
    "reset": "the last boot ended in a reset: no shutdown, and no panic that left a trace",
    "unknown": "nothing tells how the last boot ended",
}


def lines(fleet: Data) -> list[str]:
    """Each host with its incidents, then the bugs that hit several hosts, the most common first."""
    width = max((len(host["host"]) for host in fleet["hosts"]), default=0)
    found = [line for host in fleet["hosts"] for line in _host(host, width)]
    shared = [bug for bug in fleet["bugs"] if len(bug["hosts"]) > 1]
    for bug in shared[:BUGS_SHOWN]:
        found += _shared(bug)
    if len(shared) > BUGS_SHOWN:
        found.append(f"{len(shared) - BUGS_SHOWN} more bugs on several hosts are in the report")
    return [printable(line)[:LINE_LIMIT] for line in found]


def _host(host: Data, width: int) -> list[str]:
    found = [f"{host['host']:<{width}}  {host['verdict']:<11} {host['message'] or _headline(host)}"]
    bugs = _incidents.bugs([dict(host)])
    # Within one host what came last is what brought the operator here.
    bugs.sort(key=lambda bug: (bug["fatal"], bug["last"] or ""), reverse=True)
    for bug in bugs[:BUGS_SHOWN]:
        newest = next(one for one in host["incidents"] if one["fingerprint"] == bug["fingerprint"])
        found += _bug(newest, bug)
    if len(bugs) > BUGS_SHOWN:
        found.append(f"  {len(bugs) - BUGS_SHOWN} more bugs of this host are in the report")
    found += [f"  not read: {text}" for text in host["unread"]]
    return found + _copies(host.get("copies"))


def _headline(host: Data) -> str:
    boot = host["last_boot"]
    parts = [ENDED[boot.get("ended", "unknown")] + (f" at {boot['at']}" if boot.get("at") else "")]
    if boot.get("kept") is False:
        parts.append("its journal does not outlive a restart")
    count = len(host["incidents"])
    if count:
        fatal = sum(incident["fatal"] for incident in host["incidents"])
        parts.append(f"{count} incident{'s' * (count > 1)}, {fatal or 'none'} fatal")
    return "; ".join(parts)


def _bug(incident: Data, bug: Data) -> list[str]:
    evidence = [f"{incident['source']}:{incident['line']}", *incident["evidence"]]
    times = f", {bug['count']} times since {bug['first'] or 'nobody knows when'}" if bug["count"] > 1 else ""
    return [
        f"  {incident['at'] or 'at an unknown time'}  {_name(bug)}{times}",
        f"    cause       {incident['cause']}",
        f"    first step  {incident['first_step']}",
        f"    evidence    {', '.join(evidence)}",
    ]


def _name(bug: Data) -> str:
    return f"{bug['kind']}{', fatal' if bug['fatal'] else ''}: {bug['title']}"


def _shared(bug: Data) -> list[str]:
    names = ", ".join(bug["hosts"][:NAMES_SHOWN])
    more = len(bug["hosts"]) - NAMES_SHOWN
    return [
        f"this bug on {len(bug['hosts'])} hosts, {bug['count']} times: {_name(bug)}",
        f"    first step  {bug['first_step']}",
        f"    kernels     {', '.join(bug['kernels']) or 'unknown'}",
        f"    hosts       {names}{f' and {more} more' if more > 0 else ''}",
    ]


def _copies(copies: Data | None) -> list[str]:
    if copies is None:
        return []
    if "message" in copies:
        return [f"  the evidence could not be copied: {copies['message']}"]
    found = [f"  {len(copies['copied'])} pieces of evidence copied to {copies['folder']}"]
    return found + [f"  not copied: {one['source']}: {one['reason']}" for one in copies["left_out"]]
