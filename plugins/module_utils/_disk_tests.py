# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-tests of NVMe disks, begun by the timer where smartd cannot (before 7.5), in the hours of the policy."""

import time
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

START_SECONDS = 120
# The exit status says nothing: a disk without self-tests ends with 0.
BEGUN = "elf-test has begun"


def begin(host: Host, disks: Dict[str, Any], schedule: Dict[str, Dict[str, int]]) -> None:
    """Begin a test that is due, on one disk a round: two at once slow a host down. C(disks) are the results of the round."""
    now = int(time.time())
    due = []
    for name, item in disks.items():
        for kind, at in schedule.items():
            if item.get("protocol") == "NVMe":
                # Of a disk that is new, the next time counts.
                began = item["tests"].setdefault(kind, now)
                if began < _last_time(now, at["hour"], at["day"]):
                    due.append((kind, began, name))
    # The long one first, which does what the short one does.
    for kind, _began, name in sorted(due)[:1]:
        item = disks[name]
        item["tests"].update(dict.fromkeys(schedule, now) if kind == "long" else {kind: now})
        item["test_refused"] = _start(host, item["type"], kind, item["device"])


def _last_time(now: int, hour: int, day: int) -> float:
    """When it was last the hour of a test; C(day) 1 is Monday, 0 any day."""
    today = time.localtime(now)
    times = [
        time.mktime((today.tm_year, today.tm_mon, today.tm_mday - back, hour, 0, 0, 0, 0, -1)) for back in range(8)
    ]
    return next(at for at in times if at <= now and day in (0, time.localtime(at).tm_wday + 1))


def _start(host: Host, kind_of_disk: str, kind: str, device: str) -> str:
    """Start one; returns why not, or an empty text."""
    try:
        argv = ["smartctl", "-d", kind_of_disk, "-t", kind, device]
        done = host.run(argv, timeout=START_SECONDS, check=False)
    except CommandError as error:
        return str(error)
    if BEGUN in done.out:
        return ""
    lines = [line.strip() for line in (done.out + done.err).splitlines()]
    said = [line for line in lines if line and not line.startswith(("smartctl ", "Copyright", "==="))]
    return " ".join(said)[:300] or "it ended with %d" % done.rc
