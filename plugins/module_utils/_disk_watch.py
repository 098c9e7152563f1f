# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round of the timer: asks every disk that is awake, raises alarms, and keeps what was said for the audit."""

import contextlib
import json
import time
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm,
    _disk_health,
    _disk_report,
    _disk_results,
    _disk_tests,
    _disks,
    _watch_settings,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CommandError,
    Host,
    HostError,
)

SETTINGS = _watch_settings.DISKS
ASK_SECONDS = 120
# An exit status that smartctl has for nothing else.
ASLEEP = 250


def watch(host: Host) -> int:
    """One round; raises HostError where the settings cannot be used."""
    settings = _watch_settings.read(host, SETTINGS, "devices", "scan", "limits", "self_tests")
    earlier = _disk_results.read(host)
    found: Dict[str, Any] = {}
    there = _disks.present(host)
    for disk in _disks.chosen(settings["devices"], settings["scan"], there):
        found[disk.name] = _look(host, disk, settings["limits"], earlier)
        # Disks that hang can take longer than a round may: what the others said must not be lost with it.
        with contextlib.suppress(HostError):
            _disk_results.write(host, dict(earlier, **found))
    _disk_tests.begin(host, found, settings["self_tests"])
    lost = _disk_results.missing(earlier, found, [disk.device for disk in there], int(time.time()))
    _miss(host, lost, sorted(set(_disk_results.lost(earlier)) - set(lost)))
    _disk_results.write(host, dict(found, **lost))
    return 0


def _look(host: Host, disk: _disks.Disk, limits: Dict[str, Any], earlier: Dict[str, Any]) -> Dict[str, Any]:
    now = int(time.time())
    identity = _disks.identity(host, disk)
    before = _disk_results.of(earlier, disk.name, identity)
    report = _ask(host, disk, before)
    if report is None:
        return dict(before, asleep_at=now, device=disk.device, identity=identity)
    item = _disk_report.digest(report)
    if item["serial"] and item["serial"] != before.get("serial", item["serial"]):
        # Another disk: what is known of the one before does not hold for it, nor how to talk to it.
        before, item["type"] = {}, ""
    if item["exit_status"] & _disk_health.NOT_READ:
        item["type"] = ""
    # One that does not answer is still the one that it was.
    item.update((part, item[part] or before.get(part, "")) for part in ("model", "serial"))
    wrong = _disk_health.problems(item, limits, before.get("problems", []))
    _tell(host, disk, item, wrong, earlier.get(disk.name, {}))
    item.update(at=now, device=disk.device, identity=identity, problems=[problem.what for problem in wrong])
    item["built_in"] = bool(item["serial"]) and not disk.type and _disks.built_in(host, disk)
    return dict(item, tests=before.get("tests", {}), test_refused=before.get("test_refused", ""))


def _tell(host: Host, disk: _disks.Disk, item: Dict[str, Any], wrong: List[Any], last: Dict[str, Any]) -> None:
    """Raise alarms for what is wrong; C(last) is the disk that had this name in the round before."""
    same = last.get("serial", item["serial"]) == item["serial"]
    for gone in set(last.get("problems", [])) - set(problem.what for problem in wrong if same):
        _alarm.clear(host, _alarm.event("smartmontools", gone, "info", disk.name, "")["key"])
    for problem in wrong:
        summary = "%s %s: %s" % (item["model"] or "disk", disk.name, problem.summary)
        details = dict((name, item[name]) for name in ("model", "serial", "messages", "nvme", "temperature"))
        _alarm.raise_alarm(
            host, _alarm.event("smartmontools", problem.what, problem.severity, disk.name, summary, details)
        )


def _miss(host: Host, lost: Dict[str, Any], back: List[str]) -> None:
    for name, item in sorted(lost.items()):
        summary = "%s %s is gone: the kernel does not show it any more" % (item["model"] or "disk", name)
        _alarm.raise_alarm(host, _alarm.event("smartmontools", "missing", "critical", name, summary))
    for name in back:
        _alarm.clear(host, _alarm.event("smartmontools", "missing", "info", name, "")["key"])


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
