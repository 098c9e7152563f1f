# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round of the timer: what has been added to the counters and to rasdaemon's database, judged by its rate."""

import json
import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm,
    _edac,
    _ras_events,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    STATE_DIR,
    Host,
    HostError,
)

SETTINGS = _watch_settings.MEMORY
RESULTS = STATE_DIR + "/memory.json"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
DAY = 86400
KEPT_DAYS = 30
# Without an error for that long, the next one that could not be corrected is news; a minute more than alarms need to settle.
QUIET_SECONDS = 3660
# What has not yet been seen: a first round only learns where the counters stand.
NOTHING: Dict[str, Any] = {
    "boot": "",
    "counters": {},
    "last": None,
    "rises": {},
    "uncorrected": {},
    "alarmed": [],
    "at": 0,
    "database": "",
}


def results(host: Host) -> Dict[str, Any]:
    """What the last round left; of what nobody can use, nothing. Raises Unreadable."""
    try:
        return _usable(dict(NOTHING, **json.loads(host.read(RESULTS) or "{}")))
    except (ValueError, TypeError, AttributeError):
        return _usable(NOTHING)


def _usable(found: Dict[str, Any]) -> Dict[str, Any]:
    """A copy in which everything has its form; raises ValueError, TypeError or AttributeError where it has not."""
    rises = dict((str(k), [[int(at), int(count)] for at, count in rows]) for k, rows in found["rises"].items())
    counters = dict((str(k), [int(number) for number in pair]) for k, pair in found["counters"].items())
    return {
        "boot": str(found["boot"]),
        "counters": counters,
        "last": None if found["last"] is None else _numbers(found["last"]),
        "rises": rises,
        "uncorrected": _numbers(found["uncorrected"]),
        "alarmed": [str(label) for label in found["alarmed"]],
        "at": int(found["at"]),
        "database": str(found["database"]),
    }


def _numbers(found: Dict[str, Any]) -> Dict[str, int]:
    return dict((str(name), int(number)) for name, number in found.items())


def in_a_day(found: Dict[str, Any], label: str, now: int) -> int:
    """How many corrected errors a label has had within a day."""
    return sum(count for at, count in found["rises"].get(label, []) if now - at < DAY)


def watch(host: Host) -> int:
    """One round; raises HostError where the settings cannot be used."""
    limit = _watch_settings.read(host, SETTINGS, "corrected_limit")["corrected_limit"]
    found, now = results(host), int(time.time())
    added = _from_counters(host, found, not found["at"]) + _from_database(host, found)
    # What came while nobody looked, for more than a day, came at nobody knows what rate: evenly.
    share = min(1.0, DAY / max(1.0, now - found["at"]))
    fatal: Dict[str, str] = {}
    # The kernel's counter and rasdaemon tell of the same errors: the larger number counts, not the sum.
    risen: Dict[str, Dict[str, int]] = {}
    for source, event in added:
        if event.corrected:
            by = risen.setdefault(event.label, {})
            by[source] = by.get(source, 0) + event.errors
        else:
            fatal[event.label] = event.words.strip()
    for label, by in risen.items():
        found["rises"].setdefault(label, []).append([now, int(max(by.values()) * share)])
    _forget(found, now)
    found.update(at=now)
    _alarms(host, found, fatal, limit, now)
    host.write(RESULTS, json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0


def _from_counters(host: Host, found: Dict[str, Any], first: bool) -> List[Any]:
    boot = (host.read(BOOT_ID) or "").strip()
    before = found["counters"] if boot == found["boot"] else {}
    added = []
    counted = {}
    for counter in _edac.counters(host):
        counted[counter.key] = [counter.corrected, counter.uncorrected]
        earlier = before.get(counter.key, [counter.corrected, 0] if first else [0, 0])
        corrected, uncorrected = (max(0, now - then) for now, then in zip(counted[counter.key], earlier))
        if corrected:
            added.append(("counter", _ras_events.Event(0, counter.label, corrected, True, "")))
        if uncorrected:
            added.append(
                (
                    "counter",
                    _ras_events.Event(0, counter.label, uncorrected, False, "%d uncorrected errors" % uncorrected),
                )
            )
    found.update(boot=boot, counters=counted)
    return added


def _from_database(host: Host, found: Dict[str, Any]) -> List[Any]:
    try:
        events, found["last"] = _ras_events.since(host, found["last"])
        found["database"] = ""
    except HostError as error:
        found["database"] = str(error)
        return []
    return [("database", event) for event in events]


def _forget(found: Dict[str, Any], now: int) -> None:
    fresh = dict((label, [rise for rise in rises if now - rise[0] < DAY]) for label, rises in found["rises"].items())
    found["rises"] = dict((label, rises) for label, rises in fresh.items() if rises)
    found["uncorrected"] = dict((k, at) for k, at in found["uncorrected"].items() if now - at < KEPT_DAYS * DAY)


def _same(fatal: Dict[str, str]) -> List[str]:
    """What the processor reports of errors that the memory controller has reported as well: they are told of once."""
    names = sorted(_ras_events.NAMES.values(), reverse=True)
    kinds = dict((label, next(name for name in names if label.startswith(name))) for label in fatal)
    processor = [label for label, kind in kinds.items() if kind == _ras_events.NAMES["mce_record"]]
    return processor if _ras_events.NAMES["mc_event"] in kinds.values() else []


def _alarms(host: Host, found: Dict[str, Any], fatal: Dict[str, str], limit: int, now: int) -> None:
    found["uncorrected"].update(dict.fromkeys(_same(fatal), now))
    for label, words in sorted(fatal.items()):
        if label in _same(fatal):
            continue
        summary = "%s: an error that could not be corrected: %s" % (label, words)
        alarm = _alarm.event("rasdaemon", "uncorrected", "critical", label, summary)
        if now - found["uncorrected"].get(label, now) >= QUIET_SECONDS:
            _alarm.clear(host, alarm["key"])
        _alarm.raise_alarm(host, alarm)
        found["uncorrected"][label] = now
    many = [label for label in sorted(found["rises"]) if in_a_day(found, label, now) > limit]
    for label in many:
        summary = "%s: %d corrected errors within a day, the limit is %d" % (label, in_a_day(found, label, now), limit)
        _alarm.raise_alarm(host, _alarm.event("rasdaemon", "corrected", "warning", label, summary))
    for label in set(found["alarmed"]) - set(many):
        _alarm.clear(host, _alarm.event("rasdaemon", "corrected", "info", label, "")["key"])
    found["alarmed"] = many
