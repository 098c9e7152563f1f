# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles that watch hardware share is judged once, with them alone."""

import re
from typing import Any, Dict, Set

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware,
    _hardware_plan,
    _hardware_program,
    _hardware_setup,
    _memory_headroom,
    _roles,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from unit.plugins.module_utils import fixture_disks, fixture_memory, fixture_sensors, fixture_watchdog
from unit.plugins.module_utils.fixture_hardware import ALERT, HardwareHost

POLICY: Dict[str, Any] = dict(
    ALERT,
    panic_hardening_roles=[],
    panic_hardening_waivers={},
    **{
        key: value
        for part in (fixture_disks, fixture_memory, fixture_sensors, fixture_watchdog)
        for key, value in part.POLICY.items()
        if not key.startswith("panic_hardening_")
    },
)
MEMINFO = "MemTotal:       1000000 kB\nMemFree:          10000 kB\nMemAvailable:    %d kB\nSwapTotal:       %d kB\nSwapFree:        %d kB\n"


def judge(host: HardwareHost, *roles: str, **changes: Any) -> Dict[str, Any]:
    findings = _roles.judge(host, dict(POLICY, **changes), list(roles), "2026-11-23")["findings"]
    return dict((item["control"], item) for item in findings)


@pytest.fixture
def host(tmp_path: Any) -> HardwareHost:
    made: HardwareHost = fixture_sensors.server(str(tmp_path / "h"))
    made.put("/proc/meminfo", MEMINFO % (500000, 0, 0))
    made.managed.update(RuntimeWatchdogUSec="0", WatchdogDevice="", WatchdogLastPingTimestampMonotonic="0")
    return made


def test_it_is_judged_once_however_many_roles_there_are(host: HardwareHost) -> None:
    shared = {"panic_hardening.alert_installed", "panic_hardening.alert_tested", "panic_hardening.memory_headroom"}
    for roles in (["watchdog"], _hardware.names()):
        found = judge(host, *roles)
        assert {name for name in found if name.startswith("panic_hardening.")} == shared
        assert {name.split(".")[0] for name in found} == set(roles) | {"panic_hardening"}


def test_systemd_is_asked_for_all_units_at_once(host: HardwareHost) -> None:
    """Each role asks in the same words, so that an observer runs the command once; for a unit without a file nobody asks."""
    for name in ("watchdog.service", "rasdaemon.service", "somebody-else.service"):
        host.unit(name, True, True)
    host.put("/etc/systemd/system/kernelops-sensors.timer", "")
    judge(host, *_hardware.names())
    asked = [call[3:] for call in host.calls if call[:2] == ["systemctl", "show"] and "Id" in call[2]]
    assert len(asked) > len(_hardware.names())
    assert all(call == asked[0] for call in asked)
    assert asked[0] == ["kernelops-sensors.timer", "rasdaemon.service", "smartmontools.service", "watchdog.service"]


def test_a_unit_that_is_made_of_a_script_is_seen(host: HardwareHost) -> None:
    host.put("/run/systemd/generator.late/watchdog.service", "")
    host.units["watchdog.service"] = {"enabled": "generated", "active": "active"}
    state = _roles.judge(host, POLICY, ["watchdog"], "2026-11-23")["state"]["watchdog"]
    assert state["feeder"] == "the package watchdog"


def test_systemd_is_not_asked_where_no_unit_is_there(host: HardwareHost) -> None:
    host.remove("/usr/lib/systemd/system/smartmontools.service")
    judge(host, *_hardware.names())
    assert [call for call in host.calls if call[:2] == ["systemctl", "show"] and "Id" in call[2]] == []


def test_what_a_role_sees_of_its_units_does_not_depend_on_the_others(host: HardwareHost) -> None:
    host.unit("smartmontools.service", True, True)
    host.unit("rasdaemon.service", True, False)
    together = _roles.judge(host, POLICY, _hardware.names(), "2026-11-23")["state"]
    for name in _hardware.names():
        alone = _roles.judge(host, POLICY, [name], "2026-11-23")["state"]
        assert alone[name]["setup"] == together[name]["setup"]
        assert sorted(alone[name]["setup"]["units"]) == sorted(_hardware.ROLES[name].owned(alone[name]).units)


def test_every_finding_that_is_no_pass_says_why_and_what_to_do(host: HardwareHost) -> None:
    for item in judge(host, *_hardware.names()).values():
        if item["status"] in ("fail", "unknown"):
            assert item["reason"] and item["remedy"], item
        if item["status"] == "not_applicable":
            assert item["reason"], item


def test_where_nothing_is_watched_no_alarm_path_is_missed(tmp_path: Any) -> None:
    """A virtual machine gets nothing of it, and must not be called drifted for that."""
    guest = fixture_sensors.machine(str(tmp_path / "g"), "vm")
    guest.put("/proc/meminfo", MEMINFO % (500000, 0, 0))
    found = judge(guest, *_hardware.names())
    assert found.pop("panic_hardening.memory_headroom")["status"] == "pass"
    assert {item["status"] for item in found.values()} == {"not_applicable"}
    assert found["panic_hardening.alert_installed"]["reason"].startswith("no role that watches")


def test_all_of_it_is_plain_in_a_container(tmp_path: Any) -> None:
    box = fixture_sensors.machine(str(tmp_path / "c"), "container")
    before = box.snapshot()
    assert {item["status"] for item in judge(box, *_hardware.names()).values()} == {"not_applicable"}
    for role in _hardware.names():
        assert _hardware.wish(box, role, POLICY, True, []).wish is None
        assert _hardware.wish(box, role, {}, False, []).wish is None
    assert box.snapshot() == before


@pytest.mark.parametrize(
    "available, swap, free, status",
    [
        (500000, 0, 0, "pass"),
        (50000, 0, 0, "pass"),
        (49999, 0, 0, "fail"),
        (500000, 1000, 100, "pass"),
        (500000, 1000, 99, "fail"),
    ],
)
def test_memory_headroom(host: HardwareHost, available: int, swap: int, free: int, status: str) -> None:
    host.put("/proc/meminfo", MEMINFO % (available, swap, free))
    found = judge(host, "watchdog")["panic_hardening.memory_headroom"]
    assert (found["status"], found["category"]) == (status, "health")
    assert ("swap free" in found["observed"]) is (swap > 0)
    assert not judge(host)


def test_what_cannot_be_read_is_unknown(host: HardwareHost) -> None:
    host.put("/proc/meminfo", "")
    assert judge(host, "watchdog")["panic_hardening.memory_headroom"]["status"] == "unknown"


def test_a_package_of_ours_is_remembered_as_long_as_it_is_there(host: HardwareHost) -> None:
    host.put("/usr/bin/sensors", "")
    first = _hardware.wish(host, "lm_sensors", POLICY, True, ["lm-sensors"], ["libsensors5"])
    assert first.wish
    _hardware_setup.apply(host, first.wish)
    # A role that has nothing to do any more forgets no more than a removal.
    host.remove("/etc/os-release")
    for present in (True, False):
        found = _hardware.wish(host, "lm_sensors", POLICY, present, [])
        assert found.wish
        _hardware_setup.apply(host, found.wish)
        kept = _hardware_plan.record_of(host, "lm_sensors")
        assert (kept["set_up"], kept["packages"], kept["brought"]) == (False, ["lm-sensors"], ["libsensors5"])
    host.remove("/usr/bin/sensors")
    gone = _hardware.wish(host, "lm_sensors", {}, False, [])
    assert gone.wish
    _hardware_setup.apply(host, gone.wish)
    assert not host.exists(_hardware_plan.RECORD)


def test_no_percentage_is_refused() -> None:
    for name in (_memory_headroom.MEMORY, _memory_headroom.SWAP):
        with pytest.raises(PolicyError, match="^%s: 100 is not" % name):
            _roles.validate(dict(POLICY, **{name: 100}), ["watchdog"])
    _roles.validate(dict(POLICY, panic_hardening_memory_minimum=100), [])


def test_every_unit_starts_what_the_program_knows(host: HardwareHost, tmp_path: Any) -> None:
    """A unit with a misspelt verb would fail at its first run, long after harden."""
    verbs: Set[str] = set()
    server = fixture_watchdog.pci(host, "8086", "25ab")
    server.put("/lib/modules/%s/modules.dep" % fixture_sensors.KERNEL, "kernel/drivers/watchdog/i6300esb.ko:\n")
    for role in _hardware.names():
        module = _hardware.ROLES[role]
        state = module.observe(server)
        wanted = module.resolve(POLICY, state)
        if wanted["applicable"]:
            for item in module.setup(POLICY, wanted, state).files.values():
                verbs.update(re.findall(r"/kernelops-hardware (\S+)", item.text))
    assert verbs == set(_hardware_program.VERBS) - {"alarm", "test"}
