# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hardware role is set up once, foretold exactly, and taken back to the last byte, with the alarm path that roles share."""

import json
from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm,
    _alarm_path,
    _hardware,
    _hardware_launcher,
    _hardware_plan,
    _hardware_setup,
    _setup,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost
from unit.plugins.module_utils.fixture_watchdog import POLICY, esb, load

PACKAGE_UNIT = "someone.service"
CONFIG = "/etc/default/someone"
OWNED = _setup.Owned(["/etc/own.conf"], [CONFIG], {PACKAGE_UNIT: [CONFIG]})
WANTED = _setup.Setup({"/etc/own.conf": File("own\n", 0o600)}, {CONFIG: _setup.Block(["A=1"])}, [PACKAGE_UNIT])


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    return esb(str(tmp_path / "h"))


def watchdog(host: HardwareHost, present: bool = True, **changes: Any) -> _hardware_plan.Wish:
    found = _hardware.wish(host, "watchdog", dict(POLICY, **changes), present, [])
    assert found.wish
    return found.wish


def other(
    host: HardwareHost, setup: Optional[_setup.Setup] = WANTED, packages: Any = (), brought: Any = ()
) -> _hardware_plan.Wish:
    """A role that configures somebody else's daemon."""
    return _hardware_plan.wish(host, "other", OWNED, setup, POLICY, packages, brought)


def paths(changes: List[Change]) -> List[str]:
    return [change.path for change in changes]


def test_the_plan_is_what_is_done_and_then_nothing_is_left(host: HardwareHost) -> None:
    before = host.snapshot()
    foretold = _hardware_plan.plan(host, watchdog(host))
    assert host.snapshot() == before
    assert _hardware_launcher.LAUNCHER in paths(foretold)
    assert "kernelops-watchdog.service" in paths(foretold)
    _hardware_setup.apply(host, watchdog(host))
    assert _hardware_plan.plan(host, watchdog(host)) == []
    for change in foretold:
        if change.mode is not None:
            assert (host.text(change.path), host.mode(change.path)) == (change.after, change.mode)


def test_removal_gives_all_back(host: HardwareHost) -> None:
    host.put("/etc/systemd/system.conf", "[Manager]\n")
    before = host.snapshot()
    _hardware_setup.apply(host, watchdog(host))
    host.put(_alarm.STATUS, "{}")
    _hardware_setup.apply(host, watchdog(host, present=False))
    left = dict(
        (path, what) for path, what in host.snapshot().items() if not path.startswith("/sys/") and path not in before
    )
    assert [path for path, what in left.items() if what != "directory"] == []
    assert [path for path in left if "kernelops" in path] == []
    assert host.systemctl_calls[-1] == "daemon-reexec"
    assert _hardware_plan.plan(host, watchdog(host, present=False)) == []


def test_the_order_is_files_manager_units_and_back(host: HardwareHost) -> None:
    _hardware_setup.apply(host, watchdog(host))
    assert host.systemctl_calls == [
        "daemon-reexec",
        "enable kernelops-watchdog-alarm.service",
        "start kernelops-watchdog-alarm.service",
        "enable kernelops-watchdog.service",
        "start kernelops-watchdog.service",
    ]
    del host.systemctl_calls[:]
    _hardware_setup.apply(host, watchdog(host, present=False))
    assert host.systemctl_calls[-1] == "daemon-reexec"
    assert host.systemctl_calls[0].startswith("disable")


def test_a_changed_unit_is_restarted_and_no_other(host: HardwareHost) -> None:
    host.on_start["kernelops-watchdog.service"] = lambda: load(host, identity="Software Watchdog", driver="")
    _hardware_setup.apply(host, watchdog(host, watchdog_driver="softdog"))
    del host.systemctl_calls[:]
    _hardware_setup.apply(host, watchdog(host))
    assert host.systemctl_calls == ["daemon-reload", "restart kernelops-watchdog.service"]


def test_the_alarm_path_goes_with_the_last_role(host: HardwareHost) -> None:
    host.put(CONFIG, "B=2\n")
    host.unit(PACKAGE_UNIT, enabled=True, active=True)
    _hardware_setup.apply(host, watchdog(host))
    _hardware_setup.apply(host, other(host))
    assert paths(_hardware_plan.plan(host, watchdog(host))) == []
    _hardware_setup.apply(host, watchdog(host, present=False))
    assert host.exists(_hardware_launcher.LAUNCHER)
    assert paths(_hardware_plan.plan(host, other(host))) == []
    _hardware_setup.apply(host, other(host, None))
    assert not host.exists(_hardware_launcher.LAUNCHER)
    assert not host.exists(_hardware_plan.RECORD)
    assert host.text(CONFIG) == "B=2\n"


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("active", [True, False])
def test_the_unit_of_a_package_is_given_back_as_it_was(host: HardwareHost, enabled: bool, active: bool) -> None:
    host.put(CONFIG, "B=2")
    host.unit(PACKAGE_UNIT, enabled=enabled, active=active)
    before = dict(host.units[PACKAGE_UNIT])
    _hardware_setup.apply(host, other(host))
    assert host.units[PACKAGE_UNIT] == {"enabled": "enabled", "active": "active"}
    assert host.text(CONFIG).startswith("B=2\n")
    # A second run must not take what the first one made for what was there before.
    _hardware_setup.apply(host, other(host))
    del host.systemctl_calls[:]
    _hardware_setup.apply(host, other(host, None))
    assert host.units[PACKAGE_UNIT] == before
    assert host.text(CONFIG) == "B=2"
    assert ("restart someone.service" in host.systemctl_calls) is (enabled and active)


def test_a_unit_that_was_stopped_by_others_before_stays_as_it_is(host: HardwareHost) -> None:
    host.unit(PACKAGE_UNIT, enabled=True, active=True)
    _hardware_setup.apply(host, other(host))
    host.unit(PACKAGE_UNIT, enabled=False, active=False)
    _hardware_setup.apply(host, other(host, None))
    assert host.units[PACKAGE_UNIT] == {"enabled": "disabled", "active": "inactive"}


def test_packages_are_remembered(host: HardwareHost) -> None:
    host.unit(PACKAGE_UNIT, enabled=True, active=True)
    _hardware_setup.apply(host, other(host, packages=["someone"], brought=["libsomeone"]))
    _hardware_setup.apply(host, other(host))
    kept = _hardware_plan.record_of(host, "other")
    assert (kept["set_up"], kept["packages"], kept["brought"]) == (True, ["someone"], ["libsomeone"])


def test_packages_are_remembered_until_they_are_gone(host: HardwareHost) -> None:
    """By a role that has nothing to do any more too; what else there was goes, and with it the path of the alarms."""
    host.put(CONFIG, "B=2\n")
    host.unit(PACKAGE_UNIT, enabled=True, active=True)
    _hardware_setup.apply(host, other(host, packages=["someone"], brought=["libsomeone"]))
    host.put(_alarm.STATUS, "{}")
    del host.systemctl_calls[:]
    _hardware_setup.apply(host, other(host, None, packages=["someone"]))
    # Its daemon was not there before, and must not run with what is not its configuration any more.
    assert host.systemctl_calls == ["disable someone.service", "stop someone.service"]
    assert host.text(CONFIG) == "B=2\n"
    assert not host.exists(_hardware_launcher.LAUNCHER) and not host.exists(_alarm.STATUS)
    kept = {"set_up": False, "packages": ["someone"], "brought": ["libsomeone"], "units": {}}
    assert _hardware_plan.record(host) == {"other": kept}
    assert _hardware_plan.plan(host, other(host, None, packages=["someone"])) == []
    _hardware_setup.apply(host, other(host, None))
    assert not host.exists(_hardware_plan.RECORD)


def test_a_file_that_cannot_be_written_leaves_the_others(host: HardwareHost) -> None:
    host.put(CONFIG, "B=2\n")
    host.unit(PACKAGE_UNIT, enabled=True, active=True)
    host.refused.add(CONFIG)
    with pytest.raises(HostError, match="No space left"):
        _hardware_setup.apply(host, other(host))
    assert host.text(CONFIG) == "B=2\n"
    assert not host.exists("/etc/own.conf")
    assert not host.exists(_hardware_launcher.LAUNCHER)


def test_a_damaged_record_is_an_error_that_names_it(host: HardwareHost) -> None:
    for text in ("{", "[]", '{"watchdog": {"packages": [], "units": {}}}', '{"watchdog": 1}'):
        host.put(_hardware_plan.RECORD, text)
        with pytest.raises(HostError, match="hardware.json: is damaged"):
            _hardware_plan.plan(host, watchdog(host))


@pytest.mark.parametrize(
    "change, name",
    [
        ({"command": ["tell"]}, "command"),
        ({"command": ["/bin/tell", ""]}, "command"),
        ({"mail": "root\nBcc: x"}, "mail"),
        ({"mail": "-x"}, "mail"),
        ({"timeout": 0}, "timeout"),
        ({"repeat": 0}, "repeat"),
        ({"test_max_age": -1}, "test_max_age"),
    ],
)
def test_a_bad_alarm_policy_is_refused_by_its_name(change: Dict[str, Any], name: str) -> None:
    _alarm_path.validate(ALERT)
    changed = dict(("panic_hardening_alert_" + key, value) for key, value in change.items())
    with pytest.raises(PolicyError, match="^panic_hardening_alert_%s: " % name):
        _alarm_path.validate(dict(ALERT, **changed))


def judged(host: HardwareHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    findings = _alarm_path.evaluate(dict(ALERT, **changes), _alarm_path.observe(host), "")
    return dict((item["control"].split(".")[1], item) for item in findings)


def test_the_controls_of_the_alarm_path(host: HardwareHost) -> None:
    found = judged(host)
    assert (found["alert_installed"]["status"], found["alert_tested"]["status"]) == ("fail", "not_applicable")
    assert found["alert_tested"]["observed"] == "never tested"
    _hardware_setup.apply(host, watchdog(host))
    assert judged(host)["alert_installed"]["status"] == "pass"
    changed = judged(host, panic_hardening_alert_mail="x@example.com")["alert_installed"]
    assert (changed["status"], changed["reason"]) == ("fail", "%s is not as this role writes it" % _alarm.SETTINGS)
    asked = {"panic_hardening_alert_test_max_age": 30}
    assert judged(host, **asked)["alert_tested"]["reason"] == "the alarm path was never tested"


def test_a_test_that_is_old_or_did_not_get_out_fails(host: HardwareHost) -> None:
    asked = {"panic_hardening_alert_test_max_age": 30}
    good, bad = (
        {"journal": "journal", "command": "none"},
        {"journal": "journal", "command": "failed: ended with code 1"},
    )
    _alarm.record(host, "tested", "k", good)
    assert judged(host, **asked)["alert_tested"]["status"] == "pass"
    assert judged(host)["alert_tested"]["status"] == "pass"
    kept = json.loads(host.text(_alarm.STATUS))
    kept["tested"]["at"] = "2026-01-01T00:00:00Z"
    host.put(_alarm.STATUS, json.dumps(kept))
    assert judged(host, **asked)["alert_tested"]["reason"] == "the test is older than 30 days"
    _alarm.record(host, "last", "smartmontools.health:/dev/sda", bad)
    found = judged(host)["alert_tested"]
    assert found["status"] == "fail"
    assert "ended with code 1" in found["reason"]
    host.denied.add(_alarm.STATUS)
    assert judged(host)["alert_tested"]["status"] == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"last": {}}',
        '{"last": {"at": 7, "key": "k", "outcome": {}}}',
        '{"tested": {"at": "yesterday", "key": "k", "outcome": {}}}',
        '{"tested": {"at": "2026-01-01T00:00:00Z", "key": "k", "outcome": []}}',
    ],
)
def test_a_damaged_status_is_no_test_and_ends_no_audit(host: HardwareHost, text: str) -> None:
    host.put(_alarm.STATUS, text)
    found = judged(host, panic_hardening_alert_test_max_age=30)["alert_tested"]
    assert (found["status"], found["reason"]) == ("fail", "the alarm path was never tested")
