# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as a hardware role wants it, with the alarm path that these roles share: files, units, and what is remembered."""

import json
from typing import Any, Dict, List, NamedTuple, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _alarm_path, _program, _setup
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File, differing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

RECORD = STATE_DIR + "/hardware.json"
# Of a role that was never set up.
NOTHING: Dict[str, Any] = {"set_up": False, "packages": [], "brought": [], "units": {}}
NONE_OF_IT = {"enabled": False, "active": False}
BEGUN, RESTARTED = "enabled, active", "restarted"


class Wish(NamedTuple):
    """What a role wants: its name, its setup and all that it may own; and the same of the alarm path."""

    role: str
    present: bool
    setup: _setup.Setup
    owned: _setup.Owned
    alarm: _setup.Setup
    packages: List[str]
    brought: List[str]
    left: List[str]


def record(host: Host) -> Dict[str, Any]:
    """By role: whether it is set up, the packages that were installed for it with what these brought, and how units of others stood before.

    Raises HostError.
    """
    text = host.read(RECORD)
    if text is None:
        return {}
    try:
        found = json.loads(text)
        return dict((str(role), _entry(entry)) for role, entry in found.items())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HostError(
            "%s: is damaged (%s); remove it, and what the hardware roles left by hand" % (RECORD, error)
        ) from None


def _entry(found: Dict[str, Any]) -> Dict[str, Any]:
    lists = dict((name, list(found[name])) for name in ("packages", "brought"))
    return dict(lists, set_up=bool(found["set_up"]), units=dict(found["units"]))


def users(kept: Dict[str, Any]) -> List[str]:
    """The roles of a record that are set up: of the others it knows packages alone."""
    return sorted(role for role, entry in kept.items() if entry["set_up"])


def record_of(host: Host, role: str) -> Dict[str, Any]:
    """What is remembered of a role; raises HostError."""
    return dict(record(host).get(role, NOTHING))


def wish(
    host: Host,
    role: str,
    owned: _setup.Owned,
    setup: Any,
    policy: Dict[str, Any],
    packages: Sequence[str] = (),
    brought: Sequence[str] = (),
    left: Sequence[str] = (),
) -> Wish:
    """A role's wish; C(setup) is None to take everything back, with C(left), what its program has written.

    C(packages) were installed for it, or, to take everything back, still are; with them came what they C(brought).
    """
    present = setup is not None
    alarm = _setup.NOTHING
    others = set(users(record(host))) - {role}
    if present:
        alarm = _alarm_path.setup(policy, _program.python(host))
    elif others:
        # Another role still uses it, as it is.
        there = [path for path in _alarm_path.owned().files if host.exists(path)]
        alarm = _setup.Setup(dict((path, _as_it_is(host, path)) for path in there), {}, [])
    return Wish(role, present, setup or _setup.NOTHING, owned, alarm, list(packages), list(brought), list(left))


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
        entry = kept.setdefault(wish.role, _entry(NOTHING))
        entry["set_up"] = True
        for part, names in (("packages", wish.packages), ("brought", wish.brought)):
            entry[part] = sorted(set(entry[part]) | set(names))
        foreign = [name for name in wish.setup.units if unit_path(name) not in wish.owned.files]
        for name, stand in _setup.units(host, foreign).items():
            entry["units"].setdefault(name, {"enabled": stand["enabled"], "active": stand["active"]})
    elif wish.packages:
        kept[wish.role].update(set_up=False, units={})
    else:
        kept.pop(wish.role, None)
    # A proof, or a result, of what is no longer there would be none.
    gone = ([] if wish.present else wish.left) + ([] if users(kept) else [_alarm.STATUS, _alarm.SENT, _alarm.LOCK])
    return differing(host, dict({RECORD: File(_dump(kept))}, **dict((path, File("")) for path in gone)))


def _dump(kept: Dict[str, Any]) -> str:
    return json.dumps(kept, indent=1, sort_keys=True) + "\n" if kept else ""


def units(host: Host, wish: Wish, changed: List[Change]) -> List[Change]:
    """What must happen to units: enabled and started, restarted, or given back."""
    paths = set(change.path for change in changed)
    known = record_of(host, wish.role)
    changes = []
    for name, stand in sorted(_setup.units(host, sorted(wish.owned.units)).items()):
        after = stand
        if name in wish.setup.units:
            after = {"enabled": True, "active": True}
        elif stand["there"] and unit_path(name) in wish.owned.files:
            after = NONE_OF_IT
        elif stand["there"] and name in known["units"]:
            # What a package of ours has brought and started was not there before.
            earlier = NONE_OF_IT if known["packages"] else known["units"][name]
            after = dict((part, stand[part] and earlier[part]) for part in ("enabled", "active"))
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
