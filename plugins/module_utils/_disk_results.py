# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of each disk from one round to the next: a disk is known by itself, not by its place, and missed when it is gone."""

import json
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host

PATH = STATE_DIR + "/disks.json"


def read(host: Host) -> Dict[str, Any]:
    """By disk what was found the last time; empty for what nobody can use. Raises Unreadable."""
    try:
        found = json.loads(host.read(PATH) or "{}")
        return dict((str(name), dict(item)) for name, item in found.items())
    except (ValueError, TypeError, AttributeError):
        return {}


def write(host: Host, found: Dict[str, Any]) -> None:
    """Keep it; raises HostError."""
    host.write(PATH, json.dumps(found, indent=1, sort_keys=True) + "\n")


def of(earlier: Dict[str, Any], name: str, identity: str) -> Dict[str, Any]:
    """What is known of the very disk that has this name now: after a restart it may have that of another."""
    here = earlier.get(name, {})
    if identity and here.get("identity") != identity:
        here = next((item for item in earlier.values() if item.get("identity") == identity), {})
    return dict((part, value) for part, value in here.items() if part != "missing_since")


def missing(earlier: Dict[str, Any], found: Dict[str, Any], there: List[str], now: int) -> Dict[str, Any]:
    """The disks that were built in and are gone, by a name that no other disk will have; C(there) are the devices of now."""
    serials = [item.get("serial") for item in found.values()]
    lost = {}
    for name, item in earlier.items():
        if not item.get("built_in") or item["serial"] in serials:
            continue
        if "missing_since" in item:
            lost[name] = item
        elif name in found or item["device"] not in there:
            kept = dict((part, item[part]) for part in ("model", "serial", "device", "identity", "built_in"))
            lost["%s (serial number %s)" % (item["device"], item["serial"])] = dict(kept, missing_since=now)
    return lost


def lost(results: Dict[str, Any]) -> Dict[str, Any]:
    """The missing ones of what was read."""
    return dict((name, item) for name, item in results.items() if "missing_since" in item)
