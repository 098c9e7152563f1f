# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An alarm reaches journal, command and mail once, whatever is wrong with the others, and never ends its caller."""

import json
import os
import threading
import time
from typing import Any, Dict, Iterator, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm, _alarm_journal
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_hardware import HardwareHost, Journal, failing

COMMAND = "/usr/local/bin/tell"


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made = HardwareHost(str(tmp_path))
    made.programs[COMMAND] = lambda argv: Result(0, "", "")
    wanted(made, command=[COMMAND, "--to", "ops; rm -rf /"])
    return made


@pytest.fixture
def journal(host: HardwareHost) -> Iterator[Journal]:
    made = Journal(host)
    yield made
    made.close()


def wanted(host: HardwareHost, **options: Any) -> None:
    host.put(_alarm.SETTINGS, json.dumps(dict({"command": [], "timeout": 5, "mail": "", "repeat": 24}, **options)))


def disk(severity: str = "critical", device: str = "/dev/sda", **more: Any) -> Dict[str, Any]:
    return _alarm.event("smartmontools", "health", severity, device, "is failing", **more)


def messages(journal: Journal) -> List[str]:
    return [entry["MESSAGE"] for entry in journal.entries()]


def test_the_journal_gets_an_entry_that_a_query_finds(host: HardwareHost, journal: Journal) -> None:
    outcome = _alarm.raise_alarm(host, disk(details={"b": 1, "a": "x"}))
    assert outcome == {"journal": "journal", "command": "run", "mail": "none"}
    (entry,) = journal.entries()
    assert entry["MESSAGE_ID"] == "0a31236c24c04193b7b1cfb7f5ce3d71"
    assert entry["MESSAGE"] == "smartmontools.health:/dev/sda: is failing"
    assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("2", "kernelops-panic_hardening")
    assert entry["PANIC_HARDENING_KEY"] == "smartmontools.health:/dev/sda"
    assert (entry["PANIC_HARDENING_ROLE"], entry["PANIC_HARDENING_DEVICE"]) == ("smartmontools", "/dev/sda")
    assert entry["PANIC_HARDENING_DETAILS"] == '{"a": "x", "b": 1}'


def test_a_value_with_line_breaks_is_one_field(host: HardwareHost, journal: Journal) -> None:
    _alarm.raise_alarm(host, disk(details="one\nPRIORITY=0\nthree"))
    (entry,) = journal.entries()
    assert entry["PANIC_HARDENING_DETAILS"] == "one\nPRIORITY=0\nthree"
    assert entry["PRIORITY"] == "2"


def test_the_command_gets_the_event_and_no_shell(host: HardwareHost, journal: Journal) -> None:
    _alarm.raise_alarm(host, disk())
    assert host.calls == [[COMMAND, "--to", "ops; rm -rf /"]]
    given = json.loads(host.given[0])
    assert (given["key"], given["severity"]) == ("smartmontools.health:/dev/sda", "critical")
    assert given["host"] == os.uname().nodename
    assert [path for path in host.snapshot() if "alarm-" in path] == [
        "/var/lib/kernelops-panic_hardening/alarm-status.json"
    ]


def test_the_same_event_is_told_once_and_again_after_its_time(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for later, told in ((0, 1), (60, 0), (24 * 3600 - 1, 0), (24 * 3600 + 1, 1)):
        monkeypatch.setattr(time, "time", lambda at=now + later: at)
        _alarm.raise_alarm(host, disk())
        assert len(journal.entries()) == told, later


def test_another_device_and_a_worse_state_are_events_of_their_own(host: HardwareHost, journal: Journal) -> None:
    for alarm in (disk("warning"), disk("critical"), disk("warning"), disk(device="/dev/sdb"), disk("critical")):
        _alarm.raise_alarm(host, alarm)
    assert [entry["PRIORITY"] for entry in journal.entries()] == ["4", "2", "2"]


def test_what_comes_and_goes_is_told_of_once_an_hour(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    told = 0
    for minute in range(3 * 60):
        monkeypatch.setattr(time, "time", lambda at=now + minute * 60: at)
        if minute % 2:
            _alarm.clear(host, disk()["key"])
        else:
            _alarm.raise_alarm(host, disk())
        told += len(journal.entries())
    assert told == 3
    # What came back and stays is told of when the hour is over, and then no more often than anything else.
    for minute, again in ((181, 1), (182, 0), (300, 0)):
        monkeypatch.setattr(time, "time", lambda at=now + minute * 60: at)
        _alarm.raise_alarm(host, disk())
        assert len(journal.entries()) == again, minute


def test_what_comes_back_worse_is_told_of_at_once(host: HardwareHost, journal: Journal) -> None:
    for severity in ("warning", "critical", "critical"):
        _alarm.raise_alarm(host, disk(severity))
        _alarm.clear(host, disk()["key"])
    assert [entry["PRIORITY"] for entry in journal.entries()] == ["4", "2"]


def test_a_clock_that_was_set_back_silences_nothing(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _alarm.raise_alarm(host, disk())
    past = time.time() - 10000
    monkeypatch.setattr(time, "time", lambda: past)
    _alarm.raise_alarm(host, disk())
    assert len(journal.entries()) == 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"x": 1}', '{"x": {"at": 1}}', '{"smartmontools.health:/dev/sda": [1, "?"]}']
)
def test_a_damaged_count_of_repeats_does_not_stop_an_alarm(host: HardwareHost, journal: Journal, text: str) -> None:
    host.put(_alarm.SENT, text)
    assert _alarm.raise_alarm(host, disk())["journal"] == "journal"
    assert _alarm.raise_alarm(host, disk()) == {}


def test_a_disk_that_takes_no_files_any_more_is_told_of(host: HardwareHost, journal: Journal) -> None:
    host.refused.update([_alarm.SENT, _alarm.STATUS])
    assert _alarm.raise_alarm(host, disk())["journal"] == "journal"
    said = messages(journal)
    assert "smartmontools.health:/dev/sda: is failing" in said
    assert any("repeats cannot be counted" in text for text in said)


def test_a_command_that_fails_costs_nothing_but_itself(host: HardwareHost, journal: Journal) -> None:
    host.programs[COMMAND] = failing("did not end within 5 seconds")
    outcome = _alarm.raise_alarm(host, disk())
    assert outcome["journal"] == "journal"
    assert outcome["command"] == "failed: did not end within 5 seconds"
    assert list(_alarm.failures(outcome)) == ["command"]
    assert messages(journal)[-1].endswith("did not get out by command: did not end within 5 seconds")
    assert _alarm.status(host)["last"]["outcome"] == outcome


def test_the_way_that_failed_is_tried_again_and_no_other(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.programs[COMMAND] = failing("no route to host")
    now = time.time()
    _alarm.raise_alarm(host, disk(details="all of it"))
    _alarm.raise_alarm(host, disk())
    assert len(host.given) == 1
    host.programs[COMMAND] = lambda argv: Result(0, "", "")
    for later, given in ((899, 1), (901, 2), (2000, 2)):
        monkeypatch.setattr(time, "time", lambda at=now + later: at)
        _alarm.send_again(host)
        assert len(host.given) == given, later
    assert json.loads(host.given[0]) == json.loads(host.given[1])
    assert len([text for text in messages(journal) if text.endswith("is failing")]) == 1
    assert _alarm.status(host)["last"]["outcome"] == {"command": "run"}


def test_ways_that_hang_are_tried_as_long_as_there_is_time(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, spent = time.time(), [0.0]

    def hang(argv: List[str]) -> Result:
        spent[0] += 50
        return failing("no route to host")(argv)

    host.programs[COMMAND] = hang
    for number in range(8):
        monkeypatch.setattr(time, "time", lambda at=now + number: at)
        _alarm.raise_alarm(host, disk(device="/dev/sd%d" % number))
        journal.entries()
    monkeypatch.setattr(time, "monotonic", lambda: spent[0])
    monkeypatch.setattr(time, "time", lambda: now + 1000)
    for tried in ([0, 1, 2], [3, 4, 5], [6, 7], []):
        host.given.clear()
        _alarm.send_again(host)
        assert [json.loads(text)["device"] for text in host.given] == ["/dev/sd%d" % number for number in tried]


def test_who_was_killed_on_the_way_leaves_the_alarm_to_the_next(
    host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()

    def killed(_argv: List[str]) -> Result:
        raise KeyboardInterrupt

    host.programs[COMMAND] = killed
    with pytest.raises(KeyboardInterrupt):
        _alarm.raise_alarm(host, disk())
    host.programs[COMMAND] = lambda argv: Result(0, "", "")
    monkeypatch.setattr(time, "time", lambda: now + 901)
    _alarm.send_again(host)
    assert len(host.given) == 2


def test_what_is_gone_is_not_tried_again(host: HardwareHost, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    host.programs[COMMAND] = failing("no route to host")
    now = time.time()
    _alarm.raise_alarm(host, disk())
    _alarm.clear(host, disk()["key"])
    monkeypatch.setattr(time, "time", lambda: now + 901)
    _alarm.send_again(host)
    assert len(host.given) == 1


@pytest.mark.parametrize("text", ["", "no json", '["x"]', '{"command": 7}', '{"repeat": "x"}'])
def test_settings_that_nobody_can_read_leave_the_journal(host: HardwareHost, journal: Journal, text: str) -> None:
    host.put(_alarm.SETTINGS, text)
    for device in ("/dev/sda", "/dev/sdb"):
        _alarm.raise_alarm(host, disk(device=device))
    said = messages(journal)
    assert [text for text in said if "is failing" in text] == [
        "smartmontools.health:/dev/sda: is failing",
        "smartmontools.health:/dev/sdb: is failing",
    ]
    assert not text or any("cannot be used" in line for line in said)


def test_without_journald_logger_says_it(host: HardwareHost) -> None:
    said: List[List[str]] = []
    host.programs["logger"] = lambda argv: said.append(argv) or Result(0, "", "")  # type: ignore[func-returns-value]
    assert _alarm.raise_alarm(host, disk(details="x\ny"))["journal"] == "logger"
    assert said == [
        [
            "logger",
            "-t",
            "kernelops-panic_hardening",
            "-p",
            "daemon.crit",
            "--",
            "smartmontools.health:/dev/sda: is failing",
        ]
    ]


def test_without_both_the_command_is_run_all_the_same(host: HardwareHost) -> None:
    host.programs["logger"] = failing("logger: No such file or directory")
    outcome = _alarm.raise_alarm(host, disk())
    assert outcome["command"] == "run"
    assert outcome["journal"] == "failed: logger: No such file or directory"


def test_mail_goes_where_there_is_a_mailer(host: HardwareHost, journal: Journal) -> None:
    wanted(host, mail="ops@example.com")
    assert _alarm.raise_alarm(host, disk())["mail"] == "none"
    host.put("/usr/sbin/sendmail", "")
    host.programs["/usr/sbin/sendmail"] = lambda argv: Result(0, "", "")
    alarm = disk(device="/dev/sdb")
    alarm["summary"] = "is failing\nBcc: everybody@example.com"
    assert _alarm.raise_alarm(host, alarm)["mail"] == "sent"
    header, _gap, body = host.given[-1].partition("\n\n")
    assert "To: ops@example.com" in header.splitlines()
    assert not [line for line in header.splitlines() if line.startswith("Bcc")]
    assert "device: /dev/sdb" in body
    assert host.calls[-1] == ["/usr/sbin/sendmail", "-i", "-t"]


def test_a_test_is_sent_each_time_and_remembered(host: HardwareHost, journal: Journal) -> None:
    for _again in range(2):
        assert _alarm.test(host)["command"] == "run"
    entries = journal.entries()
    assert [entry["PRIORITY"] for entry in entries] == ["6", "6"]
    assert "nothing is wrong" in entries[0]["MESSAGE"]
    assert _alarm.status(host)["tested"]["outcome"] == {"journal": "journal", "command": "run", "mail": "none"}


def test_an_event_keeps_its_bounds() -> None:
    made = _alarm.event("r" * 99, "w", "info", "d" * 999, "s" * 9999, "x" * 99999)
    assert all(len(made[name]) == limit for name, limit in _alarm.LIMITS.items())
    assert len(_alarm_journal.encode(_alarm_journal.alarm_fields(made))) < 8192


def test_two_programs_at_once_count_one_after_the_other(host: HardwareHost) -> None:
    order = []

    def second() -> None:
        with host.locked(_alarm.LOCK):
            order.append("second")

    thread = threading.Thread(target=second)
    with host.locked(_alarm.LOCK):
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_socket_that_nobody_listens_on_is_an_error(host: HardwareHost) -> None:
    with pytest.raises(HostError, match="could not be sent to"):
        host.send("/run/nobody", b"x")
