# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role watchdog: whether hardware resets a host that hangs, and whether it leaves a panic time for its dump."""

import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _modules,
    _setup,
    _virtualization,
    _watchdog_controls,
    _watchdog_devices,
    _watchdog_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._watchdog_files import OWNED, setup

__all__ = ["LEFT", "evaluate", "observe", "owned", "resolve", "setup", "validate"]

LEFT: List[str] = []

MANAGER = ("RuntimeWatchdogUSec", "WatchdogDevice", "WatchdogLastPingTimestampMonotonic")
MANAGER_FOLDERS = ("/usr/lib/systemd/system.conf.d", "/run/systemd/system.conf.d", "/etc/systemd/system.conf.d")
UNITS_OF_TIME = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
validate = _watchdog_policy.validate
resolve = _watchdog_policy.resolve
evaluate = _watchdog_controls.evaluate


def owned(_state: Dict[str, Any]) -> _setup.Owned:
    """All that this role may make."""
    return OWNED


def observe(host: Host) -> Dict[str, Any]:
    """The watchdogs of this host, and who feeds them."""
    state: Dict[str, Any] = {"virtualization": _virtualization.observe(host), "errors": {}, "setup": None}
    if state["virtualization"]["kind"] == "container":
        return state
    hardware = _watchdog_devices.hardware(host)
    state.update(
        systemd=host.exists("/run/systemd/system"),
        kernel=(host.read("/proc/sys/kernel/osrelease") or "").strip(),
        hardware=hardware,
        available=_modules.available(host, _watchdog_devices.KNOWN),
        devices=_watchdog_devices.loaded(host),
        feeder=_watchdog_devices.feeder(host),
        kernel_panic=_number(host.read("/proc/sys/kernel/panic")),
        crash_kernel=(host.read("/sys/kernel/kexec_crash_loaded") or "").strip() == "1",
        modprobe=host.which("modprobe") or "/sbin/modprobe",
    )
    try:
        state["setup"] = _setup.observe(host, OWNED)
        state["manager"] = _manager(host) if state["systemd"] else {}
        state["winner"] = _winner(host)
    except HostError as error:
        state["errors"]["setup"] = str(error)
    return state


def _number(text: Optional[str]) -> int:
    return int(text) if text and text.strip().lstrip("-").isdigit() else 0


def _manager(host: Host) -> Dict[str, Any]:
    shown = host.run(["systemctl", "show", "--property=" + ",".join(MANAGER)], timeout=30).out
    values = dict(line.partition("=")[::2] for line in shown.splitlines())
    return {
        "timeout": seconds(values.get("RuntimeWatchdogUSec", "")),
        "device": values.get("WatchdogDevice", ""),
        "fed": _number(values.get("WatchdogLastPingTimestampMonotonic")) > 0,
    }


def seconds(text: str) -> float:
    """A span of time as systemd writes it, e.g. 1min 30s; 0 for none."""
    return sum(float(number) * UNITS_OF_TIME[unit] for number, unit in re.findall(r"([0-9.]+)(us|ms|min|s|h)\b", text))


def _winner(host: Host) -> Tuple[str, str]:
    """The file that sets the manager's timeout at the next start, and to what."""
    names: Dict[str, str] = {}
    for folder in MANAGER_FOLDERS:
        names.update((name, "%s/%s" % (folder, name)) for name in host.listdir(folder) if name.endswith(".conf"))
    found = ("", "")
    for path in ["/etc/systemd/system.conf"] + [names[name] for name in sorted(names)]:
        for value in re.findall(r"(?m)^\s*RuntimeWatchdogSec\s*=\s*(\S*)", host.read(path) or ""):
            found = (path, value)
    return found
