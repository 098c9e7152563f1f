# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk is known by itself: whatever name it has after a restart, and missed when it is gone."""

import json
import shutil
from typing import Any, Dict, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_results,
    _disk_watch,
    _disks,
    _smartmontools,
    _smartmontools_policy,
)
from unit.plugins.module_utils.fixture_disks import POLICY, Smartctl, ata, machine, scsi
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal

LIMITS = _smartmontools_policy.limits(POLICY)


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = machine(str(tmp_path / "h"))
    made.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    settings = {"devices": [], "scan": True, "limits": LIMITS, "self_tests": {}}
    made.put(_disk_watch.SETTINGS, json.dumps(settings))
    return made


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    yield made
    made.close()


def smartctl(host: HardwareHost) -> Smartctl:
    found = host.programs["smartctl"]
    assert isinstance(found, Smartctl)
    return found


def plug(host: HardwareHost, name: str, serial: str, report: Dict[str, Any]) -> None:
    """A disk behind a name; the kernel knows it by its serial number."""
    host.put("/sys/block/%s/removable" % name, "0\n")
    host.put("/sys/block/%s/device/wwid" % name, "naa.%s\n" % serial)
    smartctl(host).reports["/dev/" + name] = dict(report, serial_number=serial)


def unplug(host: HardwareHost, name: str) -> None:
    shutil.rmtree(host.root + "/sys/block/" + name)
    smartctl(host).reports.pop("/dev/" + name, None)


def told(journal: Journal) -> List[str]:
    return [entry["PANIC_HARDENING_KEY"] for entry in journal.entries()]


def judged(host: HardwareHost) -> Dict[str, Dict[str, Any]]:
    findings = _smartmontools.evaluate(POLICY, _smartmontools.observe(host))
    return dict((item["control"][len("smartmontools.") :], item) for item in findings)


def rounds(host: HardwareHost, count: int = 1) -> None:
    for _round in range(count):
        assert _disk_watch.watch(host) == 0


def test_a_disk_that_is_gone_is_told_of_once_and_missed_until_that_is_accepted(
    host: HardwareHost, journal: Journal
) -> None:
    rounds(host)
    unplug(host, "sda")
    rounds(host, 3)
    assert told(journal) == ["smartmontools.missing:/dev/sda (serial number A1B2C3)"]
    found = judged(host)["missing.A1B2C3"]
    assert (found["status"], found["category"], found["severity"]) == ("fail", "health", "critical")
    assert "EXAMPLE HDD 1000 /dev/sda (serial number A1B2C3) is gone" in found["reason"]
    assert "remove /var/lib/kernelops-panic_hardening/disks.json" in found["remedy"]
    host.remove(_disk_results.PATH)
    rounds(host)
    assert (told(journal), [name for name in judged(host) if "missing" in name]) == ([], [])


def test_one_that_comes_back_under_another_name_is_no_longer_missed(host: HardwareHost, journal: Journal) -> None:
    plug(host, "sda", "S1", ata())
    rounds(host)
    unplug(host, "sda")
    rounds(host)
    smartctl(host).asleep.append("/dev/sdc")
    plug(host, "sdc", "S1", ata())
    rounds(host)
    assert told(journal) == ["smartmontools.missing:/dev/sda (serial number S1)"]
    assert sorted(_disk_results.read(host)) == ["/dev/nvme0", "/dev/sdc"]
    assert "missing.S1" not in judged(host)


def test_names_that_change_at_a_restart_mix_up_nothing(host: HardwareHost, journal: Journal) -> None:
    plug(host, "sda", "S1", ata(a197=8))
    plug(host, "sdc", "S2", scsi(0, kind="scsi"))
    rounds(host)
    assert told(journal) == ["smartmontools.sectors:/dev/sda"]
    plug(host, "sda", "S2", scsi(0, kind="scsi"))
    plug(host, "sdc", "S1", ata(a197=8))
    smartctl(host).calls.clear()
    rounds(host)
    kinds = dict((call[-1], call[call.index("-d") + 1]) for call in smartctl(host).calls)
    assert (kinds["/dev/sda"], kinds["/dev/sdc"]) == ("scsi", "sat")
    assert told(journal) == ["smartmontools.sectors:/dev/sdc"]
    # The first one dies, and the other one gets its name.
    unplug(host, "sdc")
    rounds(host)
    assert told(journal) == ["smartmontools.missing:/dev/sdc (serial number S1)"]


def test_the_death_of_the_first_disk_gives_its_name_to_the_next(host: HardwareHost, journal: Journal) -> None:
    plug(host, "sda", "S1", ata())
    plug(host, "sdc", "S2", ata())
    rounds(host)
    unplug(host, "sdc")
    plug(host, "sda", "S2", ata())
    smartctl(host).asleep.append("/dev/sda")
    rounds(host)
    assert told(journal) == ["smartmontools.missing:/dev/sda (serial number S1)"]


def test_a_swap_that_the_kernel_cannot_tell_is_seen_by_the_serial_number(host: HardwareHost, journal: Journal) -> None:
    smartctl(host).reports["/dev/sda"] = ata(a197=8)
    rounds(host)
    smartctl(host).reports["/dev/sda"] = dict(ata(), serial_number="NEW")
    rounds(host)
    assert told(journal) == ["smartmontools.sectors:/dev/sda", "smartmontools.missing:/dev/sda (serial number A1B2C3)"]
    assert _disk_results.read(host)["/dev/sda"]["type"] == ""


def test_how_to_talk_to_a_disk_is_forgotten_when_it_fails(host: HardwareHost, journal: Journal) -> None:
    rounds(host)
    report = {"smartctl": {"exit_status": 2, "messages": []}, "device": {"type": "sat", "protocol": "ATA"}}
    smartctl(host).reports["/dev/sda"] = report
    rounds(host, 2)
    assert "-d" in smartctl(host).calls[-3]
    assert "-d" not in smartctl(host).calls[-1]
    assert told(journal) == ["smartmontools.access:/dev/sda"]
    unplug(host, "sda")
    rounds(host)
    assert told(journal) == ["smartmontools.missing:/dev/sda (serial number A1B2C3)"]


@pytest.mark.parametrize("place", ["usb2/2-1/2-1:1.0/host4", "platform/host4/session1"])
def test_what_comes_and_goes_is_not_missed(host: HardwareHost, journal: Journal, place: str) -> None:
    host.put("/sys/devices/%s/block/sdc/removable" % place, "0\n")
    host.link("/sys/block/sdc", "../devices/%s/block/sdc" % place)
    smartctl(host).reports["/dev/sdc"] = dict(ata(), serial_number="USB1")
    rounds(host)
    assert "/dev/sdc" in _disk_results.read(host)
    host.remove("/sys/block/sdc")
    rounds(host)
    assert told(journal) == []


def test_the_last_disk_of_a_host_is_missed_too(host: HardwareHost, journal: Journal) -> None:
    unplug(host, "nvme0n1")
    unplug(host, "nvme0n2")
    rounds(host)
    unplug(host, "sda")
    rounds(host)
    assert _disks.present(host) == []
    assert told(journal) == ["smartmontools.missing:/dev/sda (serial number A1B2C3)"]
    assert judged(host)["missing.A1B2C3"]["status"] == "fail"


def test_what_was_said_is_kept_when_the_round_is_killed(host: HardwareHost, journal: Journal) -> None:
    asked = smartctl(host)

    def killed(argv: List[str]) -> Any:
        if argv[-1] == "/dev/sda":
            raise KeyboardInterrupt
        return asked(argv)

    host.programs["smartctl"] = killed
    with pytest.raises(KeyboardInterrupt):
        _disk_watch.watch(host)
    assert list(_disk_results.read(host)) == ["/dev/nvme0"]
