# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as a hardware role wants it, with the alarm path that these roles share: files, units, and what is remembered."""

import json
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _alarm_path, _program, _setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._setup import Change

RECORD = STATE_DIR + "/hardware.json"
UNITS = "/etc/systemd/system/"
BEGUN, RESTARTED = "enabled, active", "restarted"


class Wish(NamedTuple):
    """What a role wants: its name, its setup and all that it may own; and the same of the alarm path."""

    role: str
    present: bool
    setup: _setup.Setup
    owned: _setup.Owned
    alarm: _setup.Setup
    packages: List[str]
    left: List[str]


def record(host: Host) -> Dict[str, Any]:
    """By role: the packages that were installed for it, and how units of others stood before; raises HostError."""
    text = host.read(RECORD)
    if text is None:
        return {}
    try:
        found = json.loads(text)
        return dict(
            (str(role), {"packages": list(e["packages"]), "units": dict(e["units"])}) for role, e in found.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HostError(
            "%s: is damaged (%s); remove it, and what the hardware roles left by hand" % (RECORD, error)
        ) from None


def record_of(host: Host, role: str, errors: Dict[str, str]) -> Dict[str, Any]:
    """What is remembered of a role, or why that cannot be read in C(errors)."""
    try:
        found: Dict[str, Any] = record(host).get(role, {"packages": [], "units": {}})
        return found
    except HostError as error:
        errors["record"] = str(error)
        return {"packages": [], "units": {}}


def wish(
    host: Host, role: str, owned: _setup.Owned, setup: Any, policy: Dict[str, Any], packages: List[str], left: List[str]
) -> Wish:
    """A role's wish; C(setup) is None to take everything back, with C(left), what its program has written."""
    present = setup is not None
    alarm = _setup.NOTHING
    others = sorted(set(record(host)) - {role})
    if present:
        alarm = _alarm_path.setup(policy, _program.python(host))
    elif others:
        # Another role still uses it, as it is.
        there = [path for path in _alarm_path.owned().files if host.exists(path)]
        alarm = _setup.Setup(dict((path, _as_it_is(host, path)) for path in there), {}, [])
    return Wish(role, present, setup or _setup.NOTHING, owned, alarm, packages, left)


def _as_it_is(host: Host, path: str) -> _setup.File:
    return _setup.File(host.read(path) or "", host.mode(path))


def files(host: Host, wish: Wish) -> List[Change]:
    """The files that are not as wanted; raises HostError."""
    changes = _setup.plan(host, "alarm", wish.alarm, _alarm_path.owned())
    return changes + _setup.plan(host, wish.role, wish.setup, wish.owned)


def remembered(host: Host, wish: Wish) -> List[Change]:
    """The record, before and after."""
    kept = record(host)
    before = _dump(kept)
    if wish.present:
        entry = kept.setdefault(wish.role, {"packages": [], "units": {}})
        entry["packages"] = sorted(set(entry["packages"]) | set(wish.packages))
        foreign = [name for name in wish.setup.units if UNITS + name not in wish.owned.files]
        for name, stand in _setup.units(host, foreign).items():
            entry["units"].setdefault(name, {"enabled": stand["enabled"], "active": stand["active"]})
    else:
        kept.pop(wish.role, None)
    after = _dump(kept)
    changes = [Change(RECORD, before, after, 0o644)] if before != after else []
    # A proof, or a result, of what is no longer there would be none.
    gone = ([] if wish.present else wish.left) + ([] if kept else [_alarm.STATUS, _alarm.SENT, _alarm.LOCK])
    texts = [(path, host.read(path)) for path in gone]
    return changes + [Change(path, text, "", 0o644) for path, text in texts if text is not None]


def _dump(kept: Dict[str, Any]) -> str:
    return json.dumps(kept, indent=1, sort_keys=True) + "\n" if kept else ""


def units(host: Host, wish: Wish, changed: List[Change]) -> List[Change]:
    """What must happen to units: enabled and started, restarted, or given back."""
    paths = set(change.path for change in changed)
    earlier = record(host).get(wish.role, {"units": {}})["units"]
    changes = []
    for name, stand in sorted(_setup.units(host, sorted(wish.owned.units)).items()):
        after = stand
        if name in wish.setup.units:
            after = {"enabled": True, "active": True}
        elif stand["there"] and UNITS + name in wish.owned.files:
            after = {"enabled": False, "active": False}
        elif stand["there"] and name in earlier:
            after = dict((part, stand[part] and earlier[name][part]) for part in ("enabled", "active"))
        if _words(after) != _words(stand):
            changes.append(Change(name, _words(stand), _words(after)))
        elif stand["active"] and paths & set(wish.owned.units[name]):
            changes.append(Change(name, "active", RESTARTED))
    return changes


def _words(stand: Dict[str, Any]) -> str:
    return "%s, %s" % (
        "enabled" if stand.get("enabled") else "disabled",
        "active" if stand.get("active") else "inactive",
    )


def plan(host: Host, wish: Wish) -> List[Change]:
    """Everything that is not as wanted; raises HostError."""
    changed = files(host, wish)
    return changed + units(host, wish, changed) + remembered(host, wish)
