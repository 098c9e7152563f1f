# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the hardware roles install: what a timer, a daemon or an operator starts on the host."""

import contextlib
import json
import os
import sys
from typing import Callable, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm,
    _alarm_sent,
    _disk_watch,
    _memory_watch,
    _sensor_watch,
    _smartd_alarm,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, HostError

SETTLE_SECONDS = 120


def alarm(host: Host) -> int:
    """Raise the alarm that is given as JSON on the standard input: for what an operator watches himself."""
    try:
        given = json.loads(sys.stdin.read())
        made = _alarm.event(
            str(given.get("role", "operator")),
            str(given.get("what", "alarm")),
            given.get("severity", "warning"),
            str(given.get("device", "")),
            str(given["summary"]),
            given.get("details", ""),
        )
        if made["severity"] not in _alarm.SEVERITIES:
            raise ValueError("severity: one of %s" % ", ".join(_alarm.SEVERITIES))
    except (ValueError, KeyError, AttributeError) as error:
        sys.stderr.write("no alarm: %s\n" % error)
        return 2
    _alarm.raise_alarm(host, made)
    return 0


def test(host: Host) -> int:
    """Send a test along the alarm path, and say what became of it."""
    outcome = _alarm.test(host)
    sys.stdout.write(json.dumps(outcome, sort_keys=True) + "\n")
    return 1 if _alarm.failures(outcome) else 0


def watchdog(host: Host) -> int:
    """Tell of a watchdog that has reset the machine, or of what else it noted before this boot; 1 while that is not all out."""
    # At boot its driver may still be on its way: udev loads them beside everything else.
    with contextlib.suppress(CommandError):
        host.run(["udevadm", "settle", "--timeout=%d" % SETTLE_SECONDS], timeout=2 * SETTLE_SECONDS, check=False)
    devices = dict((device["name"], device) for device in _watchdog_devices.loaded(host))
    alarms = [
        _alarm.event("watchdog", "reset", "critical", name, "before this boot " + words, devices[name])
        for name, words in _watchdog_devices.reset_words(list(devices.values())).items()
    ]
    for made in alarms:
        _alarm.raise_alarm(host, made)
    # Nobody else may be there to try again, and it is started anew until all is out.
    _alarm.send_again(host)
    return 1 if any(_alarm_sent.waits(host, made["key"]) for made in alarms) else 0


def smartd(host: Host) -> int:
    """Raise the alarm of smartd, which runs this when a disk fails."""
    return _smartd_alarm.raise_it(host, os.environ)


VERBS: Dict[str, Callable[[Host], int]] = {
    "alarm": alarm,
    "disks": _disk_watch.watch,
    "memory": _memory_watch.watch,
    "sensors": _sensor_watch.watch,
    "smartd": smartd,
    "test": test,
    "watchdog": watchdog,
}


def run(arguments: List[str]) -> int:
    """Run one verb."""
    if len(arguments) != 1 or arguments[0] not in VERBS:
        sys.stderr.write("kernelops-hardware %s\n" % "|".join(sorted(VERBS)))
        return 2
    host = Host()
    try:
        code = VERBS[arguments[0]](host)
    except HostError as error:
        sys.stderr.write("%s\n" % error)
        code = 1
    # What is new comes first: a way that hangs must not keep anybody from looking.
    _alarm.send_again(host)
    return code


def main() -> None:
    raise SystemExit(run(sys.argv[1:]))
