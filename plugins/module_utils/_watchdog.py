# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role watchdog: whether hardware resets a host that hangs, and whether it leaves a panic time for its dump."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_host,
    _modules,
    _setup,
    _systemd,
    _watchdog_controls,
    _watchdog_devices,
    _watchdog_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._watchdog_files import OWNED, setup

__all__ = ["LEFT", "evaluate", "observe", "owned", "resolve", "setup", "validate"]

LEFT: List[str] = []

# Shown by systemd 250 and newer.
FED = "WatchdogLastPingTimestampMonotonic"
NEVER = 2**64 - 1
# The last one is shown by systemd 251 and newer, which can set a pretimeout.
MANAGER = ("RuntimeWatchdogUSec", "WatchdogDevice", FED, "RuntimeWatchdogPreUSec")
validate = _watchdog_policy.validate
resolve = _watchdog_policy.resolve
evaluate = _watchdog_controls.evaluate


def owned(_state: Dict[str, Any]) -> _setup.Owned:
    """All that this role may make."""
    return OWNED


def observe(host: Host) -> Dict[str, Any]:
    """The watchdogs of this host, and who feeds them."""
    state = _hardware_host.begin(host)
    if _hardware_host.contained(state):
        return state
    hardware = _watchdog_devices.hardware(host)
    state.update(
        kernel=(host.read("/proc/sys/kernel/osrelease") or "").strip(),
        hardware=hardware,
        available=_modules.available(host, _watchdog_devices.KNOWN),
        devices=_watchdog_devices.loaded(host),
        bmc=_watchdog_devices.bmc(host),
        node=host.exists(_watchdog_devices.NODE),
        modules=[name for name in _watchdog_devices.KNOWN if host.exists("/sys/module/" + name)],
        kernel_panic=_number(host.read("/proc/sys/kernel/panic")),
        crash_kernel=(host.read("/sys/kernel/kexec_crash_loaded") or "").strip() == "1",
        modprobe=host.which("modprobe") or "/sbin/modprobe",
    )
    running = attempt(state, "feeders", lambda: _setup.units(host, sorted(_watchdog_devices.FEEDERS)))
    state["feeder"] = _watchdog_devices.feeder(host, running or {})
    state["setup"] = attempt(state, "setup", lambda: _setup.observe(host, OWNED))
    state["manager"] = attempt(state, "manager", lambda: _manager(host) if state["systemd"] else {})
    state["winner"] = attempt(state, "winner", lambda: _winner(host))
    return state


def _number(text: Optional[str]) -> int:
    return int(text) if text and text.strip().lstrip("-").isdigit() else 0


def _manager(host: Host) -> Dict[str, Any]:
    shown = host.run(["systemctl", "show", "--property=" + ",".join(MANAGER)], timeout=30).out
    values = dict(line.partition("=")[::2] for line in shown.splitlines())
    return {
        "timeout": _systemd.seconds(values.get("RuntimeWatchdogUSec", "")) or 0,
        "device": values.get("WatchdogDevice", ""),
        "fed": 0 < _number(values[FED]) < NEVER if FED in values else None,
        "pretimeout": "RuntimeWatchdogPreUSec" in values,
    }


def _winner(host: Host) -> str:
    """The file that sets the manager's timeout at the next start; '' for none."""
    setting = _systemd.settings(host, "system.conf", "Manager").get("RuntimeWatchdogSec")
    return setting.source.rpartition(":")[0] if setting else ""
