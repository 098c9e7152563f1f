# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that watch hardware, and what one of them wants on a host."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm_path,
    _hardware_host,
    _hardware_plan,
    _kdump_backends,
    _lm_sensors,
    _memory_headroom,
    _rasdaemon,
    _smartmontools,
    _watchdog,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ROLES: Dict[str, Any] = {
    "watchdog": _watchdog,
    "smartmontools": _smartmontools,
    "lm_sensors": _lm_sensors,
    "rasdaemon": _rasdaemon,
}


class Found(NamedTuple):
    """A wish, None where nothing is to be done; the reason why a role does not apply; its own check of what is to be written."""

    wish: Optional[_hardware_plan.Wish]
    reason: str
    check: Callable[[Host, _hardware_plan.Wish], None]


def names() -> List[str]:
    """The roles."""
    return sorted(ROLES)


def wish(
    host: Host, name: str, policy: Dict[str, Any], present: bool, packages: List[str], brought: Sequence[str] = ()
) -> Found:
    """What a role wants on this host; what an earlier policy made is taken back where the present one does not apply."""
    role = ROLES[name]
    state = role.observe(host)
    if _hardware_host.contained(state):
        return Found(None, _hardware_host.contained(state), _fine)
    owned = role.owned(state)
    # As long as it is there, a package of ours is not forgotten: the removal needs to know.
    still = _hardware_plan.record_of(host, name)["packages"] if state.get("installed") else []
    back = _hardware_plan.wish(host, name, owned, None, {}, still, left=role.LEFT)
    if not present:
        return Found(back, "", _fine)
    role.validate(policy)
    validate(policy)
    wanted = role.resolve(policy, state)
    if wanted.get("missing"):
        raise HostError("%s: %s" % (wanted["missing"], wanted["remedy"]))
    if not wanted["applicable"]:
        return Found(back, wanted["reason"], _fine)
    made = _hardware_plan.wish(host, name, owned, role.setup(policy, wanted, state), policy, packages, brought)
    return Found(made, "", getattr(role, "check", _fine))


def _fine(_host: Host, _wish: _hardware_plan.Wish) -> None:
    """Nothing of this role can be checked before it is written."""


def validate(policy: Dict[str, Any]) -> None:
    """Refuse what these roles share and could not use; raises PolicyError."""
    _alarm_path.validate(policy)
    _memory_headroom.validate(policy)


def units(host: Host, roles: Sequence[str]) -> Tuple[str, ...]:
    """All units that these roles ask systemd for."""
    place = {"family": _kdump_backends.system(host).family}
    found = set(_watchdog_devices.FEEDERS if "watchdog" in roles else ())
    return tuple(sorted(found.union(*(ROLES[name].owned(place).units for name in roles))))


def observe(host: Host) -> Dict[str, Any]:
    """What these roles share."""
    return {"alarm_path": _alarm_path.observe(host), "memory": _memory_headroom.observe(host)}


def evaluate(policy: Dict[str, Any], state: Dict[str, Any], watching: bool) -> List[Dict[str, Any]]:
    """The controls of what these roles share; C(watching) tells whether any of them has something to do on this host."""
    excuse = _hardware_host.contained(state["alarm_path"])
    silent = excuse or ("" if watching else "no role that watches hardware has anything to do here")
    return _alarm_path.evaluate(policy, state["alarm_path"], silent) + _memory_headroom.evaluate(
        policy, state["memory"], excuse
    )
