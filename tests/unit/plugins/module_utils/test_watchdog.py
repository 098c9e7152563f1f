# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watchdog is set up with, and what the audit and the alarm say of it."""

import time
from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_program,
    _watchdog,
    _watchdog_devices,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_hardware import Journal, failing
from unit.plugins.module_utils.fixture_watchdog import (
    DRIVER_UNIT,
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
    assert "ExecStart=/usr/sbin/modprobe i6300esb\n" in host.text(DRIVER_UNIT)
    assert "RuntimeWatchdogPre" not in set_up(host, watchdog_pretimeout=0).text(DROP_IN)


def test_the_driver_comes_before_the_dump_in_the_capture_boot_of_kdump_tools(root: str) -> None:
    """That boot is systemd.unit=kdump-tools-dump.service, which like any service comes after sysinit.target; nothing may hold our unit back."""
    lines = set_up(esb(root)).text(DRIVER_UNIT).splitlines()
    assert "WantedBy=sysinit.target" in lines
    assert "Before=sysinit.target shutdown.target" in lines
    assert "DefaultDependencies=no" in lines
    assert [line for line in lines if line.startswith(("Condition", "Assert", "After=", "Requires="))] == []


def test_a_built_in_driver_is_not_loaded(root: str) -> None:
    host = machine(root)
    load(host, "inactive", driver="", identity="Broadcom BCM2835 Watchdog timer")
    set_up(host)
    assert "ExecStart=/usr" not in host.text(DRIVER_UNIT)


def test_a_bmc_makes_the_panic_itself(root: str) -> None:
    host = machine(root, drivers=["ipmi_watchdog"])
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    host.on_start["kernelops-watchdog.service"] = lambda: host.put("/dev/watchdog", "")
    set_up(host)
    assert "modprobe ipmi_watchdog preaction=pre_nmi preop=preop_panic pretimeout=20\n" in host.text(DRIVER_UNIT)
    assert judged(host)["armed"]["status"] == "fail"
    host.managed.update(
        RuntimeWatchdogUSec="2min", WatchdogDevice="/dev/watchdog", WatchdogLastPingTimestampMonotonic="9"
    )
    assert judged(host)["armed"]["status"] == "pass"
    assert judged(host)["last_boot"]["status"] == "unknown"
    del host.managed["WatchdogLastPingTimestampMonotonic"]
    assert judged(host)["armed"]["status"] == "unknown"
    set_up(host, watchdog_pretimeout=0)
    assert "modprobe ipmi_watchdog\n" in host.text(DRIVER_UNIT)


@pytest.mark.parametrize(
    "seconds, preop, preaction, status",
    [
        (20, "preop_panic", "pre_nmi", "pass"),
        (20, "preop_panic", "pre_int", "pass"),
        (20, "preop_panic", "pre_none", "fail"),
        (20, "preop_none", "pre_nmi", "fail"),
        (0, "preop_panic", "pre_nmi", "fail"),
    ],
)
def test_a_bmc_is_asked_whether_it_makes_the_panic(
    root: str, seconds: int, preop: str, preaction: str, status: str
) -> None:
    host = machine(root, drivers=["ipmi_watchdog"])
    host.put("/sys/class/ipmi/ipmi0/dev", "")
    del host.managed["RuntimeWatchdogPreUSec"]
    assert judged(host)["pretimeout"]["reason"].startswith("the driver cannot warn")
    for name, value in (("pretimeout", seconds), ("preop", preop), ("preaction", preaction)):
        host.put("/sys/module/ipmi_watchdog/parameters/" + name, "%s\n" % value)
    assert judged(host)["pretimeout"]["status"] == status
    # Its word is none on the watchdog of a chipset.
    load(host, driver="iTCO_wdt", identity="iTCO_wdt")
    assert judged(host, watchdog_driver="iTCO_wdt")["pretimeout"]["status"] == "not_applicable"


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


@pytest.mark.parametrize("never", ["0", "infinity", "18446744073709551615"])
def test_a_watchdog_that_somebody_else_feeds_is_not_armed_by_us(root: str, never: str) -> None:
    host = set_up(esb(root))
    host.managed["WatchdogLastPingTimestampMonotonic"] = never
    found = judged(host)["armed"]
    assert (found["status"], found["reason"]) == ("fail", "systemd has never fed it, so something else does")
    # Before systemd 250 nobody can tell.
    del host.managed["WatchdogLastPingTimestampMonotonic"]
    assert judged(host)["armed"]["status"] == "pass"


@pytest.mark.parametrize("seconds, status", [(119, "fail"), (120, "pass"), (171, "pass"), (240, "fail"), (600, "fail")])
def test_the_timeout_of_the_device_counts_and_not_only_that_of_systemd(root: str, seconds: int, status: str) -> None:
    host = set_up(esb(root))
    load(host, timeout=seconds)
    found = judged(host)["armed"]
    assert found["status"] == status
    if status == "fail":
        assert found["reason"] == "watchdog0 resets this host after %d s" % seconds


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


@pytest.mark.parametrize(
    "driver, status",
    [("i6300esb", "pass"), ("iTCO_wdt", "unknown"), ("hpwdt", "unknown"), ("softdog", "unknown"), ("", "unknown")],
)
def test_only_a_driver_that_reads_it_can_say_that_there_was_no_reset(root: str, driver: str, status: str) -> None:
    host = machine(root)
    load(host, driver=driver, identity="Software Watchdog" if driver == "softdog" else "a watchdog")
    found = judged(host, watchdog_driver=driver or "auto")["last_boot"]
    assert found["status"] == status
    # What says that there was one is believed in any case.
    load(host, driver=driver, bootstatus=32)
    assert judged(host, watchdog_driver=driver or "auto")["last_boot"]["status"] == "fail"


def test_a_driver_that_no_device_names_is_known_by_its_identity(root: str) -> None:
    """As the i6300esb of Linux 6.1."""
    host = esb(root)
    load(host, driver="")
    assert resolved(host)["drivers"] == ["i6300esb"]
    assert judged(host)["last_boot"]["status"] == "pass"


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


def test_a_driver_that_is_still_on_its_way_is_waited_for(root: str) -> None:
    """As udev loads it, beside what starts at boot."""
    host = set_up(esb(root))

    def settle(argv: List[str]) -> Result:
        load(host, bootstatus=32)
        return Result(0, "", "")

    host.programs["udevadm"] = settle
    journal = Journal(host)
    assert _hardware_program.VERBS["watchdog"](host) == 0
    assert [entry["PANIC_HARDENING_KEY"] for entry in journal.entries()] == ["watchdog.reset:watchdog0"]
    journal.close()


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


def test_a_systemd_that_does_not_answer_ends_no_audit(root: str) -> None:
    host = set_up(esb(root))
    host.programs["systemctl"] = failing("systemctl show: did not end within 30 s")
    found = judged(host)
    assert (found["configuration"]["status"], found["armed"]["status"]) == ("unknown", "unknown")
    assert found["armed"]["reason"] == "systemctl show: did not end within 30 s"


def test_without_root_it_is_unknown_and_not_pass(root: str) -> None:
    host = set_up(esb(root))
    host.denied.add(DROP_IN)
    found = judged(host)
    # That it runs anybody may see.
    assert (found["configuration"]["status"], found["armed"]["status"]) == ("unknown", "pass")
    assert "Permission denied" in found["configuration"]["reason"]
