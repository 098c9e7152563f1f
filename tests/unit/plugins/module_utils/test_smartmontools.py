# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""smartd's configuration is ours at its end, is read by smartd first, and can be taken out again; the audit asks no disk."""

import json
import subprocess
import time
from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_results,
    _disk_watch,
    _hardware,
    _hardware_plan,
    _hardware_setup,
    _smartmontools,
    _smartmontools_files,
    _smartmontools_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_disks import DEBIAN, POLICY, REDHAT, Smartctl, Smartd, ata, machine, nvme
from unit.plugins.module_utils.fixture_hardware import HardwareHost

LAUNCHER = "/usr/local/sbin/kernelops-hardware"
CONFIG = "/etc/smartd.conf"
OPTIONS = "/etc/default/smartmontools"
STOCK = "# a remark\n/dev/sdx -H -m root\nDEVICESCAN -d removable -n standby -m root -M exec /usr/share/smartmontools/smartd-runner\n"


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = machine(str(tmp_path / "h"))
    made.put(CONFIG, STOCK)
    made.put(OPTIONS, '#smartd_opts="--interval=1800"\n')
    return made


def set_up(host: HardwareHost, packages: Any = (), **changes: Any) -> List[str]:
    found = _hardware.wish(host, "smartmontools", dict(POLICY, **changes), True, list(packages))
    assert found.wish, found.reason
    changed = [change.path for change in _hardware_plan.plan(host, found.wish)]
    _hardware_setup.apply(host, found.wish, found.check)
    return changed


def resolved(host: HardwareHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _smartmontools.resolve(dict(POLICY, **changes), _smartmontools.observe(host))
    return found


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _smartmontools.evaluate(dict(POLICY, **changes), _smartmontools.observe(host))
    return dict((item["control"][len("smartmontools.") :], item) for item in findings)


def statuses(host: HardwareHost, **changes: Any) -> Dict[str, str]:
    return dict((name, item["status"]) for name, item in judged(host, **changes).items())


@pytest.mark.parametrize(
    "change, name",
    [
        ({"interval": 59}, "interval"),
        ({"temperature_high": 70}, "temperature_high"),
        ({"nvme_temperature_high": 90}, "nvme_temperature_high"),
        ({"devices": [{"device": "/dev/sda -a"}]}, "devices"),
        ({"devices": [{"device": "/dev/sda", "type": "megaraid,0 -m x"}]}, "devices"),
        ({"devices": [{"type": "sat"}]}, "devices"),
        ({"devices": ["/dev/sda"]}, "devices"),
        ({"devices": [{"device": "/dev/sda", "typ": "x"}]}, "devices"),
        ({"attribute_limits": {"x": 1}}, "attribute_limits"),
        ({"attribute_limits": {"5": -1}}, "attribute_limits"),
        ({"long_test_day": 8}, "long_test_day"),
    ],
)
def test_a_bad_policy_is_refused_by_variable(change: Dict[str, Any], name: str) -> None:
    _smartmontools.validate(POLICY)
    with pytest.raises(PolicyError, match="^smartmontools_%s: " % name):
        _smartmontools.validate(dict(POLICY, **dict(("smartmontools_" + key, value) for key, value in change.items())))


def test_a_virtual_machine_a_container_and_a_host_without_disks_are_left_alone(tmp_path: Any) -> None:
    guest = machine(str(tmp_path / "vm"), "vm")
    assert "for its host to watch" in resolved(guest)["reason"]
    assert resolved(guest, smartmontools_virtual=True)["applicable"]
    assert set(statuses(guest).values()) == {"not_applicable"}
    assert "no hardware of its own" in resolved(machine(str(tmp_path / "c"), "container"))["reason"]
    bare = machine(str(tmp_path / "bare"))
    assert resolved(bare, smartmontools_scan=False)["reason"].startswith("there is no disk")
    named = [{"device": "/dev/sda", "type": "cciss,1"}]
    assert resolved(bare, smartmontools_scan=False, smartmontools_devices=named)["applicable"]
    other = machine(str(tmp_path / "suse"), release='ID="sles"\nPRETTY_NAME="SLES 15"\n')
    assert resolved(other)["reason"].startswith("SLES 15: this role knows")


def test_the_stock_scan_is_set_aside_and_given_back(host: HardwareHost) -> None:
    set_up(host)
    text = host.text(CONFIG)
    read = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert read == [
        "/dev/sdx -H -m root",
        "DEFAULT -a -C 0 -U 0 -o on -S on -n standby,10,q -s (S/../.././02:002-022|L/../../6/03:002-022) -m <nomailer> "
        "-M exec /usr/local/sbin/kernelops-smartd-alarm",
        "DEVICESCAN -d removable",
    ]
    assert 'smartd_opts="--interval=1800 --quit=never"' in host.text(OPTIONS).splitlines()
    assert "restart smartmontools.service" in host.systemctl_calls
    assert set_up(host) == []
    found = _hardware.wish(host, "smartmontools", {}, False, [])
    assert found.wish
    _hardware_setup.apply(host, found.wish)
    assert (host.text(CONFIG), host.text(OPTIONS)) == (STOCK, '#smartd_opts="--interval=1800"\n')
    assert [path for path in host.snapshot() if "kernelops-" in path and "/run/" not in path] == []


def test_controllers_and_schedules(host: HardwareHost) -> None:
    named = dict(POLICY, smartmontools_devices=[{"device": "/dev/sda", "type": "megaraid,0"}], smartmontools_scan=False)
    assert _smartmontools_files.lines(named, [7, 3])[1:] == ["/dev/sda -d megaraid,0 -d removable"]
    schedule = _smartmontools_policy.schedule
    assert schedule(POLICY, [7, 2]) == "(S/../.././02|L/../../6/03)"
    assert schedule(dict(POLICY, smartmontools_stagger_hours=0), [7, 3]) == "(S/../.././02|L/../../6/03)"
    none = dict(POLICY, smartmontools_short_test_hour=-1, smartmontools_long_test_day=0)
    assert schedule(none, [7, 3]) == ""
    assert " -s " not in _smartmontools_files.lines(none, [7, 3])[0]


def test_smartd_reads_it_first_and_a_file_it_refuses_changes_nothing_else(host: HardwareHost) -> None:
    smartd = host.programs["smartd"]
    assert isinstance(smartd, Smartd)
    smartd.rc, smartd.said = 2, "File x line 3 (drive DEVICESCAN): unknown Directive: -zz\n"
    host.put("/var/lib/dpkg/status", "")
    before = host.snapshot()
    with pytest.raises(HostError, match="does not take its new configuration .code 2.*unknown Directive"):
        set_up(host, packages=["smartmontools"])
    # The removal must know of the package, and the next run finds it installed.
    assert _hardware_plan.record(host)["smartmontools"]["packages"] == ["smartmontools"]
    assert _smartmontools.observe(host)["record"]["packages"] == ["smartmontools"]
    apart = ("/run/", "/var/lib/kernelops-panic_hardening")
    left = dict((path, what) for path, what in host.snapshot().items() if not path.startswith(apart))
    assert left == dict((path, what) for path, what in before.items() if not path.startswith(apart))
    assert host.listdir("/var/lib/kernelops-panic_hardening") == ["hardware.json"]
    assert "kernelops-smartd-alarm" in smartd.read[0]
    for good in (0, 16, 17):
        smartd.rc = good
        set_up(host)


def test_smartd_does_not_wait_for_the_alarm(host: HardwareHost, tmp_path: Any) -> None:
    set_up(host)
    told = tmp_path / "told"
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\nsleep 2\necho "$1 $SMARTD_DEVICE" > "%s"\n' % told)
    slow.chmod(0o755)
    hook = tmp_path / "hook"
    hook.write_text(host.text("/usr/local/sbin/kernelops-smartd-alarm").replace(LAUNCHER, str(slow)))
    began = time.monotonic()
    # As smartd does: until the end of its output.
    subprocess.check_output(["/bin/sh", str(hook)], env={"PATH": "/usr/bin:/bin", "SMARTD_DEVICE": "/dev/sda"})
    assert time.monotonic() - began < 1.5
    while not told.exists() and time.monotonic() - began < 20:
        time.sleep(0.1)
    time.sleep(0.1)
    assert told.read_text() == "smartd /dev/sda\n"


def test_the_names_of_the_rhel_family(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "h"), release=REDHAT)
    host.put("/etc/smartmontools/smartd.conf", "DEVICESCAN -H -m root\n")
    changed = set_up(host)
    assert {"/etc/smartmontools/smartd.conf", "/etc/sysconfig/smartmontools", "smartd.service"} <= set(changed)
    assert "/etc/smartd.conf" not in changed


def test_passed_through_disks_need_smartd_in_a_virtual_machine(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "h"), "vm")
    set_up(host, smartmontools_virtual=True)
    drop_in = "/etc/systemd/system/smartmontools.service.d/kernelops-smartmontools.conf"
    assert host.text(drop_in).endswith("[Unit]\nConditionVirtualization=\n")
    metal = machine(str(tmp_path / "m"))
    set_up(metal)
    assert not metal.exists(drop_in)


def test_before_and_after(host: HardwareHost) -> None:
    assert statuses(host) == {
        "installed": "pass",
        "configuration": "fail",
        "self_tests": "not_applicable",
        "health.nvme0": "unknown",
        "health.sda": "unknown",
        "temperature.nvme0": "unknown",
        "temperature.sda": "unknown",
    }
    set_up(host)
    _disk_watch.watch(host)
    asked = host.programs["smartctl"]
    assert isinstance(asked, Smartctl)
    calls = len(asked.calls)
    assert set(statuses(host).values()) == {"pass", "not_applicable"}
    assert len(asked.calls) == calls, "an audit asks no disk"
    assert judged(host)["health.sda"]["observed"] == "EXAMPLE HDD 1000 /dev/sda, seen 0 min ago"


def test_a_file_of_the_package_that_is_gone_is_a_difference_to_audit_and_harden_alike(host: HardwareHost) -> None:
    set_up(host)
    assert judged(host)["configuration"]["status"] == "pass"
    host.remove(CONFIG)
    host.remove(OPTIONS)
    found = judged(host)["configuration"]
    assert (found["status"], found["observed"]) == ("fail", "2 of them differ")
    assert CONFIG in found["reason"] and OPTIONS in found["reason"]
    assert {CONFIG, OPTIONS} <= set(set_up(host))


def test_a_failing_disk_is_named_with_its_serial_number(host: HardwareHost) -> None:
    set_up(host)
    asked = host.programs["smartctl"]
    assert isinstance(asked, Smartctl)
    asked.reports.update({"/dev/sda": ata(a198=3), "/dev/nvme0": nvme(critical_warning=4, temperature=90)})
    host.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    host.programs["logger"] = lambda argv: Result(0, "", "")
    _disk_watch.watch(host)
    found = judged(host)
    assert found["health.nvme0"]["reason"] == "/dev/nvme0: the disk says that it is failing: it is no longer reliable"
    assert found["health.nvme0"]["remedy"] == "save what is on it, and replace the disk /dev/nvme0 (serial number N1)"
    assert "Offline_Uncorrectable (198) 3" in found["health.sda"]["reason"]
    assert (found["temperature.nvme0"]["status"], found["temperature.sda"]["status"]) == ("fail", "pass")
    assert {found[name]["category"] for name in found if "." in name} == {"health"}


def test_old_results_are_unknown_and_say_that_the_disk_slept(
    host: HardwareHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(host)
    _disk_watch.watch(host)
    asked = host.programs["smartctl"]
    assert isinstance(asked, Smartctl)
    asked.asleep.append("/dev/sda")
    later = time.time() + 73 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    _disk_watch.watch(host)
    found = judged(host)
    assert found["health.nvme0"]["status"] == "pass"
    assert (found["health.sda"]["status"], found["temperature.sda"]["status"]) == ("unknown", "unknown")
    assert found["health.sda"]["reason"] == "what is known of /dev/sda is older than 72 h, and it sleeps"
    assert judged(host, smartmontools_result_max_age=100)["health.sda"]["status"] == "pass"


def test_who_begins_self_tests_of_nvme_disks(tmp_path: Any) -> None:
    for version, who, status in (
        ("7.3", "none", "not_applicable"),
        ("7.4", "timer", "pass"),
        ("7.5", "smartd", "pass"),
    ):
        host = machine(str(tmp_path / version), version=version)
        assert resolved(host)["nvme_self_tests"] == who
        found = judged(host)["self_tests"]
        assert found["status"] == status
        set_up(host)
        asked = json.loads(host.text(_disk_watch.SETTINGS))["self_tests"]
        both = {"short": {"day": 0, "hour": 2}, "long": {"day": 6, "hour": 3}}
        assert asked == (both if who == "timer" else {})
    assert "7.4 can" in judged(machine(str(tmp_path / "x"), version="7.3"))["self_tests"]["reason"]


def test_a_smartctl_that_is_too_old_for_the_timer_leaves_the_disks_to_smartd(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "h"), version="6.6")
    changed = set_up(host)
    assert "smartmontools.service" in changed
    assert [path for path in changed if "kernelops-disks" in path] == []
    assert "DEFAULT -a -o on" in host.text(CONFIG)
    found = judged(host)
    assert (found["configuration"]["status"], found["health.sda"]["status"]) == ("pass", "not_applicable")
    assert found["health.sda"]["reason"].startswith("only smartd watches /dev/sda: smartctl 6.6 gives")
    host.programs["smartd"] = Smartd("7.0")
    assert judged(host)["health.sda"]["status"] == "unknown"
    assert "kernelops-disks.timer" in set_up(host)


def test_a_disk_that_refuses_its_self_test_is_named(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "h"), version="7.4")
    set_up(host)
    for text, status in (("", "pass"), ("Self-tests not supported", "not_applicable"), ("NVMe command failed", "fail")):
        host.put(_disk_results.PATH, json.dumps({"/dev/nvme0": {"test_refused": text}}))
        found = judged(host)["self_tests"]
        assert (found["status"], found["category"]) == (status, "health")
        assert found["reason"] == ("/dev/nvme0: " + text if text else "")
    host.denied.add(_disk_results.PATH)
    assert judged(host)["self_tests"]["status"] == "unknown"


def test_without_the_package_it_is_to_be_installed(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "h"), release=DEBIAN)
    host.remove("/usr/sbin/smartd")
    assert (resolved(host)["install"], resolved(host)["package_manager"]) == (["smartmontools"], "apt")
    assert judged(host)["installed"]["status"] == "fail"
    assert judged(host)["self_tests"]["status"] == "fail"


def test_without_root_it_is_unknown(host: HardwareHost) -> None:
    set_up(host)
    host.denied.add(CONFIG)
    assert judged(host)["configuration"]["status"] == "unknown"
    host.denied.add(_disk_results.PATH)
    assert judged(host)["health.sda"]["status"] == "unknown"
