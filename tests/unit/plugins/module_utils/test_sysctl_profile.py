# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of kernel parameters as one change: plan, apply, read back, roll back, take back."""

import json
from typing import Any, Callable, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _sysctl_profile
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost, refuse

DROP_IN = "/etc/sysctl.d/99-zz-x.conf"
RECORD = "/var/lib/kernelops-panic_hardening/sysctl_profile-x.json"
PROC = "/proc/sys/kernel/"
SETTINGS = {"kernel.panic": "10", "kernel.panic_on_oops": "1"}


def change(host: FixtureHost, settings: Optional[Dict[str, str]], name: str = "x") -> List[str]:
    stuck: List[str] = _sysctl_profile.apply(host, _sysctl_profile.plan(host, name, settings))
    return stuck


def settled(host: FixtureHost, settings: Optional[Dict[str, str]]) -> bool:
    return not _sysctl_profile.plan(host, "x", settings).changed


def test_the_plan_says_what_the_change_does_and_touches_nothing(debian12: FixtureHost) -> None:
    before = debian12.snapshot()
    plan = _sysctl_profile.plan(debian12, "x", dict(SETTINGS, **{"kernel.panic_on_warn": "0"}))
    assert debian12.snapshot() == before
    assert plan.changed
    assert (plan.path, plan.before) == (DROP_IN, "")
    assert plan.live == {"kernel.panic": ("0", "10"), "kernel.panic_on_oops": ("0", "1")}
    assert (plan.missing, plan.overridden, plan.released) == ([], [], [])
    _sysctl_profile.apply(debian12, plan)
    assert debian12.text(DROP_IN) == plan.after
    assert debian12.text(PROC + "panic") == "10"


def test_it_writes_what_the_lab_machine_got(make_host: Callable[..., FixtureHost], debian12: FixtureHost) -> None:
    host = make_host("debian12/stock", "debian12/hardened")
    captured = host.text("/etc/sysctl.d/99-zz-panic_sysctl.conf")
    pairs = [line[1:].split(" = ") for line in captured.splitlines() if line.startswith("-")]
    change(debian12, {key: value for key, value in pairs}, "panic_sysctl")
    assert debian12.text("/etc/sysctl.d/99-zz-panic_sysctl.conf") == captured
    for name in ("panic", "oops_limit", "panic_on_oops"):
        assert debian12.text(PROC + name).strip() == host.text(PROC + name).strip()


def test_a_second_run_changes_nothing(debian12: FixtureHost) -> None:
    change(debian12, SETTINGS)
    before = debian12.snapshot()
    assert settled(debian12, SETTINGS)
    assert change(debian12, SETTINGS) == []
    assert debian12.snapshot() == before


def test_removal_leaves_no_trace(debian12: FixtureHost) -> None:
    before = debian12.snapshot()
    change(debian12, SETTINGS)
    assert change(debian12, None) == []
    for key in ("panic", "panic_on_oops"):
        debian12.put(PROC + key, debian12.text(PROC + key) + "\n")
    after = debian12.snapshot()
    after.pop("/var/lib")
    after.pop("/var")
    assert after == before
    assert settled(debian12, None)


def test_removal_of_what_never_was_changes_nothing(debian12: FixtureHost) -> None:
    before = debian12.snapshot()
    assert settled(debian12, None)
    change(debian12, None)
    assert debian12.snapshot() == before


def test_removal_gives_back_what_another_file_sets_before_what_was_remembered(debian12: FixtureHost) -> None:
    change(debian12, SETTINGS)
    debian12.put("/etc/sysctl.d/50-local.conf", "kernel.panic = 30\n")
    change(debian12, None)
    assert debian12.text(PROC + "panic") == "30"
    assert debian12.text(PROC + "panic_on_oops") == "0"


def test_a_key_no_longer_wanted_is_released(debian12: FixtureHost) -> None:
    debian12.put(PROC + "panic", "3\n")
    change(debian12, SETTINGS)
    plan = _sysctl_profile.plan(debian12, "x", {"kernel.panic_on_oops": "1"})
    assert plan.released == ["kernel.panic"]
    assert plan.live == {"kernel.panic": ("10", "3")}
    _sysctl_profile.apply(debian12, plan)
    assert debian12.text(PROC + "panic") == "3"
    assert "kernel.panic =" not in debian12.text(DROP_IN)
    assert json.loads(debian12.text(RECORD)) == {"kernel.panic_on_oops": "0"}
    assert settled(debian12, {"kernel.panic_on_oops": "1"})


def test_a_second_change_keeps_the_first_memory(debian12: FixtureHost) -> None:
    change(debian12, SETTINGS)
    change(debian12, dict(SETTINGS, **{"kernel.panic": "20"}))
    assert debian12.text(PROC + "panic") == "20"
    change(debian12, None)
    assert debian12.text(PROC + "panic") == "0"


def test_a_released_key_that_the_kernel_keeps_is_named_and_no_failure(debian12: FixtureHost) -> None:
    """kernel.max_rcu_stall_to_panic is 0 after boot, and a 0 is refused."""
    key = "kernel.max_rcu_stall_to_panic"
    debian12.kernel[PROC + "max_rcu_stall_to_panic"] = refuse("0")
    change(debian12, dict(SETTINGS, **{key: "3"}))
    assert change(debian12, SETTINGS) == [key]
    assert settled(debian12, SETTINGS)


def test_keys_that_the_kernel_lacks_are_written_and_named(debian12: FixtureHost) -> None:
    debian12.remove(PROC + "hung_task_panic")
    wanted = dict(SETTINGS, **{"kernel.hung_task_panic": "0"})
    plan = _sysctl_profile.plan(debian12, "x", wanted)
    assert plan.missing == ["kernel.hung_task_panic"]
    _sysctl_profile.apply(debian12, plan)
    assert "-kernel.hung_task_panic = 0\n" in debian12.text(DROP_IN)
    assert "hung_task" not in debian12.text(RECORD)
    assert settled(debian12, wanted)


def test_a_live_value_changed_behind_our_back_is_a_change(debian12: FixtureHost) -> None:
    change(debian12, SETTINGS)
    debian12.put(PROC + "panic", "0\n")
    plan = _sysctl_profile.plan(debian12, "x", SETTINGS)
    assert plan.changed
    assert plan.before == plan.after
    assert plan.live == {"kernel.panic": ("0", "10")}


def test_an_edited_drop_in_is_a_change(debian12: FixtureHost) -> None:
    change(debian12, SETTINGS)
    debian12.put(DROP_IN, debian12.text(DROP_IN) + "kernel.sysrq = 1\n")
    assert not settled(debian12, SETTINGS)


class TestFailure:
    """Whatever fails, everything is as it was, and the message is that of the first fault."""

    @pytest.fixture
    def before(self, debian12: FixtureHost) -> Dict[str, Any]:
        debian12.put(DROP_IN, "kernel.panic = 4\n")
        debian12.put(RECORD, '{"kernel.panic": "0"}\n')
        return debian12.snapshot()

    def unchanged(self, host: FixtureHost, before: Dict[str, Any]) -> None:
        now = host.snapshot()
        assert sorted(now) == sorted(before)
        for path, was in before.items():
            if path.startswith("/proc/sys"):
                was, now[path] = (str(x[0]).strip() if isinstance(x, tuple) else x for x in (was, now[path]))
            assert now[path] == was, path

    @pytest.mark.parametrize("path", [DROP_IN, RECORD])
    def test_a_file_that_cannot_be_written(self, debian12: FixtureHost, before: Dict[str, Any], path: str) -> None:
        plan = _sysctl_profile.plan(debian12, "x", SETTINGS)
        debian12.refused.add(path)
        with pytest.raises(HostError, match="^%s: could not be written: No space left" % path):
            _sysctl_profile.apply(debian12, plan)
        debian12.refused.clear()
        self.unchanged(debian12, before)

    def test_a_first_run_on_a_full_disk_leaves_nothing(self, debian12: FixtureHost) -> None:
        start = debian12.snapshot()
        debian12.refused.add(DROP_IN)
        with pytest.raises(HostError, match="No space left"):
            change(debian12, SETTINGS)
        now = debian12.snapshot()
        now.pop("/var/lib", None)
        now.pop("/var", None)
        assert now == start

    @pytest.mark.parametrize("key", sorted(SETTINGS))
    def test_a_value_that_the_kernel_refuses(self, debian12: FixtureHost, before: Dict[str, Any], key: str) -> None:
        path = "/proc/sys/" + key.replace(".", "/")
        debian12.kernel[path] = refuse(SETTINGS[key])
        with pytest.raises(HostError, match="^%s: the kernel refused" % path):
            change(debian12, SETTINGS)
        self.unchanged(debian12, before)

    def test_a_value_that_the_kernel_bends(self, debian12: FixtureHost, before: Dict[str, Any]) -> None:
        debian12.kernel[PROC + "panic_on_oops"] = lambda _value: "0"
        with pytest.raises(HostError, match="the kernel took '1' but shows '0'"):
            change(debian12, SETTINGS)
        self.unchanged(debian12, before)

    def test_a_value_that_cannot_go_back_does_not_stop_the_rollback(
        self, debian12: FixtureHost, before: Dict[str, Any]
    ) -> None:
        """kernel.max_rcu_stall_to_panic is 0 after boot, takes 3, and does not take the 0 back."""
        debian12.kernel[PROC + "max_rcu_stall_to_panic"] = refuse("0")
        debian12.kernel[PROC + "panic_on_oops"] = refuse()
        with pytest.raises(HostError, match="^/proc/sys/kernel/panic_on_oops: the kernel refused"):
            change(debian12, dict(SETTINGS, **{"kernel.max_rcu_stall_to_panic": "3"}))
        assert debian12.text(DROP_IN) == before[DROP_IN][0]
        assert debian12.text(RECORD) == before[RECORD][0]
        assert debian12.text(PROC + "panic").strip() == "0"

    @pytest.mark.parametrize("text", ["{", "\x00", "[]", '"text"', "3"])
    def test_a_damaged_record_is_named_with_the_remedy(self, debian12: FixtureHost, text: str) -> None:
        debian12.put(RECORD, text)
        start = debian12.snapshot()
        for settings in (SETTINGS, None):
            with pytest.raises(HostError, match="^%s: is damaged .*remove it" % RECORD):
                _sysctl_profile.plan(debian12, "x", settings)
        assert debian12.snapshot() == start


class TestOverridden:
    """Who would win over the drop-in at boot."""

    def found(self, host: FixtureHost) -> List[Dict[str, str]]:
        overridden: List[Dict[str, str]] = _sysctl_profile.plan(host, "x", SETTINGS).overridden
        return overridden

    def test_a_later_file(self, debian12: FixtureHost) -> None:
        debian12.put("/etc/sysctl.d/zz-local.conf", "#\nkernel.panic = 0\n")
        source = "/etc/sysctl.d/zz-local.conf:2"
        assert self.found(debian12) == [{"key": "kernel.panic", "wanted": "10", "value": "0", "source": source}]

    def test_a_later_file_with_the_same_value_is_no_rival(self, debian12: FixtureHost) -> None:
        debian12.put("/etc/sysctl.d/zz-local.conf", "kernel.panic = 0xa # ten\n")
        assert self.found(debian12) == []

    @pytest.mark.parametrize("line", ["kernel.* = 0", "-kernel.sysrq"])
    def test_a_later_glob_is_no_rival(self, debian12: FixtureHost, line: str) -> None:
        debian12.put("/etc/sysctl.d/zz-local.conf", line + "\n")
        assert self.found(debian12) == []

    def test_an_earlier_file_and_sysctl_conf_are_beaten(self, debian12: FixtureHost) -> None:
        debian12.put("/etc/sysctl.d/10-a.conf", "kernel.panic = 0\n")
        debian12.put("/etc/sysctl.conf", "kernel.panic = 0\n")
        assert self.found(debian12) == []

    def test_kdump_tools(self, make_host: Callable[..., FixtureHost]) -> None:
        host = make_host("debian12/stock", "debian12/kdump-tools")
        assert self.found(host) == []
        overridden = _sysctl_profile.plan(host, "x", {"kernel.panic_on_oops": "0"}).overridden
        assert [(item["key"], item["value"]) for item in overridden] == [("kernel.panic_on_oops", "1")]
        assert overridden[0]["source"].startswith("/usr/sbin/kdump-config: ")


@pytest.mark.parametrize(
    "settings, text",
    [
        ({"../../etc/passwd": "1"}, "settings['../../etc/passwd']: is not the name"),
        ({"kernel.../panic": "1"}, "settings['kernel.../panic']: is not the name"),
        ({"kernel/panic": "1"}, "settings['kernel/panic']: is not the name"),
        ({"kernel.panic\n": "1"}, "settings['kernel.panic\\n']: is not the name"),
        ({"kernel.panic\nx.y": "1"}, "settings['kernel.panic\\nx.y']: is not the name"),
        ({"kernel": "1"}, "settings['kernel']: is not the name"),
        ({"kernel.*": "1"}, "settings['kernel.*']: is not the name"),
        ({"-kernel.panic": "1"}, "settings['-kernel.panic']: is not the name"),
        ({"kernel.panic ": "1"}, "settings['kernel.panic ']: is not the name"),
        ({"": "1"}, "settings['']: is not the name"),
        ({1: "1"}, "settings['1']: is not the name"),
        ({"kernel.panic": True}, "settings['kernel.panic']: 'True' is not a value"),
        ({"kernel.panic": None}, "settings['kernel.panic']: 'None' is not a value"),
        ({"kernel.panic": []}, "settings['kernel.panic']: '[]' is not a value"),
        ({"kernel.panic": ""}, "settings['kernel.panic']: '' is not a value"),
        ({"kernel.panic": "1\nkernel.sysrq = 1"}, "settings['kernel.panic']: '1"),
        ({"kernel.panic": "10\n"}, "settings['kernel.panic']: '10"),
        ({"kernel.panic": "1 # x"}, "settings['kernel.panic']: '1 # x' is not a value"),
    ],
)
def test_bad_settings_are_refused_by_name(settings: Dict[Any, Any], text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _sysctl_profile.check(settings)
    assert str(caught.value).startswith(text)


def test_good_settings_become_text() -> None:
    good = {"kernel.panic": 10, "net.ipv4.conf.eth0/1.forwarding": "1", "kernel.printk": "4 4 1 7"}
    assert _sysctl_profile.check(good) == dict(good, **{"kernel.panic": "10"})
