# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which alarms were sent since the boot, and which have yet to go by a way that failed. What goes wrong is written down, never raised."""

import json
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._alarm_ways import WAYS, trouble
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import RUN_DIR, Host, HostError

# In memory: a disk that fails takes its file systems with it, and the alarm must still be raised once, not for ever.
SENT = RUN_DIR + "/alarms.json"
LOCK = RUN_DIR + "/alarms.lock"
SEVERITIES = ("info", "warning", "critical")
FIELDS = ("key", "role", "device", "summary", "details", "severity")
# What comes and goes is told of at most so often.
SETTLE_SECONDS = 3600
# Longer than an alarm may take, so that nobody takes one that is on its way for a failed one.
RETRY_SECONDS = 900


def begin(host: Host, alarm: Dict[str, str], seconds: float) -> bool:
    """Whether this alarm is new, worse than before, or old enough to be said again; if so, all ways are open until C(end).

    One that was gone in between is new again, but not within an hour.
    """
    now = time.time()

    def change(sent: Dict[str, Any]) -> bool:
        earlier = sent.get(alarm["key"], {"at": 0, "severity": "info", "gone": False})
        worse = SEVERITIES.index(alarm["severity"]) > SEVERITIES.index(earlier["severity"])
        if not worse and _within(now, earlier["at"], min(seconds, SETTLE_SECONDS) if earlier["gone"] else seconds):
            return False
        for key in [key for key, item in sent.items() if not _within(now, item["at"], seconds)]:
            del sent[key]
        begun = {"at": now, "tried": now, "severity": alarm["severity"], "open": list(WAYS), "alarm": alarm}
        sent[alarm["key"]] = dict(begun, gone=False)
        return True

    # Better too often than not at all.
    return _change(host, alarm["key"], change) is not False


def end(host: Host, key: str, failed: List[str]) -> None:
    """The alarm went by all ways but these."""

    def change(sent: Dict[str, Any]) -> None:
        if key in sent:
            sent[key].update(open=failed, alarm=sent[key]["alarm"] if failed else {})

    _change(host, key, change)


def overdue(host: Host) -> Optional[Tuple[Dict[str, str], List[str]]]:
    """The alarm that has waited longest to be tried again, with its ways; None where nothing is to be tried now."""
    now = time.time()

    def change(sent: Dict[str, Any]) -> Optional[Tuple[Dict[str, str], List[str]]]:
        late = [item for item in sent.values() if item["open"] and not _within(now, item["tried"], RETRY_SECONDS)]
        if not late:
            return None
        item = min(late, key=lambda item: float(item["tried"]))
        item["tried"] = now
        return item["alarm"], item["open"]

    found: Optional[Tuple[Dict[str, str], List[str]]] = _change(host, "all alarms", change)
    return found


def waits(host: Host, key: str) -> bool:
    """Whether an alarm has yet to go by a way."""
    return bool(_change(host, key, lambda sent: key in sent and sent[key]["open"]))


def forget(host: Host, key: str) -> None:
    """The next time is a new alarm, if it was not told of a short time ago; what has not got out need not any more."""

    def change(sent: Dict[str, Any]) -> None:
        if key in sent:
            sent[key].update(gone=True, open=[], alarm={})

    _change(host, key, change)


def _within(now: float, then: float, seconds: float) -> bool:
    # A clock that was set back must not silence an alarm until that time comes again.
    return 0 <= now - then < seconds


def _change(host: Host, key: str, change: Callable[[Dict[str, Any]], Any]) -> Any:
    """Have what is kept changed while nobody else does; returns what C(change) returns, None where nothing can be kept."""
    try:
        with host.locked(LOCK):
            sent = _read(host)
            before = json.dumps(sent, sort_keys=True)
            said = change(sent)
            after = json.dumps(sent, sort_keys=True)
            if after != before:
                host.write(SENT, after + "\n", 0o600)
            return said
    except HostError as error:
        trouble(host, "%s: repeats cannot be counted: %s" % (key, error))
        return None


def _read(host: Host) -> Dict[str, Any]:
    try:
        found = json.loads(host.read(SENT) or "{}")
        return dict((str(key), _entry(item)) for key, item in found.items())
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _entry(item: Dict[str, Any]) -> Dict[str, Any]:
    return {
        "at": float(item["at"]),
        "tried": float(item["tried"]),
        "severity": SEVERITIES[SEVERITIES.index(item["severity"])],
        "gone": bool(item["gone"]),
        "open": [way for way in WAYS if way in item["open"]],
        "alarm": dict((name, str(item["alarm"][name])) for name in FIELDS) if item["open"] else {},
    }
