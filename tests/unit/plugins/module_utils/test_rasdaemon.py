# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrected errors are told of by their rate, others at once; what was there before the watch began is no news."""

import os
import sqlite3
import time
from typing import Any, Dict, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _edac,
    _hardware,
    _hardware_plan,
    _hardware_setup,
    _memory_watch,
    _ras_events,
    _rasdaemon,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_disks import REDHAT
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal
from unit.plugins.module_utils.fixture_memory import DATABASE, MC, POLICY, corrected, count, machine, record, server

CONFIG = "/etc/default/rasdaemon"
STOCK = 'PAGE_CE_THRESHOLD="50"\nPAGE_CE_ACTION="soft"\n'
HOUR = 3600


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = server(str(tmp_path / "h"))
    made.put(CONFIG, STOCK)
    made.put("/etc/kernelops-panic_hardening/alarm.json", '{"mail": ""}')
    made.put(_memory_watch.SETTINGS, '{"corrected_limit": 10}')
    return made


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    _memory_watch.watch(host)
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Dict[str, float]:
    now = {"now": time.time()}
    monkeypatch.setattr(time, "time", lambda: now["now"])
    return now


def told(journal: Journal) -> List[str]:
    return [entry["PANIC_HARDENING_KEY"] for entry in journal.entries()]


def set_up(host: HardwareHost, **changes: Any) -> List[str]:
    found = _hardware.wish(host, "rasdaemon", dict(POLICY, panic_hardening_alert_mail="", **changes), True, [])
    assert found.wish, found.reason
    changed = [change.path for change in _hardware_plan.plan(host, found.wish)]
    _hardware_setup.apply(host, found.wish)
    return changed


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _rasdaemon.evaluate(dict(POLICY, **changes), _rasdaemon.observe(host))
    return dict((item["control"][len("rasdaemon.") :], item) for item in findings)


def resolved(host: HardwareHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _rasdaemon.resolve(dict(POLICY, **changes), _rasdaemon.observe(host))
    return found


@pytest.mark.parametrize(
    "change, name",
    [
        ({"interval": 9}, "interval"),
        ({"corrected_limit": -1}, "corrected_limit"),
        ({"page_action": "reboot"}, "page_action"),
        ({"labels": {"x": "DIMM_A1"}}, "labels"),
        ({"labels": {"0": "DIMM_A1"}}, "labels"),
        ({"labels": {"0.0.0": "A;B"}}, "labels"),
    ],
)
def test_a_bad_policy_is_refused_by_variable(change: Dict[str, Any], name: str) -> None:
    _rasdaemon.validate(POLICY)
    with pytest.raises(PolicyError, match="^rasdaemon_%s" % name):
        _rasdaemon.validate(dict(POLICY, **dict(("rasdaemon_" + key, value) for key, value in change.items())))


def test_the_counters_of_each_module(host: HardwareHost) -> None:
    count(host, 1, 7, 1)
    host.put(MC + "ce_noinfo_count", "2\n")
    assert [tuple(counter) for counter in _edac.counters(host)] == [
        ("mc0.dimm0", "DIMM_A1", 0, 0),
        ("mc0.dimm1", "mc0 dimm1", 7, 1),
        ("mc0", "mc0 (module unknown)", 2, 0),
    ]
    host.put(MC + "dimm0/dimm_ce_count", "many\n")
    with pytest.raises(HostError, match="dimm_ce_count: 'many' is not a number"):
        _edac.counters(host)


def test_few_corrected_errors_are_no_news_and_many_are_one(
    host: HardwareHost, journal: Journal, clock: Dict[str, float]
) -> None:
    for number in range(1, 16):
        count(host, 0, number)
        clock["now"] += 60
        _memory_watch.watch(host)
        assert told(journal) == (["rasdaemon.corrected:DIMM_A1"] if number == 11 else [])


def test_slow_errors_never_reach_a_rate(host: HardwareHost, journal: Journal, clock: Dict[str, float]) -> None:
    for number in range(1, 40):
        count(host, 0, number)
        clock["now"] += 3 * HOUR
        _memory_watch.watch(host)
    assert told(journal) == []


def test_what_the_kernel_and_rasdaemon_both_count_is_counted_once(host: HardwareHost, journal: Journal) -> None:
    count(host, 0, 10)
    for _error in range(10):
        corrected(host)
    _memory_watch.watch(host)
    assert told(journal) == []
    assert _memory_watch.in_a_day(_memory_watch.results(host), "DIMM_A1", int(time.time())) == 10
    corrected(host, errors=5)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:DIMM_A1"]


def test_what_was_there_before_the_watch_is_no_news_but_an_uncorrected_one_is(host: HardwareHost) -> None:
    count(host, 0, 5000)
    count(host, 1, 0, 1)
    corrected(host, errors=5000)
    record(host, "mc_event", err_count=1, err_type="Uncorrected", err_msg="old", label="DIMM_B1")
    journal = Journal(host)
    for _round in range(2):
        _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:mc0 dimm1"]
    journal.close()


def test_a_long_history_is_no_news_in_any_later_round(host: HardwareHost) -> None:
    """More rows than one round reads: the second must not tell of what is two years old."""
    record(host, "mc_event", err_count=1, err_type="Uncorrected", err_msg="old", label="DIMM_B1")
    connection = sqlite3.connect(host.root + DATABASE)
    query = "insert into mc_event (err_count, err_type, err_msg, label) values (1, ?, ?, ?)"
    connection.executemany(query, [("Uncorrected", "old", "DIMM_B1")] * 10001)
    connection.commit()
    connection.close()
    journal = Journal(host)
    for _round in range(2):
        _memory_watch.watch(host)
    assert told(journal) == []
    record(host, "mc_event", err_count=1, err_type="Uncorrected", err_msg="new", label="DIMM_B1")
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:DIMM_B1"]
    journal.close()


def test_what_a_first_round_could_not_read_is_no_news_to_the_second(host: HardwareHost) -> None:
    host.put(DATABASE, "no database at all, but long enough to be looked at as one" * 50)
    journal = Journal(host)
    _memory_watch.watch(host)
    os.unlink(host.root + DATABASE)
    record(host, "mc_event", err_count=1, err_type="Uncorrected", err_msg="old", label="DIMM_B1")
    _memory_watch.watch(host)
    assert told(journal) == []
    journal.close()


def test_errors_of_a_long_pause_are_no_rate_of_a_day(
    host: HardwareHost, journal: Journal, clock: Dict[str, float]
) -> None:
    clock["now"] += 10 * 24 * HOUR
    count(host, 0, 100)
    _memory_watch.watch(host)
    assert told(journal) == []
    clock["now"] += 10 * 24 * HOUR
    count(host, 0, 220)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:DIMM_A1"]


def test_a_restart_begins_to_count_at_nought(host: HardwareHost, journal: Journal) -> None:
    count(host, 0, 9)
    _memory_watch.watch(host)
    host.put("/proc/sys/kernel/random/boot_id", "two\n")
    count(host, 0, 2)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:DIMM_A1"]


@pytest.mark.parametrize(
    "table, values, key",
    [
        ("mc_event", {"err_type": "Uncorrected", "label": "DIMM_A1", "err_count": 1}, "DIMM_A1"),
        ("mc_event", {"err_type": "Fatal", "label": "", "err_count": 1}, "unknown"),
        ("aer_event", {"err_type": "Uncorrected (Non-Fatal)", "dev_name": "0000:3b:00.0"}, "PCIe 0000:3b:00.0"),
        ("mce_record", {"mcistatus_msg": "Uncorrected_error Error_enabled", "bank_name": "bank=1"}, "processor bank=1"),
    ],
)
def test_what_could_not_be_corrected_is_told_of_at_once(
    host: HardwareHost, journal: Journal, table: str, values: Dict[str, Any], key: str
) -> None:
    record(host, table, **values)
    for _round in range(2):
        _memory_watch.watch(host)
    (entry,) = journal.entries()
    assert (entry["PANIC_HARDENING_KEY"], entry["PRIORITY"]) == ("rasdaemon.uncorrected:" + key, "2")


def test_a_device_that_keeps_failing_is_told_of_once_and_again_after_a_quiet_hour(
    host: HardwareHost, journal: Journal, clock: Dict[str, float]
) -> None:
    failed = {"err_type": "Uncorrected (Non-Fatal)", "dev_name": "0000:3b:00.0"}
    for _minute in range(90):
        clock["now"] += 60
        record(host, "aer_event", **failed)
        _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:PCIe 0000:3b:00.0"]
    clock["now"] += HOUR + 60
    record(host, "aer_event", **failed)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.uncorrected:PCIe 0000:3b:00.0"]


def test_corrected_errors_of_pcie_and_processor_have_a_rate_too(host: HardwareHost, journal: Journal) -> None:
    for _error in range(11):
        record(host, "aer_event", err_type="Corrected", dev_name="0000:3b:00.0", err_msg="Bad TLP")
        record(host, "mce_record", mcistatus_msg="Corrected_error", bank_name="bank=7")
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:PCIe 0000:3b:00.0", "rasdaemon.corrected:processor bank=7"]


def test_a_database_that_was_made_anew_is_read_from_its_beginning(host: HardwareHost, journal: Journal) -> None:
    for _error in range(5):
        corrected(host)
    _memory_watch.watch(host)
    os.unlink(host.root + DATABASE)
    corrected(host, errors=20)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:DIMM_A1"]


def test_a_database_that_cannot_be_read_costs_only_itself(host: HardwareHost, journal: Journal) -> None:
    host.put(DATABASE, "no database at all, but long enough to be looked at as one" * 50)
    count(host, 0, 11)
    _memory_watch.watch(host)
    assert told(journal) == ["rasdaemon.corrected:DIMM_A1"]
    assert "could not be read" in judged(host)["watched"]["reason"]
    with pytest.raises(HostError):
        _ras_events.since(host, {})


def test_reading_leaves_the_database_as_it_is(host: HardwareHost, journal: Journal) -> None:
    corrected(host)
    before = sorted(os.listdir(host.root + "/var/lib/rasdaemon")), os.stat(host.root + DATABASE).st_mtime_ns
    _memory_watch.watch(host)
    assert (sorted(os.listdir(host.root + "/var/lib/rasdaemon")), os.stat(host.root + DATABASE).st_mtime_ns) == before


def test_settings_and_results(host: HardwareHost) -> None:
    for text in ("{", "[]", "{}"):
        host.put(_memory_watch.SETTINGS, text)
        with pytest.raises(HostError, match="memory.json: cannot be used"):
            _memory_watch.watch(host)
    for text in ("{", "[1]"):
        host.put(_memory_watch.RESULTS, text)
        assert _memory_watch.results(host)["at"] == 0


def test_before_and_after(host: HardwareHost) -> None:
    found = judged(host)
    assert {name: item["status"] for name, item in found.items()} == {
        "installed": "pass",
        "configuration": "fail",
        "watched": "unknown",
        "errors.DIMM_A1": "pass",
        "errors.mc0_dimm1": "pass",
    }
    changed = set_up(host)
    assert {CONFIG, "kernelops-memory.timer", "rasdaemon.service"} <= set(changed)
    _memory_watch.watch(host)
    assert {item["status"] for item in judged(host).values()} == {"pass"}
    assert set_up(host) == []
    text = host.text(CONFIG)
    assert text.startswith(STOCK)
    assert 'PAGE_CE_REFRESH_CYCLE="24h"\nPAGE_CE_THRESHOLD="50"\nPAGE_CE_ACTION="soft"\n' in text
    assert "systemctl start --no-block kernelops-memory.service" in host.text("/usr/local/sbin/kernelops-memory-alarm")
    found_ = _hardware.wish(host, "rasdaemon", {}, False, [])
    assert found_.wish
    _hardware_setup.apply(host, found_.wish)
    assert host.text(CONFIG) == STOCK
    assert [path for path in host.snapshot() if "kernelops" in path] == []
    assert host.units["rasdaemon.service"] == {"enabled": "enabled", "active": "active"}


def test_labels_are_filed_under_the_board_and_registered(host: HardwareHost) -> None:
    set_up(host)
    del host.systemctl_calls[:]
    set_up(host, rasdaemon_labels={"0.1.0": "DIMM_B1", "0.0.0": "DIMM_A1"})
    text = host.text("/etc/ras/dimm_labels.d/kernelops")
    assert text.splitlines()[1:] == [
        "Vendor: EXAMPLE Inc.",
        "  Model: X1",
        "    DIMM_A1: 0.0.0;",
        "    DIMM_B1: 0.1.0;",
    ]
    assert host.systemctl_calls == ["restart ras-mc-ctl.service"]
    host.put("/sys/class/dmi/id/board_name", "\n")
    assert resolved(host, rasdaemon_labels={"0.1.0": "DIMM_B1"})["reason"].startswith("rasdaemon_labels: this machine")


def test_the_audit_names_the_module(host: HardwareHost, journal: Journal, clock: Dict[str, float]) -> None:
    count(host, 0, 12)
    count(host, 1, 0, 1)
    _memory_watch.watch(host)
    found = judged(host)
    assert found["errors.DIMM_A1"]["reason"] == "DIMM_A1 had 12 corrected errors within a day, the limit is 10"
    assert (
        found["errors.DIMM_A1"]["observed"] == "12 corrected within a day, since the boot 12 corrected, 0 uncorrected"
    )
    assert found["errors.mc0_dimm1"]["remedy"] == "replace mc0 dimm1 soon, and update no kernel before"
    assert found["errors.DIMM_A1"]["category"] == "health"
    host.put("/proc/sys/kernel/random/boot_id", "two\n")
    count(host, 0, 0)
    count(host, 1, 0)
    clock["now"] += 25 * HOUR
    _memory_watch.watch(host)
    found = judged(host)
    assert (found["errors.DIMM_A1"]["status"], found["errors.mc0_dimm1"]["status"]) == ("pass", "fail")
    clock["now"] += 31 * 24 * HOUR
    assert judged(host)["watched"]["status"] == "fail"
    _memory_watch.watch(host)
    assert judged(host)["errors.mc0_dimm1"]["status"] == "pass"


def test_who_is_left_alone(tmp_path: Any) -> None:
    guest = machine(str(tmp_path / "vm"), "vm")
    assert "is shown no memory controller" in resolved(guest)["reason"]
    assert {item["status"] for item in judged(guest).values()} == {"not_applicable"}
    assert "no hardware" in resolved(machine(str(tmp_path / "c"), "container"))["reason"]
    metal = machine(str(tmp_path / "m"))
    assert resolved(metal)["applicable"]
    assert judged(metal)["memory"]["status"] == "not_applicable"
    assert "EDAC" in judged(metal)["memory"]["reason"]
    set_up(metal)
    assert "start ras-mc-ctl.service" not in metal.systemctl_calls


def test_the_rhel_family_and_a_missing_package(tmp_path: Any) -> None:
    host = server(str(tmp_path / "h"), release=REDHAT)
    assert "/etc/sysconfig/rasdaemon" in set_up(host)
    host.remove("/usr/sbin/rasdaemon")
    assert (resolved(host)["install"], resolved(host)["package_manager"]) == (["rasdaemon"], "dnf")
    assert judged(host)["installed"]["status"] == "fail"


def test_without_root_it_is_unknown(host: HardwareHost) -> None:
    set_up(host)
    host.denied.update([_memory_watch.RESULTS, _memory_watch.SETTINGS])
    found = judged(host)
    assert (found["configuration"]["status"], found["memory"]["status"], found["watched"]["status"]) == ("unknown",) * 3
