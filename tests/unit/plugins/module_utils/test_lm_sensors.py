# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heat is told of once, with a hysteresis, by the limits that fit best; no disk is asked; hosts without sensors are left alone."""

import shutil
from typing import Any, Dict, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware,
    _hardware_plan,
    _hardware_setup,
    _hwmon,
    _lm_sensors,
    _lm_sensors_policy,
    _sensor_watch,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Unreadable
from unit.plugins.module_utils.fixture_disks import REDHAT
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal
from unit.plugins.module_utils.fixture_sensors import CORE, POLICY, chip, machine, server

DRIVERS = "/etc/systemd/system/kernelops-sensors-drivers.service"


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    return server(str(tmp_path / "h"))


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    yield made
    made.close()


def set_up(host: HardwareHost, **changes: Any) -> List[str]:
    found = _hardware.wish(host, "lm_sensors", dict(POLICY, panic_hardening_alert_mail="", **changes), True, [])
    assert found.wish, found.reason
    changed = [change.path for change in _hardware_plan.plan(host, found.wish)]
    _hardware_setup.apply(host, found.wish)
    return changed


def heat(host: HardwareHost, degrees: float) -> None:
    host.put("/sys/class/hwmon/hwmon0/temp1_input", "%d\n" % (degrees * 1000))


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _lm_sensors.evaluate(dict(POLICY, **changes), _lm_sensors.observe(host))
    return dict((item["control"][len("lm_sensors.") :], item) for item in findings)


def resolved(host: HardwareHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _lm_sensors.resolve(dict(POLICY, **changes), _lm_sensors.observe(host))
    return found


@pytest.mark.parametrize(
    "change, name",
    [
        ({"interval": 9}, "interval"),
        ({"temperature_high": 95}, "temperature_high"),
        ({"temperature_critical": 200}, "temperature_critical"),
        ({"modules": ["lm75; reboot"]}, "modules"),
        ({"limits": {"k10temp": 75}}, r"limits\['k10temp'\]"),
        ({"limits": {"k10temp": {}}}, r"limits\['k10temp'\]"),
        ({"limits": {"k10temp": {"hot": 75}}}, r"limits\['k10temp'\]"),
        ({"limits": {"k10temp": {"high": "x"}}}, r"limits\['k10temp'\]"),
        ({"limits": {"k10temp": {"high": 90, "critical": 80}}}, r"limits\['k10temp'\]"),
    ],
)
def test_a_bad_policy_is_refused_by_variable(change: Dict[str, Any], name: str) -> None:
    _lm_sensors.validate(POLICY)
    with pytest.raises(PolicyError, match="^lm_sensors_%s: " % name):
        _lm_sensors.validate(dict(POLICY, **dict(("lm_sensors_" + key, value) for key, value in change.items())))


def test_what_is_read_and_what_is_not(host: HardwareHost) -> None:
    found = _hwmon.readings(host)
    assert [(r.chip, r.label, r.degrees, r.high, r.critical) for r in found] == [
        (CORE, "Package id 0", 45, 84, 100),
        (CORE, "Core 0", 44, 84, 100),
        ("nct6775-nct6775.656", "SYSTIN", 38, None, None),
    ]


def test_a_sensor_that_is_broken_by_its_own_word_is_left_out(host: HardwareHost) -> None:
    heat(host, 110)
    host.put("/sys/class/hwmon/hwmon0/temp1_fault", "1\n")
    assert [reading.label for reading in _hwmon.readings(host)] == ["Core 0", "SYSTIN"]
    host.put("/sys/class/hwmon/hwmon0/temp1_fault", "0\n")
    assert [reading.label for reading in _hwmon.readings(host)] == ["Package id 0", "Core 0", "SYSTIN"]


def test_a_sensor_that_refuses_costs_the_others_nothing(host: HardwareHost, monkeypatch: pytest.MonkeyPatch) -> None:
    real = host.read

    def read(path: str) -> Any:
        if path.endswith("hwmon0/temp1_input"):
            raise Unreadable("%s: Input/output error" % path)
        return real(path)

    monkeypatch.setattr(host, "read", read)
    assert [reading.label for reading in _hwmon.readings(host)] == ["Core 0", "SYSTIN"]


def test_limits_of_policy_chip_and_all(host: HardwareHost) -> None:
    package, _core, board = _hwmon.readings(host)

    def limits(reading: Any, **items: Any) -> Any:
        return _sensor_watch.limits(_lm_sensors_policy.settings(dict(POLICY, lm_sensors_limits=items)), reading)

    assert limits(package) == (84, 100)
    assert limits(board) == (80, 95)
    assert limits(package, coretemp={"high": 70}) == (70, 100)
    assert limits(package, **{"coretemp": {"high": 70}, "coretemp-*.Package*": {"critical": 90}}) == (70, 90)
    assert limits(package, k10temp={"high": 70}) == (84, 100)
    # A chip whose only limit is low must not be given a higher one for a start.
    low = board._replace(critical=60.0)
    assert limits(low) == (60, 60)


def test_heat_is_told_of_once_and_again_when_it_is_worse(host: HardwareHost, journal: Journal) -> None:
    set_up(host)
    for degrees in (45, 85, 82, 85, 86):
        heat(host, degrees)
        assert _sensor_watch.watch(host) == 0
    (entry,) = journal.entries()
    assert entry["MESSAGE"] == (
        "lm_sensors.temperature:%s: %s.Package id 0 has 85 degrees Celsius, the limit is 84" % (CORE, CORE)
    )
    assert entry["PRIORITY"] == "4"
    for degrees in (80, 85, 101):
        heat(host, degrees)
        _sensor_watch.watch(host)
    assert [entry["PRIORITY"] for entry in journal.entries()] == ["2"]


def test_many_sensors_of_a_chip_are_one_alarm_with_the_worst_first(host: HardwareHost, journal: Journal) -> None:
    set_up(host)
    temps = dict(("temp%d" % core, (86 + core, 84, 90, "Core %d" % core)) for core in range(1, 6))
    chip(host, 3, "coretemp", "coretemp.1", **temps)
    for _round in range(3):
        _sensor_watch.watch(host)
        for core in temps:  # each comes and goes
            heated = host.text("/sys/class/hwmon/hwmon3/%s_input" % core) > "60000"
            host.put("/sys/class/hwmon/hwmon3/%s_input" % core, "40000\n" if heated else "86000\n")
    (entry,) = journal.entries()
    assert (entry["PANIC_HARDENING_DEVICE"], entry["PRIORITY"]) == ("coretemp-coretemp.1", "2")
    assert "coretemp-coretemp.1: coretemp-coretemp.1.Core 5 has 91 degrees" in entry["MESSAGE"]
    assert "Core 1 has 87 degrees" in entry["MESSAGE"]


def test_a_damaged_list_of_what_was_hot_is_none(host: HardwareHost, journal: Journal) -> None:
    set_up(host)
    heat(host, 85)
    for text in ("{", '["x"]', '{"x": 1}'):
        host.put(_sensor_watch.HOT, text)
        assert _sensor_watch.watch(host) == 0
    assert len(journal.entries()) == 1


def test_what_the_policy_leaves_out(host: HardwareHost, journal: Journal) -> None:
    heat(host, 101)
    for pattern in ("coretemp", CORE, CORE + ".Package*"):
        set_up(host, lm_sensors_ignore=[pattern])
        _sensor_watch.watch(host)
        assert "temperature.nct6775-nct6775.656" in judged(host, lm_sensors_ignore=[pattern])
    assert journal.entries() == []
    assert judged(host)["temperature." + CORE]["status"] == "fail"


def test_settings_that_cannot_be_read_are_an_error_that_names_them(host: HardwareHost) -> None:
    with pytest.raises(HostError, match="sensors.json: cannot be used"):
        _sensor_watch.watch(host)


def test_before_and_after(host: HardwareHost) -> None:
    assert judged(host)["configuration"]["status"] == "fail"
    changed = set_up(host)
    assert "kernelops-sensors.timer" in changed
    assert "ExecStart=-/usr/sbin/modprobe coretemp\n" in host.text(DRIVERS)
    assert {item["status"] for item in judged(host).values()} == {"pass"}
    assert set_up(host) == []
    found = _hardware.wish(host, "lm_sensors", {}, False, [])
    assert found.wish
    _hardware_setup.apply(host, found.wish)
    assert [path for path in host.snapshot() if "kernelops" in path] == []


def test_the_audit_names_chip_sensor_and_limit(host: HardwareHost) -> None:
    heat(host, 90)
    found = judged(host)["temperature." + CORE]
    assert (found["status"], found["category"]) == ("fail", "health")
    assert found["reason"] == "%s.Package id 0 has 90 degrees Celsius, the limit is 84" % CORE
    assert found["observed"] == "Package id 0 90, Core 0 44"
    assert found["expected"] == "Package id 0 below 84, Core 0 below 84"


def test_a_driver_that_is_not_there_is_named(host: HardwareHost) -> None:
    wanted = {"lm_sensors_modules": ["lm75"]}
    found = judged(host, **wanted)["drivers"]
    assert (found["status"], found["reason"]) == ("fail", "lm75 could not be loaded")
    host.put("/sys/module/lm75/refcnt", "0\n")
    assert judged(host, **wanted)["drivers"]["status"] == "pass"


def test_the_processor_s_driver_is_only_tried(tmp_path: Any) -> None:
    """Nobody asked for it, so that nobody could take it back."""
    bare = machine(str(tmp_path / "m"))
    assert (resolved(bare)["modules"], judged(bare)["drivers"]["status"]) == (["coretemp"], "pass")
    shutil.rmtree(bare.root + "/sys/module/coretemp")
    found = judged(bare)["drivers"]
    assert (found["status"], found["reason"]) == ("not_applicable", "coretemp could not be loaded")
    bare.put("/sys/module/lm75/refcnt", "0\n")
    found = judged(bare, lm_sensors_modules=["lm75"])["drivers"]
    assert (found["status"], found["observed"]) == ("pass", "coretemp could not be loaded")
    assert judged(bare, lm_sensors_modules=["coretemp"])["drivers"]["status"] == "fail"


def test_who_is_left_alone(tmp_path: Any) -> None:
    guest = machine(str(tmp_path / "vm"), "vm")
    assert resolved(guest)["reason"].startswith("there is no sensor")
    assert {item["status"] for item in judged(guest).values()} == {"not_applicable"}
    assert resolved(guest, lm_sensors_modules=["i2c-stub"])["applicable"]
    chip(guest, 0, "nvme", "nvme0", temp1=(39, 84, 89, "Composite"))
    assert not resolved(guest)["applicable"], "an emulated disk is for its host to watch"
    chip(guest, 1, "lm75", "0-0048", temp1=(39, 80, None, None))
    found = resolved(guest)
    assert (found["applicable"], found["modules"]) == (True, [])
    assert "no hardware" in resolved(machine(str(tmp_path / "c"), "container"))["reason"]
    assert resolved(machine(str(tmp_path / "m")))["modules"] == ["coretemp"]


def test_packages_by_family(tmp_path: Any) -> None:
    for release, package in ((None, "lm-sensors"), (REDHAT, "lm_sensors")):
        host = machine(str(tmp_path / package), **({"release": release} if release else {}))
        host.remove("/usr/bin/sensors")
        assert resolved(host)["install"] == [package]
        assert judged(host)["installed"]["status"] == "fail"


def test_without_root_it_is_unknown(host: HardwareHost) -> None:
    set_up(host)
    host.denied.add(_sensor_watch.SETTINGS)
    assert judged(host)["configuration"]["status"] == "unknown"
