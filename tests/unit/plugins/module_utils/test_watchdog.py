# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The right driver for a machine, nobody else's watchdog, and what the audit says of it."""

import os
import time
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware,
    _hardware_program,
    _hardware_setup,
    _watchdog,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal, failing
from unit.plugins.module_utils.fixture_watchdog import KERNEL, POLICY, esb, load, machine, pci

DROP_IN = "/etc/systemd/system.conf.d/zz-kernelops-watchdog.conf"
DRIVER = "/etc/systemd/system/kernelops-watchdog.service"


@pytest.fixture
def root(tmp_path: Any) -> str:
    return str(tmp_path / "h")


def resolved(host: HardwareHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _watchdog.resolve(dict(POLICY, **changes), _watchdog.observe(host))
    return found


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _watchdog.evaluate(dict(POLICY, **changes), _watchdog.observe(host))
    return dict((item["control"][len("watchdog.") :], item) for item in findings)


def set_up(host: HardwareHost, **changes: Any) -> HardwareHost:
    found = _hardware.wish(host, "watchdog", dict(POLICY, **changes), True, [])
    assert found.wish
    _hardware_setup.apply(host, found.wish)
    return host


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
    assert resolved(pci(machine(root), vendor, device))["driver"] == driver


def test_what_is_no_pci_device_is_found_too(root: str) -> None:
    host = machine(root, drivers=_watchdog_devices.KNOWN)
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    assert resolved(host)["driver"] == "ipmi_watchdog"
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    assert resolved(host)["driver"] == "iTCO_wdt"
    host.put("/sys/firmware/acpi/tables/WDAT", "")
    assert resolved(host)["driver"] == "wdat_wdt"


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
    assert resolved(host)["driver"] == "iTCO_wdt"


def test_the_chipset_of_an_emulator_is_taken_only_by_its_name(root: str) -> None:
    host = machine(root, "vm")
    host.put("/sys/bus/platform/devices/iTCO_wdt.1.auto/modalias", "")
    assert "this virtual machine has no watchdog" in resolved(host)["reason"]
    load(host, "inactive", driver="iTCO_wdt", identity="iTCO_wdt")
    assert "this virtual machine has no watchdog" in resolved(host)["reason"]
    assert resolved(host, watchdog_driver="iTCO_wdt")["applicable"]
    assert resolved(pci(host, "8086", "25ab"))["driver"] == "i6300esb"


def test_what_a_hypervisor_made_for_its_machines_is_taken_where_it_runs(root: str) -> None:
    host = machine(root, "vm")
    load(host, "inactive", driver="xen_wdt", identity="Xen watchdog")
    assert resolved(host)["driver"] == "xen_wdt"


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
    assert "modprobe softdog soft_panic=1\n" in host.text(DRIVER)


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
    assert "modprobe i6300esb" in host.text(DRIVER)


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


@pytest.mark.parametrize("name", ["sbd.service", "wd_keepalive.service"])
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
    assert _watchdog.resolve(POLICY, unknown)["driver"] == "i6300esb"
    plain = esb(root + "2")
    os.rmdir(plain.root + "/run/systemd/system")
    assert resolved(plain)["reason"].startswith("systemd does not run here")


def test_set_up_it_passes_and_the_files_say_what_the_policy_says(root: str) -> None:
    host = esb(root)
    before = judged(host)
    assert before["configuration"]["status"] == before["armed"]["status"] == "fail"
    set_up(host)
    assert {name: item["status"] for name, item in judged(host).items()} == {
        "configuration": "pass",
        "armed": "pass",
        "pretimeout": "not_applicable",
        "panic_has_time": "pass",
        "last_boot": "pass",
    }
    lines = host.text(DROP_IN).splitlines()[1:]
    assert lines == [
        "[Manager]",
        "RuntimeWatchdogSec=120",
        "RuntimeWatchdogPreSec=20",
        "RuntimeWatchdogPreGovernor=panic",
    ]
    assert "ExecStart=/usr/sbin/modprobe i6300esb\n" in host.text(DRIVER)
    assert "RuntimeWatchdogPre" not in set_up(host, watchdog_pretimeout=0).text(DROP_IN)


def test_a_built_in_driver_is_not_loaded(root: str) -> None:
    host = machine(root)
    load(host, "inactive", driver="", identity="Broadcom BCM2835 Watchdog timer")
    set_up(host)
    assert "ExecStart=/usr" not in host.text(DRIVER)


def test_a_bmc_makes_the_panic_itself(root: str) -> None:
    host = machine(root, drivers=["ipmi_watchdog"])
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    host.on_start.clear()
    set_up(host)
    assert "modprobe ipmi_watchdog preaction=pre_nmi preop=preop_panic pretimeout=20\n" in host.text(DRIVER)
    assert judged(host)["armed"]["status"] == "fail"
    host.managed.update(
        RuntimeWatchdogUSec="2min", WatchdogDevice="/dev/watchdog", WatchdogLastPingTimestampMonotonic="9"
    )
    assert judged(host)["armed"]["status"] == "pass"
    assert judged(host)["last_boot"]["status"] == "unknown"
    set_up(host, watchdog_pretimeout=0)
    assert "modprobe ipmi_watchdog\n" in host.text(DRIVER)


def test_another_file_that_wins_is_named(root: str) -> None:
    host = set_up(esb(root))
    host.put("/etc/systemd/system.conf.d/zzz-site.conf", "[Manager]\nRuntimeWatchdogSec=0\n")
    host.managed["RuntimeWatchdogUSec"] = "5min"
    found = judged(host)["armed"]
    assert found["reason"] == "systemd has a timeout of 300 s"
    assert found["remedy"] == "remove RuntimeWatchdogSec from /etc/systemd/system.conf.d/zzz-site.conf"


def test_a_watchdog_that_nobody_feeds_is_not_armed(root: str) -> None:
    host = set_up(esb(root))
    load(host, "inactive")
    assert judged(host)["armed"]["reason"].startswith("no watchdog (i6300esb) runs")


@pytest.mark.parametrize(
    "pretimeout, governor, status",
    [(20, "panic", "pass"), (9, "panic", "pass"), (20, "noop", "fail"), (0, "panic", "fail"), (20, "", "fail")],
)
def test_the_panic_before_the_reset(root: str, pretimeout: int, governor: str, status: str) -> None:
    host = set_up(esb(root))
    load(host, pretimeout=pretimeout, pretimeout_governor=governor)
    assert judged(host)["pretimeout"]["status"] == status
    assert judged(host, watchdog_pretimeout=0)["pretimeout"]["status"] == "not_applicable"


def test_a_driver_that_rounds_the_pretimeout_and_panics_itself_passes(root: str) -> None:
    host = pci(machine(root), "103c", "3306")
    load(host, driver="hpwdt", identity="HPE iLO2+ HW Watchdog Timer", pretimeout=9, pretimeout_governor="noop")
    assert judged(host)["pretimeout"]["status"] == "pass"
    load(host, pretimeout=0)
    assert judged(host)["pretimeout"]["status"] == "fail"


def test_a_panic_that_nothing_here_could_make_is_not_asked_for(root: str) -> None:
    host = set_up(esb(root))
    load(host, pretimeout=0, pretimeout_governor="noop")
    del host.managed["RuntimeWatchdogPreUSec"]
    found = judged(host)["pretimeout"]
    assert (found["status"], "before version 251" in found["reason"]) == ("not_applicable", True)
    host.managed["RuntimeWatchdogPreUSec"] = "0"
    assert judged(host)["pretimeout"]["status"] == "fail"
    host.remove("/sys/class/watchdog/watchdog0/pretimeout_governor")
    found = judged(host)["pretimeout"]
    assert (found["status"], "no governors" in found["reason"]) == ("not_applicable", True)


def test_a_panic_has_time_for_its_dump(root: str) -> None:
    host = esb(root)
    short = {"watchdog_timeout": 30, "watchdog_pretimeout": 0}
    assert judged(host, **short)["panic_has_time"]["status"] == "pass"
    host.put("/sys/kernel/kexec_crash_loaded", "1\n")
    assert "crash kernel" in judged(host, **short)["panic_has_time"]["reason"]
    assert judged(host)["panic_has_time"]["status"] == "pass"
    host.put("/sys/kernel/kexec_crash_loaded", "0\n")
    host.put("/proc/sys/kernel/panic", "30\n")
    assert judged(host, **short)["panic_has_time"]["observed"] == "30 s"
    assert judged(host, **short)["panic_has_time"]["status"] == "fail"


def test_a_reset_is_seen_and_told_of_once(root: str) -> None:
    host = set_up(esb(root))
    load(host, bootstatus=32)
    found = judged(host)["last_boot"]
    assert (found["status"], found["category"]) == ("fail", "health")
    assert found["reason"] == "watchdog0: before this boot the watchdog reset the machine"
    host.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    journal = Journal(host)
    for _again in range(2):
        assert _hardware_program.VERBS["watchdog"](host) == 0
    (entry,) = journal.entries()
    journal.close()
    assert entry["MESSAGE"] == "watchdog.reset:watchdog0: before this boot the watchdog reset the machine"
    assert '"bootstatus": 32' in entry["PANIC_HARDENING_DETAILS"]


def test_a_reset_that_could_not_be_told_of_is_tried_again(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come before the network; no timer of ours need be there, so the unit itself is started again."""
    host = set_up(esb(root))
    unit = host.text("/etc/systemd/system/kernelops-watchdog-alarm.service")
    assert "Type=simple\n" in unit and "Restart=on-failure\nRestartSec=900\n" in unit
    assert "After=kernelops-watchdog.service network-online.target\n" in unit
    load(host, bootstatus=32)
    host.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": "", "command": ["/tell"]}')
    monkeypatch.setattr(_hardware_program, "Host", lambda: host)
    journal = Journal(host)
    host.programs["/tell"] = failing("no route to host")
    now = time.time()
    for later, code, calls in ((0, 1, 1), (5, 1, 1), (905, 1, 2)):
        monkeypatch.setattr(time, "time", lambda at=now + later: at)
        assert _hardware_program.run(["watchdog"]) == code
        assert host.calls.count(["/tell"]) == calls, later
    host.programs["/tell"] = lambda argv: Result(0, "", "")
    for later, calls in ((1810, 3), (9999, 3)):
        monkeypatch.setattr(time, "time", lambda at=now + later: at)
        assert _hardware_program.run(["watchdog"]) == 0
        assert host.calls.count(["/tell"]) == calls, later
    assert [entry.get("PANIC_HARDENING_KEY") for entry in journal.entries()].count("watchdog.reset:watchdog0") == 1
    journal.close()


def test_a_healthy_boot_is_not_told_of(root: str) -> None:
    host = set_up(esb(root))
    journal = Journal(host)
    _hardware_program.VERBS["watchdog"](host)
    assert journal.entries() == []
    journal.close()


def test_every_bit_has_its_words() -> None:
    assert _watchdog_devices.boot_status(0) == []
    assert len(_watchdog_devices.boot_status(0xFF)) == 5
    assert _watchdog_devices.reset_words([{"name": "w", "bootstatus": None}]) == {}


@pytest.mark.parametrize("text, seconds", [("0", 0), ("infinity", 0), ("1min 30s", 90), ("", 0)])
def test_spans_of_time_as_systemd_writes_them(root: str, text: str, seconds: float) -> None:
    host = set_up(esb(root))
    host.managed["RuntimeWatchdogUSec"] = text
    assert _watchdog.observe(host)["manager"]["timeout"] == seconds


def test_without_root_it_is_unknown_and_not_pass(root: str) -> None:
    host = set_up(esb(root))
    host.denied.add(DROP_IN)
    found = judged(host)
    # That it runs anybody may see.
    assert (found["configuration"]["status"], found["armed"]["status"]) == ("unknown", "pass")
    assert "Permission denied" in found["configuration"]["reason"]
