# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of the alarm path: its last test, and the last alarm that went along it."""

import json
import time
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CONFIG_DIR, STATE_DIR, Host

SETTINGS = CONFIG_DIR + "/alarm.json"
STATUS = STATE_DIR + "/alarm-status.json"
STAMP = "%Y-%m-%dT%H:%M:%SZ"


def status(host: Host) -> Dict[str, Any]:
    """The last test (C(tested)) and the last alarm (C(last)), each with C(at), C(key) and C(outcome); raises Unreadable."""
    try:
        found = json.loads(host.read(STATUS) or "{}")
        return dict((name, _run(found[name])) for name in ("tested", "last") if name in found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _run(entry: Dict[str, Any]) -> Dict[str, Any]:
    time.strptime(entry["at"], STAMP)
    outcome = dict((str(way), str(text)) for way, text in entry["outcome"].items())
    return {"at": entry["at"], "key": str(entry["key"]), "outcome": outcome}
