# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of incidents: years that syslog leaves out, and how far two times are apart."""

import calendar
import re
import time
from typing import Any, Dict, List, Optional

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:Z|([+-])(\d\d):?(\d\d))?\Z")
NO_YEAR = "0000-"


def epoch(stamp: Optional[str]) -> Optional[int]:
    """Seconds of a stamp; one without a zone is taken for UTC. None where it is none."""
    match = ISO.match(stamp or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        found = calendar.timegm((max(int(year), 1), int(month), int(day), int(hour), int(minute), int(second)))
    except (ValueError, OverflowError):
        return None
    offset = int(hours or 0) * 3600 + int(minutes or 0) * 60
    return found - (offset if sign == "+" else -offset)


def apart(one: Optional[str], other: Optional[str]) -> Optional[int]:
    """Seconds between two stamps, None where one of them is unknown."""
    first, second = epoch(one), epoch(other)
    return None if first is None or second is None else abs(first - second)


def utc(seconds: float) -> str:
    """A time of the machine's clock as the modules write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def of_machine(stamp: Optional[str]) -> Optional[str]:
    """The same time in UTC where a stamp names no zone, as in most log files: they are written in the machine's own."""
    try:
        return utc(time.mktime(time.strptime(stamp or "", "%Y-%m-%dT%H:%M:%S")))
    except (ValueError, OverflowError):
        return stamp


def settle(incidents: List[Dict[str, Any]], modified: Optional[float]) -> None:
    """Give syslog's stamps the year that its file's last change allows; it is never in the future of that."""
    for incident in incidents:
        stamp = incident["at"] or ""
        if stamp.startswith(NO_YEAR):
            if modified is None:
                incident["at"] = None
                continue
            # A day more, for the zone that nobody knows.
            last = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(modified + 86400))
            year = int(last[:4]) - (stamp[5:] > last[5:])
            incident["at"] = "%04d-%s" % (year, stamp[5:])
