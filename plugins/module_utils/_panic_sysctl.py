# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role panic_sysctl: which panic parameters a host has, and whether they are what the policy wants."""

from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _panic_sysctl_controls,
    _panic_sysctl_policy,
    _sysctl,
    _sysctl_planes,
    _sysctl_rivals,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._panic_sysctl_policy import KEYS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._sysctl import KEXEC_KEY

validate = _panic_sysctl_policy.validate
resolve = _panic_sysctl_policy.resolve
evaluate = _panic_sysctl_controls.evaluate


def observe(host: Host) -> Dict[str, Any]:
    """The panic parameters in their planes (live, persisted, boot), and why what could not be read could not."""
    machine = _virtualization.observe(host)
    state: Dict[str, Any] = {"virtualization": machine, "sysctls": {}, "boot": {}, "boot_error": ""}
    if machine["kind"] == "container":
        return state
    sources = _sysctl_planes.sources(host)
    for key in sorted(KEYS) + [KEXEC_KEY]:
        state["sysctls"][key] = _sysctl_planes.observe(host, key, sources)
    state["sysctl_conf"] = {} if sources.error else _unread_sysctl_conf(host)
    state["kdump_in_use"] = _sysctl_rivals.kdump_in_use(host)
    try:
        state["boot"] = _bootloader.observe(host)
    except HostError as error:
        state["boot_error"] = str(error)
    return state


def _unread_sysctl_conf(host: Host) -> Dict[str, str]:
    # Debian 13 does not read the file at boot, but "sysctl --system" and "sysctl -p" still do.
    if any(host.resolve(path) == _sysctl.SYSCTL_CONF for path in _sysctl.files(host)):
        return {}
    found = _sysctl.parse(host.read(_sysctl.SYSCTL_CONF) or "", _sysctl.SYSCTL_CONF)
    return dict((a.key, "%s:%d sets %s" % (a.source, a.line, a.value)) for a in found if a.key in KEYS)
