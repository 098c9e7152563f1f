# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role crash_evidence: whether what the kernel says when it dies outlives the crash, and for how long."""

import re
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _crash_evidence_controls,
    _crash_evidence_files,
    _crash_evidence_policy,
    _crash_evidence_ramoops,
    _sysctl_planes,
    _systemd,
    _tmpfiles,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

validate = _crash_evidence_policy.validate
resolve = _crash_evidence_policy.resolve
evaluate = _crash_evidence_controls.evaluate

JOURNAL = "/var/log/journal"
PSTORE_SERVICE = "systemd-pstore.service"
PSTORE_PARAMETERS = "/sys/module/pstore/parameters"
SETTINGS = ("Storage", "SystemMaxUse", "SyncIntervalSec", "Unlink")


def observe(host: Host) -> Dict[str, Any]:
    """What this host has of it; C(errors) says why what could not be read could not."""
    state: Dict[str, Any] = {"virtualization": _virtualization.observe(host), "errors": {}}
    if state["virtualization"]["kind"] == "container":
        return state
    sources = _sysctl_planes.sources(host)
    keys = _crash_evidence_policy.PANIC_KEYS + (_crash_evidence_policy.PRINTK,)
    state.update(
        running=host.read("/proc/cmdline") or "",
        boot=attempt(state, "boot", lambda: _bootloader.observe(host)),
        sysctls=dict((key, _sysctl_planes.observe(host, key, sources)) for key in keys),
        journald=attempt(state, "journald", lambda: _settings(host, "journald.conf", "Journal")),
        journal_on_disk=on_disk(host),
        pstore=attempt(state, "pstore", lambda: _pstore(host)),
        retention=attempt(state, "retention", lambda: _retention(host)),
        space=attempt(state, "space", lambda: _space(host)),
        post_notifiers=attempt(state, "post_notifiers", lambda: _parameter(host, _crash_evidence_files.POST_NOTIFIERS)),
        system_ram=attempt(state, "iomem", lambda: _crash_evidence_ramoops.system_ram(host.read("/proc/iomem") or ""))
        or [],
        consoles=re.findall(r"(?m)^(\w+)\s", host.read("/proc/consoles") or ""),
        own=attempt(state, "own", lambda: dict((path, host.read(path)) for path in _crash_evidence_files.OWN)),
        netconsole_enabled=_systemd.unit(host, _crash_evidence_files.NETCONSOLE).enabled,
    )
    return state


def on_disk(host: Host) -> bool:
    """Whether journald keeps the system's journal where it outlives a restart."""
    machine = (host.read("/etc/machine-id") or "").strip()
    return bool(machine) and host.exists("%s/%s/system.journal" % (JOURNAL, machine))


def _settings(host: Host, name: str, section: str) -> Dict[str, List[str]]:
    found = _systemd.settings(host, name, section)
    return dict((key, list(found[key])) for key in SETTINGS if key in found)


def _parameter(host: Host, path: str) -> str:
    """A parameter of a kernel module, '' for one that is not there or not set."""
    return (host.read(path) or "").strip().replace("(null)", "")


def _pstore(host: Host) -> Dict[str, Any]:
    unit = _systemd.unit(host, PSTORE_SERVICE)
    return {
        "supported": host.exists(PSTORE_PARAMETERS),
        "backend": _parameter(host, PSTORE_PARAMETERS + "/backend"),
        "kmsg_bytes": _parameter(host, PSTORE_PARAMETERS + "/kmsg_bytes"),
        "efi": host.exists("/sys/firmware/efi"),
        "erst": host.exists("/sys/firmware/acpi/tables/ERST"),
        "service": _systemd.installed(host, PSTORE_SERVICE),
        "masked": unit.masked,
        "enabled": unit.enabled,
        "settings": _settings(host, "pstore.conf", "PStore"),
    }


def _retention(host: Host) -> Dict[str, Any]:
    found = _tmpfiles.age(host, _crash_evidence_files.ARCHIVE)
    return dict(found._asdict()) if found else {"text": "-", "seconds": None, "source": ""}


def _space(host: Host) -> List[Dict[str, Any]]:
    found = []
    for path in (JOURNAL, _crash_evidence_files.ARCHIVE):
        space = host.space(path)
        found.append({"path": path, "free": space.free, "read_only": space.read_only})
    return found
