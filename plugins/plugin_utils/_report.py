# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reports on a fleet share: the hosts that gave no answer, and the file on the controller."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

Result = t.Mapping[str, t.Any]


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def registered(variables: t.Mapping[str, t.Any], name: str) -> dict[str, Result]:
    """What each host of the play has registered under this name, also the hosts that have left the play."""
    hostvars = variables["hostvars"]
    return {host: hostvars[host].get(name, {}) for host in variables["ansible_play_hosts_all"]}


def silent(result: Result, key: str, what: str) -> dict[str, str] | None:
    """Verdict and message of a host whose result lacks what it should hold; None for one that holds it."""
    if result.get("unreachable"):
        return {"verdict": "unreachable", "message": str(result.get("msg", ""))}
    if key not in result:
        return {"verdict": "failed", "message": str(result.get("msg") or f"{what} left no result")}
    return None


def count(hosts: t.Sequence[Result], verdicts: t.Sequence[str]) -> dict[str, int]:
    """How many hosts there are, and how many have which verdict."""
    return {"hosts": len(hosts), **{name: sum(host["verdict"] == name for host in hosts) for name in verdicts}}


def save(variable: str, name: str, data: t.Mapping[str, t.Any]) -> str:
    """Write a report where the playbook was called; raises PolicyError with the variable that names the file."""
    path = os.path.join(os.getcwd(), os.path.expanduser(name))
    try:
        write(path, data)
    except OSError as error:
        raise PolicyError(f"{variable}: {path} could not be written: {error.strerror}") from error
    return path


def write(path: str, data: t.Mapping[str, t.Any]) -> None:
    """Write data as JSON in one step, readable for the caller alone; raises OSError."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=".report.", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(data, stream, indent=1, sort_keys=True, default=str)
            stream.write("\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
