# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as a hardware role wants it, with the alarm path that these roles share: files, units, and what is remembered."""

import json
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _alarm_path, _program, _setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File, differing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

RECORD = STATE_DIR + "/hardware.json"
# Of a role that was never set up.
NOTHING: Dict[str, Any] = {"packages": [], "units": {}}
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


def record_of(host: Host, role: str) -> Dict[str, Any]:
    """What is remembered of a role; raises HostError."""
    return dict(record(host).get(role, NOTHING))


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


def _as_it_is(host: Host, path: str) -> File:
    return File(host.read(path) or "", host.mode(path))


def files(host: Host, wish: Wish) -> List[Change]:
    """The files that are not as wanted; raises HostError."""
    changes = _setup.plan(host, "alarm", wish.alarm, _alarm_path.owned())
    return changes + _setup.plan(host, wish.role, wish.setup, wish.owned)


def remembered(host: Host, wish: Wish) -> List[Change]:
    """The record, before and after."""
    kept = record(host)
    if wish.present:
        entry = kept.setdefault(wish.role, dict(NOTHING, units={}))
        entry["packages"] = sorted(set(entry["packages"]) | set(wish.packages))
        foreign = [name for name in wish.setup.units if unit_path(name) not in wish.owned.files]
        for name, stand in _setup.units(host, foreign).items():
            entry["units"].setdefault(name, {"enabled": stand["enabled"], "active": stand["active"]})
    else:
        kept.pop(wish.role, None)
    # A proof, or a result, of what is no longer there would be none.
    gone = ([] if wish.present else wish.left) + ([] if kept else [_alarm.STATUS, _alarm.SENT, _alarm.LOCK])
    return differing(host, dict({RECORD: File(_dump(kept))}, **dict((path, File("")) for path in gone)))


def _dump(kept: Dict[str, Any]) -> str:
    return json.dumps(kept, indent=1, sort_keys=True) + "\n" if kept else ""


def units(host: Host, wish: Wish, changed: List[Change]) -> List[Change]:
    """What must happen to units: enabled and started, restarted, or given back."""
    paths = set(change.path for change in changed)
    earlier = record_of(host, wish.role)["units"]
    changes = []
    for name, stand in sorted(_setup.units(host, sorted(wish.owned.units)).items()):
        after = stand
        if name in wish.setup.units:
            after = {"enabled": True, "active": True}
        elif stand["there"] and unit_path(name) in wish.owned.files:
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
