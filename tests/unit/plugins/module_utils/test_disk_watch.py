# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer's round: a failing disk is told of once, a healthy one never, a sleeping one is left asleep."""

import json
import time
from typing import Any, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_results,
    _disk_watch,
    _disks,
    _smartd_alarm,
    _smartmontools_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_disks import POLICY, Smartctl, ata, machine, nvme, scsi
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal

LIMITS = _smartmontools_policy.limits(POLICY)


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = machine(str(tmp_path / "h"))
    made.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    settings(made)
    return made


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    yield made
    made.close()


def settings(host: HardwareHost, **changes: Any) -> None:
    host.put(
        _disk_watch.SETTINGS,
        json.dumps(dict({"devices": [], "scan": True, "limits": LIMITS, "self_tests": {}}, **changes)),
    )


def smartctl(host: HardwareHost) -> Smartctl:
    found = host.programs["smartctl"]
    assert isinstance(found, Smartctl)
    return found


def told(journal: Journal) -> List[str]:
    return [entry["PANIC_HARDENING_KEY"] for entry in journal.entries()]


def test_only_disks_that_stay_are_asked_and_each_once(host: HardwareHost, journal: Journal) -> None:
    assert [disk.name for disk in _disks.present(host)] == ["/dev/nvme0", "/dev/sda"]
    assert _disk_watch.watch(host) == 0
    assert [call[-1] for call in smartctl(host).calls] == ["/dev/nvme0", "/dev/sda"]
    assert told(journal) == []
    kept = _disk_results.read(host)["/dev/sda"]
    assert (kept["model"], kept["passed"], kept["temperature"], kept["problems"]) == ("EXAMPLE HDD 1000", True, 32, [])


def test_an_nvme_disk_with_paths_is_asked_by_its_controller(host: HardwareHost) -> None:
    for name in ("nvme1c3n1", "nvme1c4n1", "nvme1n1", "nvme10n1"):
        host.put("/sys/block/%s/removable" % name, "0\n")
    assert [disk.device for disk in _disks.present(host)] == ["/dev/nvme0", "/dev/nvme10", "/dev/nvme3", "/dev/sda"]


def test_a_disk_that_begins_to_fail_is_told_of_once_whoever_sees_it_first(host: HardwareHost, journal: Journal) -> None:
    _disk_watch.watch(host)
    smartctl(host).reports["/dev/nvme0"] = nvme(critical_warning=4)
    for _round in range(3):
        _disk_watch.watch(host)
    seen = {
        "SMARTD_DEVICE": "/dev/nvme0",
        "SMARTD_DEVICETYPE": "nvme",
        "SMARTD_FAILTYPE": "Health",
        "SMARTD_MESSAGE": "FAILED",
    }
    _smartd_alarm.raise_it(host, seen)
    (entry,) = journal.entries()
    assert entry["PANIC_HARDENING_KEY"] == "smartmontools.health:/dev/nvme0"
    assert entry["MESSAGE"].endswith(
        "EXAMPLE NVMe 500 /dev/nvme0: the disk says that it is failing: it is no longer reliable"
    )
    assert '"serial": "N1"' in entry["PANIC_HARDENING_DETAILS"]


def test_what_is_mended_is_told_anew_when_it_comes_back(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for hour, warning in enumerate((4, 0, 4)):
        monkeypatch.setattr(time, "time", lambda at=now + hour * 3600: at)
        smartctl(host).reports["/dev/nvme0"] = nvme(critical_warning=warning)
        _disk_watch.watch(host)
    assert told(journal) == ["smartmontools.health:/dev/nvme0"] * 2


def test_a_sleeping_disk_is_not_woken_and_its_last_word_stays(host: HardwareHost, journal: Journal) -> None:
    _disk_watch.watch(host)
    first = _disk_results.read(host)["/dev/sda"]
    smartctl(host).asleep.append("/dev/sda")
    _disk_watch.watch(host)
    again = _disk_results.read(host)["/dev/sda"]
    assert again.pop("asleep_at") >= first["at"]
    assert again == first
    argv = smartctl(host).calls[-1]
    assert "--nocheck=standby,250" in argv
    # To find out how to talk to a disk would wake it.
    assert argv[argv.index("-d") + 1] == "sat"


def test_a_disk_that_does_not_answer_costs_the_others_nothing(host: HardwareHost, journal: Journal) -> None:
    smartctl(host).hangs.append("/dev/nvme0")
    del smartctl(host).reports["/dev/sda"]
    _disk_watch.watch(host)
    assert told(journal) == ["smartmontools.access:/dev/nvme0", "smartmontools.access:/dev/sda"]


def test_the_alarm_is_out_before_the_result_is_written(host: HardwareHost, journal: Journal) -> None:
    smartctl(host).reports["/dev/sda"] = ata(a197=8)
    host.refused.add(_disk_results.PATH)
    with pytest.raises(HostError):
        _disk_watch.watch(host)
    assert "smartmontools.sectors:/dev/sda" in [entry.get("PANIC_HARDENING_KEY") for entry in journal.entries()]


def test_disks_behind_a_controller_are_told_apart(host: HardwareHost, journal: Journal) -> None:
    devices = [{"device": "/dev/sda", "type": "megaraid,0"}, {"device": "/dev/sda", "type": "megaraid,1"}]
    settings(host, devices=devices)
    smartctl(host).reports["/dev/sda"] = scsi(uncorrected=3)
    _disk_watch.watch(host)
    assert told(journal) == [
        "smartmontools.sectors:/dev/sda [megaraid,0]",
        "smartmontools.sectors:/dev/sda [megaraid,1]",
    ]
    kinds = [call[call.index("-d") + 1] if "-d" in call else "" for call in smartctl(host).calls]
    assert kinds == ["megaraid,0", "megaraid,1", ""]
    assert _disks.Disk("/dev/sda", "megaraid,0").short == "sda_megaraid_0"
    settings(host, devices=devices, scan=False)
    _disk_watch.watch(host)
    assert len(_disk_results.read(host)) == 2


def test_a_temperature_that_flickers_is_told_of_once(host: HardwareHost, journal: Journal) -> None:
    for degrees in (40, 76, 74, 76, 73, 75):
        smartctl(host).reports["/dev/nvme0"] = nvme(temperature=degrees)
        _disk_watch.watch(host)
    assert told(journal) == ["smartmontools.temperature:/dev/nvme0"]
    for degrees in (71, 76, 86):
        smartctl(host).reports["/dev/nvme0"] = nvme(temperature=degrees)
        _disk_watch.watch(host)
    assert [entry["PRIORITY"] for entry in journal.entries()] == ["2"]


@pytest.mark.parametrize(
    "failure, key, priority",
    [
        ("Health", "smartmontools.health:/dev/sda", "2"),
        ("CurrentPendingSector", "smartmontools.sectors:/dev/sda", "4"),
        ("FailedOpenDevice", "smartmontools.access:/dev/sda", "4"),
        ("EmailTest", "smartmontools.test:/dev/sda", "6"),
        ("", "smartmontools.access:/dev/sda", "4"),
    ],
)
def test_what_smartd_reports(host: HardwareHost, journal: Journal, failure: str, key: str, priority: str) -> None:
    seen = {
        "SMARTD_DEVICE": "/dev/sda",
        "SMARTD_DEVICETYPE": "sat",
        "SMARTD_FAILTYPE": failure,
        "SMARTD_MESSAGE": "Device: $(reboot)",
    }
    assert _smartd_alarm.raise_it(host, seen) == 0
    (entry,) = journal.entries()
    assert (entry["PANIC_HARDENING_KEY"], entry["PRIORITY"]) == (key, priority)
    assert entry["MESSAGE"].endswith("Device: $(reboot)")


def test_smartd_s_disk_behind_a_controller_has_the_timer_s_name(host: HardwareHost, journal: Journal) -> None:
    _smartd_alarm.raise_it(
        host, {"SMARTD_DEVICE": "/dev/sda", "SMARTD_DEVICETYPE": "megaraid,1", "SMARTD_FAILTYPE": "Health"}
    )
    assert told(journal) == ["smartmontools.health:/dev/sda [megaraid,1]"]


def test_disks_that_smartd_has_found_behind_a_controller_are_told_apart(host: HardwareHost, journal: Journal) -> None:
    for number in (0, 12):
        seen = {"SMARTD_DEVICE": "/dev/bus/0", "SMARTD_DEVICETYPE": "auto", "SMARTD_FAILTYPE": "Health"}
        seen["SMARTD_DEVICESTRING"] = "/dev/bus/0 [megaraid_disk_%02d] [SAT]" % number
        _smartd_alarm.raise_it(host, seen)
    assert told(journal) == [
        "smartmontools.health:/dev/bus/0 [megaraid,0]",
        "smartmontools.health:/dev/bus/0 [megaraid,12]",
    ]


@pytest.mark.parametrize("kind", ["sat", "scsi", "usbjmicron"])
def test_how_a_single_disk_is_talked_to_makes_no_other_disk_of_it(
    host: HardwareHost, journal: Journal, kind: str
) -> None:
    settings(host, devices=[{"device": "/dev/sda", "type": kind}])
    smartctl(host).reports["/dev/sda"] = ata(a197=8)
    _disk_watch.watch(host)
    assert smartctl(host).calls[0][-3:] == ["-d", kind, "/dev/sda"]
    seen = {"SMARTD_DEVICE": "/dev/sda", "SMARTD_DEVICETYPE": kind, "SMARTD_FAILTYPE": "OfflineUncorrectableSector"}
    _smartd_alarm.raise_it(host, seen)
    assert told(journal) == ["smartmontools.sectors:/dev/sda"]


def test_what_smartd_calls_a_failure_of_nvme_and_is_none(host: HardwareHost, journal: Journal) -> None:
    disk = {"SMARTD_DEVICE": "/dev/nvme0", "SMARTD_DEVICETYPE": "nvme"}
    _smartd_alarm.raise_it(host, dict(disk, SMARTD_FAILTYPE="ErrorCount"))
    assert told(journal) == []
    for warning, key in (("0x02", "temperature"), ("0x06", "health")):
        message = "Device: /dev/nvme0, Critical Warning (%s): Temperature" % warning
        _smartd_alarm.raise_it(host, dict(disk, SMARTD_FAILTYPE="Health", SMARTD_MESSAGE=message))
        assert told(journal) == ["smartmontools.%s:/dev/nvme0" % key]


def test_settings_that_cannot_be_read_are_an_error_that_names_them(host: HardwareHost) -> None:
    host.put(_disk_watch.SETTINGS, "{")
    with pytest.raises(HostError, match="disks.json: cannot be used"):
        _disk_watch.watch(host)


def test_damaged_results_are_none(host: HardwareHost, journal: Journal) -> None:
    for text in ("{", "[]", '{"/dev/sda": 1}'):
        host.put(_disk_results.PATH, text)
        assert _disk_results.read(host) == {}
        _disk_watch.watch(host)
