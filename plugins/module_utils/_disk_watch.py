# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round of the timer: asks every disk that is awake, raises alarms, and keeps what was said for the audit."""

import json
import re
import time
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm,
    _disk_health,
    _disk_report,
    _disk_tests,
    _disks,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CONFIG_DIR,
    STATE_DIR,
    CommandError,
    Host,
)

SETTINGS = CONFIG_DIR + "/disks.json"
RESULTS = STATE_DIR + "/disks.json"
ASK_SECONDS = 120
# An exit status that smartctl has for nothing else.
ASLEEP = 250
# By what smartd calls a failure, what our keys call it: the daemon and the timer tell of the same thing once.
FAILURES = {
    "Health": ("health", "critical"),
    "Temperature": ("temperature", "critical"),
    "SelfTest": ("self_test", "critical"),
    "Usage": ("worn", "warning"),
    "ErrorCount": ("errors", "warning"),
    "CurrentPendingSector": ("sectors", "warning"),
    "OfflineUncorrectableSector": ("sectors", "warning"),
}


def results(host: Host) -> Dict[str, Any]:
    """By disk what was found the last time; empty for what nobody can use. Raises Unreadable."""
    try:
        found = json.loads(host.read(RESULTS) or "{}")
        return dict((str(name), dict(item)) for name, item in found.items())
    except (ValueError, TypeError, AttributeError):
        return {}


def watch(host: Host) -> int:
    """One round; raises HostError where the settings cannot be used."""
    settings = _watch_settings.read(host, SETTINGS, "devices", "scan", "limits", "self_tests")
    earlier = results(host)
    found: Dict[str, Any] = {}
    for disk in _disks.chosen(settings["devices"], settings["scan"], _disks.present(host)):
        found[disk.name] = _look(host, disk, settings["limits"], earlier.get(disk.name, {}))
    _disk_tests.begin(host, found, settings["self_tests"])
    host.write(RESULTS, json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0


def _look(host: Host, disk: _disks.Disk, limits: Dict[str, Any], before: Dict[str, Any]) -> Dict[str, Any]:
    now = int(time.time())
    report = _ask(host, disk, before)
    if report is None:
        return dict(before, asleep_at=now, device=disk.device)
    item = _disk_report.digest(report)
    wrong = _disk_health.problems(item, limits, before.get("problems", []))
    for problem in wrong:
        summary = "%s %s: %s" % (item["model"] or "disk", disk.name, problem.summary)
        details = dict((name, item[name]) for name in ("model", "serial", "messages", "nvme", "temperature"))
        _alarm.raise_alarm(
            host, _alarm.event("smartmontools", problem.what, problem.severity, disk.name, summary, details)
        )
    for gone in set(before.get("problems", [])) - set(problem.what for problem in wrong):
        _alarm.clear(host, _alarm.event("smartmontools", gone, "info", disk.name, "")["key"])
    kept = dict(item, at=now, device=disk.device, problems=[problem.what for problem in wrong])
    return dict(kept, tests=before.get("tests", {}), test_refused=before.get("test_refused", ""))


def _ask(host: Host, disk: _disks.Disk, before: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The report of a disk; None while it sleeps."""
    # Finding out how to talk to a disk may wake it: from the second time on it is known.
    kind = disk.type or before.get("type", "")
    argv = ["smartctl", "--json", "--nocheck=standby,%d" % ASLEEP, "-i", "-H", "-A", "-l", "selftest", "-l", "error"]
    argv += ["-d", kind] if kind else []
    try:
        done = host.run(argv + [disk.device], timeout=ASK_SECONDS, check=False)
        if done.rc == ASLEEP:
            return None
        report: Dict[str, Any] = json.loads(done.out)
        report.setdefault("smartctl", {}).setdefault("exit_status", done.rc)
        return report
    except (CommandError, ValueError) as error:
        # A disk that no longer answers is what this is all about.
        return {"smartctl": {"exit_status": 2, "messages": [{"string": str(error)}]}}


def from_smartd(host: Host, environment: Mapping[str, str]) -> int:
    """Raise the alarm that smartd asks for; it hands over what it has seen in the environment."""
    kind = environment.get("SMARTD_DEVICETYPE", "")
    disk = _disks.Disk(environment.get("SMARTD_DEVICE", "unknown disk"), kind if re.search(r",", kind) else "")
    failure = environment.get("SMARTD_FAILTYPE", "")
    message = environment.get("SMARTD_MESSAGE") or "smartd reports %s" % (failure or "a failure")
    what, severity = FAILURES.get(failure, ("access", "warning"))
    if failure == "EmailTest":
        what, severity = "test", "info"
    details: List[str] = [environment.get("SMARTD_DEVICEINFO", ""), environment.get("SMARTD_FULLMESSAGE", "")]
    _alarm.raise_alarm(
        host, _alarm.event("smartmontools", what, severity, disk.name, message, "\n".join(details).strip())
    )
    return 0
