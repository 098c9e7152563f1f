# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole set of kernel parameters as one change: a drop-in, the live values, and the way back."""

import json
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _sysctl, _sysctl_rivals
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

HEADER = """\
# Managed by Ansible, kernelops.panic_hardening.sysctl_profile (name: %s): changes are overwritten.
# A dash lets a kernel that lacks a key, or refuses a value, boot on without a failed unit.
"""


class Plan(NamedTuple):
    """What a change would do. Texts are '' for a file that is not there; C(live) is key to (now, then).

    C(released) are the keys that go back to what they were before our first change.
    """

    path: str
    before: str
    after: str
    record_path: str
    record_before: str
    record_after: str
    live: Dict[str, Any]
    released: List[str]
    missing: List[str]
    overridden: List[Dict[str, str]]

    @property
    def changed(self) -> bool:
        """Whether anything on the host differs from what is wanted."""
        return self.before != self.after or bool(self.live) or self.record_before != self.record_after


def check(settings: Dict[str, Any]) -> Dict[str, str]:
    """Settings fit to be written to a file and to /proc/sys; raises PolicyError that names the key."""
    checked = {}
    for key, value in settings.items():
        shown = str(key).replace("\n", "\\n")
        if not _sysctl.KEY.match(str(key)) or str(key) != _sysctl.normalize_key(str(key)):
            raise PolicyError("settings['%s']: is not the name of a kernel parameter such as kernel.panic" % shown)
        if isinstance(value, (bool, dict, list)) or value is None or not _sysctl.VALUE.match(str(value)):
            raise PolicyError("settings['%s']: '%s' is not a value for a kernel parameter" % (shown, value))
        checked[str(key)] = str(value)
    return checked


def plan(host: Host, name: str, settings: Optional[Dict[str, str]]) -> Plan:
    """What it takes to set the parameters of the owner C(name), or, for None, to take them back."""
    path, record_path = _sysctl.drop_in(name), "%s/sysctl_profile-%s.json" % (STATE_DIR, name)
    before, record_before = host.read(path) or "", host.read(record_path) or ""
    known = _read_record(record_before, record_path)
    after = _render(name, settings) if settings is not None else ""
    found = _sysctl.assignments(host, {path: after})
    kept = settings or {}
    released = dict((key, value) for key, value in known.items() if key not in kept)
    wanted = dict(_give_back(released, found), **kept)
    now = dict((key, _sysctl.live(host, key)) for key in wanted)
    present = dict((key, text) for key, text in now.items() if text is not None)
    live = dict((k, (present[k], wanted[k])) for k in present if not _sysctl.same(present[k], wanted[k]))
    # What the kernel had before our first change: without it a removal could only guess.
    record = dict((key, known.get(key, present[key])) for key in kept if key in present)
    record_after = json.dumps(record, indent=1, sort_keys=True) + "\n" if record else ""
    return Plan(
        path,
        before,
        after,
        record_path,
        record_before,
        record_after,
        live,
        sorted(released),
        sorted(key for key in kept if now[key] is None),
        _overridden(host, path, found, kept),
    )


def _render(name: str, settings: Dict[str, str]) -> str:
    return HEADER % name + "".join("-%s = %s\n" % pair for pair in sorted(settings.items()))


def _read_record(text: str, path: str) -> Dict[str, str]:
    try:
        record = json.loads(text or "{}")
        return dict((str(key), str(value)) for key, value in record.items())
    except (ValueError, AttributeError) as error:
        raise HostError(
            "%s: is damaged (%s); remove it, and a removal gives back the values set by files" % (path, error)
        ) from None


def _give_back(known: Dict[str, str], found: List[_sysctl.Assignment]) -> Dict[str, str]:
    wanted = {}
    for key, before in known.items():
        winner = _sysctl.persisted(found, key)[0]
        wanted[key] = winner.value if winner and winner.value is not None else before
    return wanted


def _overridden(host: Host, path: str, found: List[_sysctl.Assignment], wanted: Dict[str, str]) -> List[Dict[str, str]]:
    rivals = dict((rival["key"], rival) for rival in _sysctl_rivals.observe(host))
    beaten = []
    for key in sorted(wanted):
        winner = _sysctl.persisted(found, key)[0]
        if key in rivals:
            value, source = rivals[key]["value"], "%s: %s" % (rivals[key]["source"], rivals[key]["by"])
        elif winner and winner.value is not None and winner.source != path:
            value, source = winner.value, _sysctl.shown(host, winner)
        else:
            continue
        if not _sysctl.same(value, wanted[key]):
            beaten.append({"key": key, "wanted": wanted[key], "value": value, "source": source})
    return beaten


def apply(host: Host, change: Plan) -> List[str]:
    """Carry out a plan and read it back; on failure everything is as it was.

    Returns the released keys that the kernel would not take back: they last until the next boot.
    """
    done: Dict[str, str] = {}
    stuck: List[str] = []
    try:
        _put(host, change.record_path, change.record_after)
        _put(host, change.path, change.after)
        for key, (before, then) in sorted(change.live.items()):
            try:
                _sysctl.set_live(host, key, then)
                done[key] = before
            except HostError:
                if key not in change.released:
                    raise
                stuck.append(key)
    except HostError:
        _roll_back(host, change, done)
        raise
    return stuck


def _roll_back(host: Host, change: Plan, done: Dict[str, str]) -> None:
    _put(host, change.path, change.before)
    _put(host, change.record_path, change.record_before)
    for key, before in done.items():
        try:
            _sysctl.set_live(host, key, before)
        except HostError:
            # Some defaults cannot be written, e.g. 0 of kernel.max_rcu_stall_to_panic: the first error says more.
            continue


def _put(host: Host, path: str, text: str) -> None:
    if text:
        if host.read(path) != text:
            host.write(path, text)
    else:
        host.remove(path)
        if path.startswith(STATE_DIR):
            host.remove_empty(STATE_DIR)
