# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The right driver for a machine, and nobody else's watchdog."""

import os
import shutil
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware,
    _hardware_setup,
    _watchdog,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_hardware import HardwareHost
from unit.plugins.module_utils.fixture_watchdog import (
    DRIVER_UNIT,
    KERNEL,
    POLICY,
    esb,
    judged,
    load,
    machine,
    pci,
    resolved,
    set_up,
)

DROP_IN = "/etc/systemd/system.conf.d/zz-kernelops-watchdog.conf"


@pytest.fixture
def root(tmp_path: Any) -> str:
    return str(tmp_path / "h")


@pytest.mark.parametrize(
    "change, name",
    [
        ({"watchdog_timeout": 9}, "watchdog_timeout"),
        ({"watchdog_timeout": 601}, "watchdog_timeout"),
        ({"watchdog_pretimeout": -1}, "watchdog_pretimeout"),
        ({"watchdog_pretimeout": 61}, "watchdog_pretimeout"),
        ({"watchdog_driver": "iTCO_wdt; reboot"}, "watchdog_driver"),
    ],
)
def test_a_bad_policy_is_refused_by_variable(change: Dict[str, Any], name: str) -> None:
    _watchdog.validate(POLICY)
    with pytest.raises(PolicyError, match="^%s: " % name):
        _watchdog.validate(dict(POLICY, **change))


@pytest.mark.parametrize(
    "vendor, device, driver",
    [
        ("8086", "25ab", "i6300esb"),
        ("103c", "3306", "hpwdt"),
        ("1022", "790b", "sp5100_tco"),
        ("1d94", "790b", "sp5100_tco"),
    ],
)
def test_the_pci_device_says_which_driver(root: str, vendor: str, device: str, driver: str) -> None:
    assert resolved(pci(machine(root), vendor, device))["drivers"] == [driver]


def test_what_is_no_pci_device_is_found_too(root: str) -> None:
    host = machine(root, drivers=_watchdog_devices.KNOWN)
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    assert resolved(host)["drivers"] == ["ipmi_watchdog"]
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    assert resolved(host)["drivers"] == ["iTCO_wdt", "ipmi_watchdog"]
    host.put("/sys/firmware/acpi/tables/WDAT", "")
    assert resolved(host)["drivers"] == ["wdat_wdt", "iTCO_wdt", "ipmi_watchdog"]


@pytest.mark.parametrize("name", ["IPI0001:00", "dmi-ipmi-si.0"])
def test_a_bmc_is_found_before_any_of_its_drivers_is_loaded(root: str, name: str) -> None:
    host = machine(root, drivers=["ipmi_watchdog"])
    host.put("/sys/bus/platform/devices/%s/modalias" % name, "")
    assert resolved(host)["drivers"] == ["ipmi_watchdog"]


def test_a_kernel_without_the_driver_is_named(root: str) -> None:
    host = pci(machine(root, drivers=["iTCO_wdt"]), "1022", "790b")
    found = resolved(host)
    assert not found["applicable"]
    assert (
        found["reason"]
        == "the hardware asks for sp5100_tco, which the kernel %s does not have; boot another kernel" % KERNEL
    )
    assert {item["status"] for item in judged(host).values()} == {"not_applicable"}


def test_the_next_best_driver_is_taken_where_the_best_is_not_built(root: str) -> None:
    host = pci(machine(root, drivers=["iTCO_wdt"]), "8086", "25ab")
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    assert resolved(host)["drivers"] == ["iTCO_wdt"]


def itco(root: str, *more: str) -> HardwareHost:
    """Metal whose firmware has locked the watchdog of its chipset: the driver is loaded, and nothing appears."""
    host = machine(root, drivers=("iTCO_wdt",) + more)
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    host.on_start["kernelops-watchdog.service"] = lambda: host.put("/sys/module/iTCO_wdt/refcnt", "0")
    return host


def test_where_firmware_has_locked_the_watchdog_nothing_fails(root: str) -> None:
    host = itco(root)
    assert judged(host)["armed"]["status"] == "fail"
    set_up(host)
    found = judged(host)
    assert {item["status"] for item in found.values() if item["category"] == "config"} == {"pass", "not_applicable"}
    assert found["armed"]["reason"].startswith("iTCO_wdt: loaded, and there is no watchdog; the firmware may")
    # It stays so at the next run and at the next boot, loaded or not yet.
    text = host.text(DRIVER_UNIT)
    assert set_up(host).text(DRIVER_UNIT) == text
    shutil.rmtree(host.root + "/sys/module")
    assert set_up(host).text(DRIVER_UNIT) == text


def test_a_locked_watchdog_that_was_asked_for_by_name_fails(root: str) -> None:
    host = set_up(itco(root), watchdog_driver="iTCO_wdt")
    found = judged(host, watchdog_driver="iTCO_wdt")["armed"]
    assert (found["status"], found["remedy"][:12]) == ("fail", "switch it on")


def test_the_next_driver_is_tried_where_the_best_finds_nothing(root: str) -> None:
    host = itco(root, "ipmi_watchdog")
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    set_up(host, watchdog_pretimeout=0)
    assert (
        "ExecStart=-/usr/sbin/modprobe iTCO_wdt\n"
        'ExecStart=/bin/sh -c "test -e /dev/watchdog || exec /usr/sbin/modprobe ipmi_watchdog"\n'
    ) in host.text(DRIVER_UNIT)
    # It is not yet known whether the BMC has one.
    assert judged(host)["armed"]["status"] == "fail"
    host.put("/sys/module/ipmi_watchdog/refcnt", "1")
    host.put("/dev/watchdog", "")
    host.managed.update(
        RuntimeWatchdogUSec="2min", WatchdogDevice="/dev/watchdog", WatchdogLastPingTimestampMonotonic="9"
    )
    assert judged(host)["armed"]["status"] == "pass"
    host.remove("/dev/watchdog")
    host.managed.update(WatchdogDevice="", WatchdogLastPingTimestampMonotonic="0")
    assert judged(host)["armed"]["reason"].startswith("iTCO_wdt and ipmi_watchdog: loaded")


def test_which_driver_runs_does_not_change_what_is_set_up(root: str) -> None:
    host = itco(root, "ipmi_watchdog")
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    before = set_up(host).text(DRIVER_UNIT)
    load(host, driver="iTCO_wdt", identity="iTCO_wdt")
    assert set_up(host).text(DRIVER_UNIT) == before
    assert judged(host)["armed"]["status"] == "pass"


def test_the_chipset_of_an_emulator_is_taken_only_by_its_name(root: str) -> None:
    host = machine(root, "vm")
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    assert "this virtual machine has no watchdog" in resolved(host)["reason"]
    load(host, "inactive", driver="iTCO_wdt", identity="iTCO_wdt")
    assert "this virtual machine has no watchdog" in resolved(host)["reason"]
    assert resolved(host, watchdog_driver="iTCO_wdt")["applicable"]
    assert resolved(pci(host, "8086", "25ab"))["drivers"] == ["i6300esb"]


def test_what_a_hypervisor_made_for_its_machines_is_taken_where_it_runs(root: str) -> None:
    host = machine(root, "vm")
    load(host, "inactive", driver="xen_wdt", identity="Xen watchdog")
    assert resolved(host)["drivers"] == ["xen_wdt"]


def test_the_watchdog_of_another_driver_does_not_arm_this_machine(root: str) -> None:
    host = set_up(esb(root))
    host.remove("/sys/class/watchdog/watchdog0/device/driver/module")
    load(host, driver="iTCO_wdt", identity="iTCO_wdt")
    found = judged(host)["armed"]
    assert (found["status"], found["reason"]) == (
        "fail",
        "no watchdog (i6300esb) runs: systemd feeds /dev/watchdog0",
    )
    assert judged(host, watchdog_driver="iTCO_wdt")["armed"]["status"] == "pass"


def test_software_is_taken_only_by_its_name(root: str) -> None:
    host = machine(root)
    load(host, "active", identity="Software Watchdog", driver="")
    assert "this machine has no watchdog" in resolved(host)["reason"]
    assert resolved(host, watchdog_driver="softdog")["applicable"]
    set_up(host, watchdog_driver="softdog")
    assert "modprobe softdog soft_panic=1\n" in host.text(DRIVER_UNIT)


def test_a_named_driver_that_the_kernel_lacks_fails_before_anything_is_touched(root: str) -> None:
    host = machine(root, drivers=["softdog"])
    before = host.snapshot()
    with pytest.raises(HostError, match="^watchdog_driver: the kernel 6.1.0-56-amd64 has no driver iTCO_wdt"):
        set_up(host, watchdog_driver="iTCO_wdt")
    assert host.snapshot() == before
    assert judged(host, watchdog_driver="iTCO_wdt")["configuration"]["status"] == "fail"


def test_a_driver_whose_watchdog_systemd_would_not_feed_fails_before_anything_is_touched(root: str) -> None:
    """As softdog's beside the one of QEMU's chipset."""
    host = machine(root)
    load(host, "inactive", driver="iTCO_wdt", identity="iTCO_wdt")
    before = host.snapshot()
    with pytest.raises(
        HostError, match=r"^watchdog_driver: systemd feeds /dev/watchdog0, which iTCO_wdt drives"
    ) as said:
        set_up(host, watchdog_driver="softdog")
    assert "blacklist iTCO_wdt in /etc/modprobe.d and restart" in str(said.value)
    assert host.snapshot() == before
    found = judged(host, watchdog_driver="softdog")["configuration"]
    assert (found["status"], found["remedy"][:18]) == ("fail", "blacklist iTCO_wdt")
    assert judged(host, watchdog_driver="iTCO_wdt")["configuration"]["reason"].find("systemd feeds") == -1


def test_an_earlier_choice_of_software_does_not_get_in_the_way(root: str) -> None:
    host = esb(root)
    load(host, identity="Software Watchdog", driver="softdog")
    set_up(host)
    assert "modprobe i6300esb" in host.text(DRIVER_UNIT)


@pytest.mark.parametrize("compressed", [".ko", ".ko.xz", ".ko.zst"])
def test_compressed_and_built_in_drivers_count(root: str, compressed: str) -> None:
    host = machine(root, drivers=[])
    host.put("/lib/modules/%s/modules.dep" % KERNEL, "kernel/drivers/watchdog/iTCO_wdt%s: kernel/x.ko\n" % compressed)
    host.put("/lib/modules/%s/modules.builtin" % KERNEL, "kernel/drivers/watchdog/hpwdt.ko\n")
    found = _watchdog.observe(host)["available"]
    assert found == ["hpwdt", "iTCO_wdt"]


@pytest.mark.parametrize(
    "link",
    [
        "pacemaker.service.requires/sbd.service",
        "dlm.service.requires/sbd.service",
        "pacemaker_remote.service.requires/sbd_remote.service",
        "default.target.wants/watchdog.service",
    ],
)
def test_who_feeds_it_already_is_left_alone(root: str, link: str) -> None:
    host = esb(root)
    name = link.split("/")[1]
    assert resolved(host)["applicable"]
    host.link("/etc/systemd/system/" + link, "/lib/systemd/system/" + name)
    assert resolved(host)["reason"].endswith("feeds the watchdog; two must not")
    host.link("/etc/systemd/system/" + name, "/dev/null")
    assert resolved(host)["applicable"]


@pytest.mark.parametrize("name", ["sbd.service", "wd_keepalive.service", "bmc-watchdog.service"])
def test_who_was_started_by_hand_feeds_it_too(root: str, name: str) -> None:
    host = esb(root)
    host.unit(name, enabled=False, active=False)
    assert resolved(host)["applicable"]
    host.unit(name, enabled=False, active=True)
    assert resolved(host)["reason"].endswith("feeds the watchdog; two must not")


def test_proxmox_is_left_alone(root: str) -> None:
    host = esb(root)
    host.put("/lib/systemd/system/watchdog-mux.service", "")
    assert resolved(host)["reason"].startswith("Proxmox VE's watchdog-mux")


def test_what_was_set_up_goes_where_somebody_else_feeds_it_now(root: str) -> None:
    host = set_up(esb(root))
    host.put("/lib/systemd/system/watchdog-mux.service", "")
    found = _hardware.wish(host, "watchdog", POLICY, True, [])
    assert found.reason and found.wish
    _hardware_setup.apply(host, found.wish)
    assert not host.exists(DROP_IN)


def test_a_container_and_a_host_without_systemd_are_left_alone(root: str) -> None:
    host = machine(root, "container")
    assert {item["status"] for item in judged(host).values()} == {"not_applicable"}
    assert _hardware.wish(host, "watchdog", POLICY, True, []).wish is None
    unknown = dict(_watchdog.observe(esb(root + "3")), virtualization={"kind": "unknown", "name": "unknown"})
    assert _watchdog.resolve(POLICY, unknown)["drivers"] == ["i6300esb"]
    plain = esb(root + "2")
    os.rmdir(plain.root + "/run/systemd/system")
    assert resolved(plain)["reason"].startswith("systemd does not run here")
