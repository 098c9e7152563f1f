# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of the role watchdog: the observed state judged against the policy."""

from typing import Any, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_controls,
    _watchdog_devices,
    _watchdog_files,
    _watchdog_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Control,
    Dictionary,
    judge,
)

# From a panic to a capture kernel that feeds the watchdog itself: firmware plays no part, an initrd does.
CAPTURE_SECONDS = 60
REBOOT = "reboot the host"
WHY = "'journalctl -b _PID=1 -g atchdog' says why it does not"


def evaluate(policy: Dictionary, state: Dictionary) -> List[Dictionary]:
    """Judge the state; one finding for each control."""
    wanted = _watchdog_policy.resolve(policy, state)
    return judge("watchdog", CONTROLS, policy, state, wanted)


def _configuration(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    if wanted["missing"]:
        found = dict(status="fail", expected=policy["watchdog_driver"], observed="", reason=wanted["missing"])
        return dict(found, remedy=wanted["remedy"])
    return _hardware_controls.configuration(
        "watchdog", _watchdog_files.setup(policy, wanted, state), state, [_watchdog_files.DROP_IN]
    )


def _armed(policy: Dictionary, state: Dictionary, wanted: Dictionary) -> Dictionary:
    expected = "a watchdog that resets this host after %d s" % policy["watchdog_timeout"]
    trusted = (*wanted["drivers"], _watchdog_devices.BUILT_IN)
    active = [device for device in state["devices"] if device["state"] == "active" and device["driver"] in trusted]
    shown = ", ".join(
        "%s (%s) %s, %s s" % (d["name"], d["identity"], d["state"], d["timeout"]) for d in state["devices"]
    )
    part = dict(expected=expected, observed=shown or "no watchdog", evidence=["/sys/class/watchdog"])
    if state["manager"] is None:
        return _hardware_controls.unknown(part, state)
    manager = state["manager"]
    locked = _locked(wanted["drivers"], state)
    if locked and policy["watchdog_driver"] == "auto":
        return dict(part, status="not_applicable", reason=locked)
    if locked:
        remedy = "switch it on in the setup of the firmware, or set watchdog_driver"
        return dict(part, status="fail", reason=locked, remedy=remedy)
    # The driver of a BMC shows nothing below /sys; there the word of systemd must do.
    silent = state["node"] and not state["devices"]
    if silent and manager["fed"] is None:
        reason, remedy = (
            "systemd does not say before version 250 whether it feeds it",
            "'ipmitool mc watchdog get' does",
        )
        return dict(part, status="unknown", reason=reason, remedy=remedy)
    if not active and not (silent and manager["fed"]):
        names = " or ".join(wanted["drivers"])
        reason = "no watchdog (%s) runs: systemd feeds %s" % (names, manager["device"] or "none")
        return dict(part, status="fail", reason=reason, remedy="%s; %s" % (HARDEN, WHY))
    reason, remedy = _not_as_wanted(policy["watchdog_timeout"], manager, active, wanted["other_file"])
    return dict(part, status="fail" if reason else "pass", reason=reason, remedy=remedy)


def _not_as_wanted(seconds: int, manager: Dictionary, active: List[Dictionary], other_file: str) -> Tuple[str, str]:
    """What is wrong with watchdogs that run, and what to do; empty texts where they are fed, with this timeout."""
    if manager["timeout"] != seconds:
        remedy = "remove RuntimeWatchdogSec from " + other_file if other_file else HARDEN
        return "systemd has a timeout of %g s" % manager["timeout"], remedy
    # None where systemd is too old to say.
    if manager["fed"] is False:
        return "systemd has never fed it, so something else does", "end what does: 'fuser -v /dev/watchdog*' names it"
    for device in active:
        # A driver may round up to what its hardware can count.
        if device["timeout"] is not None and not seconds <= device["timeout"] < 2 * seconds:
            reason = "%s resets this host after %d s" % (device["name"], device["timeout"])
            return reason, "set watchdog_timeout to what %s can do; %s" % (device["driver"], WHY)
    return "", ""


def _locked(drivers: List[str], state: Dictionary) -> str:
    """Why no driver has found a watchdog although all of them are loaded; an empty text where that is not so."""
    if state["devices"] or state["node"] or not set(drivers) <= set(state["modules"]):
        return ""
    text = "%s: loaded, and there is no watchdog; the firmware may have locked it ('journalctl -k' says so)"
    return text % " and ".join(drivers)


def _pretimeout(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    part = dict(expected="a panic before the reset", observed="", evidence=["/sys/class/watchdog"])
    if not policy["watchdog_pretimeout"]:
        return dict(part, status="not_applicable", reason="watchdog_pretimeout is 0")
    warning = state["devices"] or state["bmc"]
    able = [device for device in warning if device["pretimeout"] is not None]
    part["observed"] = ", ".join(
        "%s: %s s, %s" % (d["name"], d["pretimeout"], d["pretimeout_governor"] or "no governor") for d in able
    )
    # A driver may round what it is asked for: that of HPE knows 9 s only.
    if any(device["pretimeout"] > 0 and _panics(device) for device in able):
        return dict(part, status="pass")
    cannot = _cannot_panic(able, state["manager"] if state["devices"] else None)
    if cannot:
        return dict(part, status="not_applicable", reason=cannot + ", so a hang leaves no dump")
    reason = "the reset comes without a panic before it, and so without a dump"
    return dict(part, status="fail", reason=reason, remedy=HARDEN + ", then " + REBOOT)


def _panics(device: Dictionary) -> bool:
    return device["pretimeout_governor"] == "panic" or device["driver"] in _watchdog_devices.PANICS_ITSELF


def _cannot_panic(able: List[Dictionary], manager: Any) -> str:
    """Why nothing that this role could do would make a panic of it."""
    if not able:
        return "the driver cannot warn before it resets"
    if not any(_panics(device) or device["pretimeout_governor"] is not None for device in able):
        return "the kernel has no governors that could make a warning a panic"
    if manager is not None and not manager["pretimeout"]:
        return "systemd cannot set a pretimeout before version 251"
    return ""


def _panic_has_time(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    least, why = state["kernel_panic"] + 1, "kernel.panic is %d" % state["kernel_panic"]
    if state["crash_kernel"]:
        least, why = CAPTURE_SECONDS, "a crash kernel is loaded, which needs that long until it feeds the watchdog"
    have = policy["watchdog_timeout"]
    good = have >= least
    return dict(
        status="pass" if good else "fail",
        expected="at least %d s" % least,
        observed="%d s" % have,
        reason="" if good else "the watchdog resets a host that panics before it is done: " + why,
        remedy="" if good else "raise watchdog_timeout",
        evidence=["/proc/sys/kernel/panic", "/sys/kernel/kexec_crash_loaded"],
    )


def _last_boot(_policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    part = dict(expected="no reset by the watchdog", evidence=["/sys/class/watchdog"])
    numbers = dict((d["name"], d["bootstatus"]) for d in state["devices"] if d["bootstatus"] is not None)
    part["observed"] = ", ".join("%s: boot status %d" % pair for pair in sorted(numbers.items()))
    said = _watchdog_devices.reset_words(state["devices"])
    if not said:
        # Most drivers show a 0 whatever was before this boot.
        if any(device["name"] in numbers and device["driver"] in _watchdog_devices.TELL for device in state["devices"]):
            return dict(part, status="pass")
        reason = "no watchdog here says why the machine started"
        remedy = "look at the event log of the BMC; the end of the last boot is in kernelops.panic_hardening.diagnose"
        return dict(part, status="unknown", reason=reason, remedy=remedy)
    reason = "; ".join("%s: before this boot %s" % pair for pair in sorted(said.items()))
    remedy = "run kernelops.panic_hardening.diagnose on this host; the status stays until the next boot"
    return dict(part, status="fail", reason=reason, remedy=remedy)


CONTROLS: Tuple[Control, ...] = (
    ("configuration", "critical", "config", _configuration),
    ("armed", "critical", "config", _armed),
    ("pretimeout", "warning", "config", _pretimeout),
    ("panic_has_time", "warning", "config", _panic_has_time),
    ("last_boot", "warning", "health", _last_boot),
)
