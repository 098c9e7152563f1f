# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdogs of a machine: which driver its hardware needs, what the loaded ones say, and who else feeds them."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _systemd
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

CLASS = "/sys/class/watchdog"
FED = "watchdog0"  # by systemd, where its WatchdogDevice= is not set
# There with the first watchdog of any driver, that of a BMC too, which is not in the class.
NODE = "/dev/watchdog"
# By driver, the PCI devices that it serves, as vendor:device. From the tables of the drivers (drivers/watchdog).
PCI = {
    "i6300esb": ("8086:25ab",),
    "hpwdt": ("0e11:b203", "103c:3306", "1590:0389"),
    "sp5100_tco": ("1002:4385", "1022:780b", "1022:790b", "1d94:790b"),
}
# The firmware's own description first: where it is there, the chipset's driver keeps away.
BMC = "ipmi_watchdog"
# How ACPI and the tables of the firmware name a BMC.
BMC_DEVICES = ("IPI0001", "dmi-ipmi-")
BMC_PARAMETERS = "/sys/module/ipmi_watchdog/parameters"
ORDER = ("wdat_wdt", "i6300esb", "hpwdt", "iTCO_wdt", "sp5100_tco", BMC)
SOFTWARE = "softdog"
# Those that no device names: that of the processor, and the other one at least up to Linux 6.1.
IDENTITIES = {"Software Watchdog": SOFTWARE, "i6300ESB timer": "i6300esb"}
# At the pretimeout its own handler of the NMI panics, whatever the governor.
PANICS_ITSELF = ("hpwdt",)
BUILT_IN = "built in"
# They read from their hardware whether it has reset the machine; the others of ORDER, and softdog, show 0 whatever was.
TELL = ("wdat_wdt", "i6300esb", "sp5100_tco")
KNOWN = ORDER + (SOFTWARE,)
# What emulators show of metal has a watchdog that resets nothing, unless they were told otherwise.
EMULATED = tuple(name for name in ORDER if name != "i6300esb")
# Units that feed the watchdog themselves; whoever opens it second finds it busy.
FEEDERS = {
    "watchdog-mux.service": "Proxmox VE's watchdog-mux",
    "sbd.service": "the cluster's sbd",
    "sbd_remote.service": "the cluster's sbd",
    "watchdog.service": "the package watchdog",
    "wd_keepalive.service": "the package watchdog",
    "bmc-watchdog.service": "freeipmi's bmc-watchdog",
}
# Installed is enough: it is started by what it serves.
STATIC_FEEDERS = ("/lib/systemd/system/watchdog-mux.service", "/usr/lib/systemd/system/watchdog-mux.service")
# Bits of a boot status, from linux/watchdog.h.
BOOT_STATUS = (
    (0x01, "the processor was too hot"),
    (0x02, "a fan failed"),
    (0x10, "the voltage was too low"),
    (0x20, "the watchdog reset the machine"),
    (0x40, "the voltage was too high"),
)


def hardware(host: Host) -> List[str]:
    """The drivers that the hardware asks for, best first."""
    found, platform = _pci(host), host.listdir("/sys/bus/platform/devices")
    asked = {
        "wdat_wdt": host.exists("/sys/firmware/acpi/tables/WDAT"),
        "iTCO_wdt": any(name.startswith("iTCO_wdt") for name in platform),
        # The class is there only with ipmi_devintf, which nothing loads by itself.
        BMC: bool(host.listdir("/sys/class/ipmi")) or any(name.startswith(BMC_DEVICES) for name in platform),
    }
    asked.update((driver, bool(found & set(ids))) for driver, ids in PCI.items())
    return [driver for driver in ORDER if asked[driver]]


def _pci(host: Host) -> "set[str]":
    folder = "/sys/bus/pci/devices"
    ids = set()
    for name in host.listdir(folder):
        parts = [(host.read("%s/%s/%s" % (folder, name, part)) or "").strip()[2:] for part in ("vendor", "device")]
        ids.add(":".join(parts))
    return ids


def loaded(host: Host) -> List[Dict[str, Any]]:
    """What the watchdogs that have a driver say of themselves."""
    found = []
    for name in host.listdir(CLASS):
        folder = "%s/%s" % (CLASS, name)
        values: Dict[str, Any] = dict(
            (part, _value(host, folder, part)) for part in ("identity", "state", "pretimeout_governor")
        )
        values.update((part, _number(host, folder, part)) for part in ("timeout", "pretimeout", "bootstatus"))
        found.append(dict(values, name=name, driver=_driver(host, folder, values["identity"])))
    return found


def bmc(host: Host) -> List[Dict[str, Any]]:
    """What the driver of a BMC, which is not in the class, was told to do before a reset; it makes the panic itself."""
    how = [_value(host, BMC_PARAMETERS, name) for name in ("preop", "preaction")]
    panics = how[0] == "preop_panic" and how[1] not in (None, "pre_none")
    seconds = _number(host, BMC_PARAMETERS, "pretimeout")
    return [dict(name=BMC, driver=BMC, pretimeout=seconds, pretimeout_governor="panic" if panics else "")]


def _value(host: Host, folder: str, name: str) -> Optional[str]:
    try:
        text = host.read("%s/%s" % (folder, name))
    except HostError:
        return None
    return None if text is None else text.strip()


def _number(host: Host, folder: str, name: str) -> Optional[int]:
    text = _value(host, folder, name) or ""
    return int(text) if text.isdigit() else None


def _driver(host: Host, folder: str, identity: Optional[str]) -> str:
    """The module that drives it, by the name that loads it."""
    module = host.readlink(folder + "/device/driver/module") or IDENTITIES.get(identity or "", BUILT_IN)
    return module.rsplit("/", 1)[-1]


def feeder(host: Host, units: Dict[str, Dict[str, bool]]) -> str:
    """Who else feeds the watchdog, or an empty text; C(units) tells which of the feeders run."""
    if any(host.exists(path) for path in STATIC_FEEDERS):
        return FEEDERS["watchdog-mux.service"]
    for name, who in FEEDERS.items():
        unit = _systemd.unit(host, name)
        if (unit.enabled and not unit.masked) or units.get(name, {}).get("active"):
            return who
    return ""


def boot_status(number: int) -> List[str]:
    """What the last boot's status says, in words."""
    return [words for bit, words in BOOT_STATUS if number & bit]


def reset_words(devices: List[Dict[str, Any]]) -> Dict[str, str]:
    """What the boot status of each watchdog says, in words, where it says anything."""
    found = {}
    for device in devices:
        words = boot_status(device["bootstatus"] or 0)
        if words:
            found[device["name"]] = ", ".join(words)
    return found
