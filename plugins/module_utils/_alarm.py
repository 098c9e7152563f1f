# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way of all alarms: journal, the operator's command, mail. Runs on the host, from the program that the roles install.

What goes wrong here is written down, and never raised: who tells of a failing disk must go on watching the others.
"""

import json
import time
from typing import Any, Dict, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm_sent
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._alarm_sent import LOCK, SENT, SEVERITIES
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._alarm_status import (
    SETTINGS,
    STAMP,
    STATUS,
    status,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._alarm_ways import (
    WAYS,
    deliver,
    failures,
    trouble,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

__all__ = ["LOCK", "SENT", "SETTINGS", "SEVERITIES", "STATUS", "failures", "status"]

# Together with one alarm that takes its longest, less than the time that any of the programs has.
AGAIN_SECONDS = 120
DEFAULTS: Dict[str, Any] = {"command": [], "timeout": 30, "mail": "root", "repeat": 24}
LIMITS = {"key": 200, "role": 50, "device": 200, "summary": 500, "details": 4000}


def event(role: str, what: str, severity: str, device: str, summary: str, details: Any = "") -> Dict[str, Any]:
    """An alarm. Its key, C(<role>.<what>:<device>), is what repeats are known by."""
    text = details if isinstance(details, str) else json.dumps(details, sort_keys=True)
    made = {
        "key": "%s.%s:%s" % (role, what, device),
        "role": role,
        "device": device,
        "summary": summary,
        "details": text,
    }
    return dict(dict((name, value[: LIMITS[name]]) for name, value in made.items()), severity=severity)


def settings(host: Host) -> Dict[str, Any]:
    """What the operator wants, with defaults where the file cannot tell; raises nothing."""
    try:
        found = dict(DEFAULTS, **json.loads(host.read(SETTINGS) or "{}"))
        for name, usual in DEFAULTS.items():
            if not isinstance(found[name], type(usual)):
                raise ValueError("%s is no %s" % (name, type(usual).__name__))
        return found
    except (HostError, ValueError, TypeError) as error:
        trouble(host, "%s: cannot be used, so alarms go to the journal and to root: %s" % (SETTINGS, error))
        return dict(DEFAULTS)


def raise_alarm(host: Host, alarm: Dict[str, Any]) -> Dict[str, str]:
    """Send an alarm along all ways, unless the same was sent a short time ago; returns what became of each way."""
    wanted = settings(host)
    if not _alarm_sent.begin(host, alarm, wanted["repeat"] * 3600):
        return {}
    return _send(host, alarm, wanted, WAYS)


def _send(host: Host, alarm: Dict[str, Any], wanted: Dict[str, Any], ways: Sequence[str]) -> Dict[str, str]:
    outcome = deliver(host, alarm, wanted, ways)
    _alarm_sent.end(host, alarm["key"], sorted(failures(outcome)))
    record(host, "last", alarm["key"], outcome)
    return outcome


def send_again(host: Host) -> None:
    """Try the ways that failed some time ago once more, as long as there is time; the next program goes on."""
    end = time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < end:
        late = _alarm_sent.overdue(host)
        if late is None:
            return
        _send(host, late[0], settings(host), late[1])


def clear(host: Host, key: str) -> None:
    """The reason of an alarm is gone: the next time is a new alarm, though not within an hour of the last one."""
    _alarm_sent.forget(host, key)


def test(host: Host) -> Dict[str, str]:
    """Send an alarm that says that it is a test, and remember what became of it."""
    alarm = event("panic_hardening", "test", "info", "", "test of the alarm path, nothing is wrong")
    outcome = deliver(host, alarm, settings(host), WAYS)
    record(host, "tested", alarm["key"], outcome)
    return outcome


def record(host: Host, name: str, key: str, outcome: Dict[str, str]) -> None:
    """Remember what became of an alarm, for the audit."""
    try:
        with host.locked(LOCK):
            kept = status(host)
            kept[name] = {"at": time.strftime(STAMP, time.gmtime()), "key": key, "outcome": outcome}
            host.write(STATUS, json.dumps(kept, sort_keys=True) + "\n")
    except HostError as error:
        trouble(host, "%s: what became of the alarm could not be remembered: %s" % (key, error))
