# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel parameter in its planes, live and at the next boot, as the roles observe and judge it."""

from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _sysctl, _sysctl_rivals
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, part, unread


class Sources(NamedTuple):
    """Who sets kernel parameters at boot; C(error) says why that could not be read."""

    found: List[_sysctl.Assignment]
    rivals: List[Dict[str, str]]
    error: str


def sources(host: Host) -> Sources:
    """Read them once for all keys."""
    try:
        return Sources(_sysctl.assignments(host), _sysctl_rivals.observe(host), "")
    except HostError as error:
        return Sources([], [], str(error))


def observe(host: Host, key: str, known: Sources) -> Dict[str, Any]:
    """The live value of a key, the one at the next boot, who decides that, and whom it beats."""
    item: Dict[str, Any] = {"live": None, "persisted": None, "source": "", "beaten": [], "error": known.error}
    winner, beaten = _sysctl.persisted(known.found, key)
    if winner:
        item.update(persisted=winner.value, source=_sysctl.shown(host, winner), by="systemd-sysctl")
    for rival in known.rivals:
        if rival["key"] == key:
            beaten = beaten + ([winner] if winner else [])
            item.update(persisted=rival["value"], source=rival["source"], by=rival["by"])
    item["beaten"] = [_sysctl.shown(host, assignment) for assignment in beaten]
    try:
        item["live"] = _sysctl.live(host, key)
    except HostError as error:
        item["error"] = str(error)
    return item


def judge(key: str, value: str, item: Dict[str, Any], owner: str, variable: str) -> Dict[str, Any]:
    """The finding about a key: C(owner) names the drop-in that should decide, C(variable) where else to say what is meant."""
    if item["error"]:
        return unread(value, item["error"])
    if item["live"] is None:
        return part("not_applicable", value, "absent", reason="this kernel has no %s" % key)
    kept = "not set" if item["persisted"] is None else "%s (%s)" % (item["persisted"], item["source"])
    live_ok, kept_ok = _sysctl.same(item["live"], value), _sysctl.same(item["persisted"], value)
    reasons, remedy = [], ""
    if not live_ok:
        reasons.append("the running kernel has %s" % (item["live"] or "nothing"))
        remedy = HARDEN
    if not kept_ok:
        reasons.append(_kept_reason(item))
        remedy = _kept_remedy(key, item, owner, variable)
    return part(
        "pass" if live_ok and kept_ok else "fail",
        value,
        "live %s, at boot %s" % (item["live"], kept),
        reason="; ".join(reasons),
        remedy=remedy,
        evidence=[_sysctl.proc_path(key)] + ([item["source"]] if item["source"] else []),
    )


def _kept_reason(item: Dict[str, Any]) -> str:
    if item["persisted"] is None:
        return "no file sets it at boot"
    if item["by"] == "systemd-sysctl":
        return "%s sets %s at boot" % (item["source"], item["persisted"])
    return "%s sets %s (%s)" % (item["by"], item["persisted"], item["source"])


def _kept_remedy(key: str, item: Dict[str, Any], owner: str, variable: str) -> str:
    ours = _sysctl.drop_in(owner)
    if item["persisted"] is None or item["source"].startswith(ours + ":"):
        return HARDEN
    file_name = item["source"].split(":", 1)[0].rsplit("/", 1)[1]
    if item["by"] == "systemd-sysctl" and file_name < ours.rsplit("/", 1)[1]:
        return HARDEN
    return "remove %s from %s, or set %s to what is meant" % (key, item["source"], variable)
