# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All roles of a host judged in one go."""

import json
import subprocess
import sys
from typing import Any, Callable, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _roles
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils import fixture_kdump, fixture_watchdog
from unit.plugins.module_utils.fixture_host import FixtureHost

POLICY: Dict[str, Any] = {
    "panic_hardening_profile": "availability",
    "panic_hardening_roles": ["panic_sysctl"],
    "panic_hardening_waivers": {},
    "panic_sysctl_profiles": {"availability": {"kernel.panic": 10}},
    "panic_sysctl_overrides": {},
    "panic_sysctl_cmdline": True,
}
TODAY = "2026-11-23"


def judge(host: FixtureHost, **changes: Any) -> Dict[str, Any]:
    policy = dict(POLICY, **changes)
    judged: Dict[str, Any] = _roles.judge(host, policy, policy["panic_hardening_roles"], TODAY)
    return judged


def test_every_role_has_what_the_audit_calls() -> None:
    known = _roles.modules(_roles.KERNEL + _roles.HARDWARE)
    assert set(known) == {*_roles.KERNEL, *_roles.HARDWARE, _roles.SHARED}
    for name, role in known.items():
        if name == _roles.SHARED:
            continue
        for part in ("validate", "observe", "resolve", "evaluate"):
            assert callable(getattr(role, part)), (name, part)


def test_the_subset_wins_over_the_roles_of_the_host() -> None:
    assert _roles.select(POLICY, []) == ["panic_sysctl"]
    assert _roles.select(dict(POLICY, panic_hardening_roles=[]), ["panic_sysctl"]) == ["panic_sysctl"]
    assert _roles.select(dict(POLICY, panic_hardening_roles=[]), []) == []


@pytest.mark.parametrize(
    "subset, roles, name", [(["kdmp"], [], "gather_subset"), ([], ["kdmp"], "panic_hardening_roles")]
)
def test_an_unknown_role_is_refused_by_variable(subset: Any, roles: Any, name: str) -> None:
    with pytest.raises(
        PolicyError, match="^%s: 'kdmp' is not a role of this collection; known: crash_evidence, .*panic_sysctl" % name
    ):
        _roles.select(dict(POLICY, panic_hardening_roles=roles), subset)


def test_a_bad_waiver_and_a_bad_role_policy_are_refused() -> None:
    _roles.validate(POLICY, ["panic_sysctl"])
    with pytest.raises(PolicyError, match="^panic_hardening_waivers"):
        _roles.validate(dict(POLICY, panic_hardening_waivers={"x": {}}), [])
    with pytest.raises(PolicyError, match="^panic_sysctl_overrides"):
        _roles.validate(dict(POLICY, panic_sysctl_overrides={"kernel.panic": 0}), ["panic_sysctl"])


def test_the_result_has_state_wanted_findings_and_summary(debian12: FixtureHost) -> None:
    judged = judge(debian12)
    assert sorted(judged) == ["findings", "state", "summary", "wanted"]
    assert judged["state"]["panic_sysctl"]["sysctls"]["kernel.panic"]["live"] == "0"
    assert judged["wanted"] == {"panic_sysctl": {"sysctls": {"kernel.panic": "10"}, "cmdline": {"panic": "10"}}}
    assert judged["summary"]["verdict"] == "drifted"


def test_waivers_of_all_that_fails_make_it_hardened(debian12: FixtureHost) -> None:
    waivers = {"panic_sysctl.*": {"reason": "lab", "until": TODAY}}
    judged = judge(debian12, panic_hardening_waivers=waivers)
    assert judged["summary"]["verdict"] == "hardened"
    assert judged["summary"]["waived"] == 2


def test_a_host_without_roles_has_nothing_to_drift(debian12: FixtureHost) -> None:
    judged = judge(debian12, panic_hardening_roles=[])
    assert (judged["findings"], judged["summary"]["verdict"]) == ([], "hardened")
    assert debian12.calls == []


@pytest.mark.parametrize("order", [1, -1])
def test_both_groups_are_judged_at_once_in_the_order_asked_for(
    debian12: FixtureHost, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["panic_sysctl", "kdump", "watchdog"][::order]
    policy = dict(fixture_watchdog.POLICY, **fixture_kdump.POLICY, **POLICY)
    debian12.answers[("uname", "-m")] = Result(0, "x86_64\n", "")
    debian12.put("/proc/meminfo", "MemTotal: 2000000 kB\nMemFree: 1000000 kB\nMemAvailable: 1500000 kB\n")
    both, asked = _roles._side_by_side.both, []

    def noted(*parts: Any) -> Any:
        asked.append(parts)
        return both(*parts)

    monkeypatch.setattr(_roles._side_by_side, "both", noted)
    judged = _roles.judge(debian12, policy, names, TODAY)
    assert list(judged["state"]) == [*names, "panic_hardening"]
    assert list(judged["wanted"]) == names
    alone = [_roles.judge(debian12, policy, [name], TODAY) for name in names]
    assert len(asked) == 1, "not for a role alone"
    singly = [finding for part in alone for finding in part["findings"] if finding["role"] != "panic_hardening"]
    assert [finding for finding in judged["findings"] if finding["role"] != "panic_hardening"] == singly
    assert {finding["role"] for finding in judged["findings"]} == {*names, "panic_hardening"}


def test_only_the_group_that_is_looked_at_is_imported() -> None:
    for group, other in ((_roles.KERNEL, "_watchdog"), (_roles.HARDWARE, "_kdump"), (_roles.SHORT, "_fallback_kernel")):
        code = "import sys; from %s import _roles; _roles.modules(%r); print('\\n'.join(sys.modules))"
        package = _roles.__name__.rpartition(".")[0]
        imported = subprocess.check_output([sys.executable, "-c", code % (package, group)]).decode().split()
        assert package + "._roles" in imported
        assert package + "." + other not in imported


def test_the_result_is_plain_json(make_host: Callable[..., FixtureHost]) -> None:
    judged = judge(make_host("debian12/stock", "debian12/hardened"))
    assert json.loads(json.dumps(judged)) == judged
