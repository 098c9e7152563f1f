# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets kernel parameters behind systemd-sysctl's back: TuneD, kdump-tools, boot arguments."""

from typing import Callable, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _sysctl_rivals
from unit.plugins.module_utils.fixture_host import FixtureHost

MAIN = "/etc/tuned/tuned-main.conf"
KDUMP = "/etc/default/kdump-tools"


@pytest.fixture
def tuned(make_host: Callable[..., FixtureHost]) -> FixtureHost:
    """Debian 12 with TuneD's profile oracle, which sets kernel.panic_on_oops, and without the sysctl files again."""
    host = make_host("debian12/stock", "debian12/tuned")
    host.put(MAIN, host.text(MAIN).replace("reapply_sysctl = 1", "reapply_sysctl = 0"))
    return host


def rivals(host: FixtureHost, key: str) -> List[Dict[str, str]]:
    return [item for item in _sysctl_rivals.observe(host) if item["key"] == key]


def test_tuned_as_shipped_is_no_rival(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian12/tuned")
    assert "reapply_sysctl = 1" in host.text(MAIN)
    assert _sysctl_rivals.observe(host) == []


@pytest.mark.parametrize("value", ["0", "no", "False", "OFF"])
def test_tuned_is_a_rival_when_it_does_not_apply_the_files_again(tuned: FixtureHost, value: str) -> None:
    tuned.put(MAIN, "reapply_sysctl=%s\n" % value)
    assert rivals(tuned, "kernel.panic_on_oops") == [
        {
            "key": "kernel.panic_on_oops",
            "value": "1",
            "source": "/usr/lib/tuned/oracle/tuned.conf:%d" % line_of(tuned, "oracle", "kernel.panic_on_oops"),
            "by": "TuneD profile oracle",
        }
    ]


def line_of(host: FixtureHost, profile: str, key: str) -> int:
    lines = host.text("/usr/lib/tuned/%s/tuned.conf" % profile).splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.startswith(key))


@pytest.mark.parametrize("text", ["#reapply_sysctl = 0\n", "reapply_sysctl = 1\n", "xreapply_sysctl = 0\n", ""])
def test_tuned_reapplies_unless_told_otherwise(tuned: FixtureHost, text: str) -> None:
    tuned.put(MAIN, text)
    assert _sysctl_rivals.observe(tuned) == []


def test_without_an_active_profile_tuned_is_no_rival(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/active_profile", "\n")
    assert _sysctl_rivals.observe(tuned) == []


def test_values_come_from_included_profiles_too(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/active_profile", "realtime\n")
    assert [item["value"] for item in rivals(tuned, "kernel.hung_task_timeout_secs")] == ["600"]
    assert [item["value"] for item in rivals(tuned, "kernel.numa_balancing")] == ["0"]


def test_a_profile_wins_over_what_it_includes(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/site/tuned.conf", "[main]\ninclude=oracle\n[sysctl]\nkernel.panic_on_oops=0\n")
    tuned.put("/etc/tuned/active_profile", "site\n")
    assert [item["value"] for item in rivals(tuned, "kernel.panic_on_oops")] == ["1", "0"]


def test_an_operators_profile_hides_the_shipped_one(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/oracle/tuned.conf", "[sysctl]\n# x\n kernel.panic = 7\n")
    assert rivals(tuned, "kernel.panic_on_oops") == []
    assert [item["source"] for item in rivals(tuned, "kernel.panic")] == ["/etc/tuned/oracle/tuned.conf:3"]


def test_profiles_that_include_each_other_end(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/a/tuned.conf", "[main]\ninclude=b\n[sysctl]\nkernel.panic=1\n")
    tuned.put("/etc/tuned/b/tuned.conf", "[main]\ninclude=a\n")
    tuned.put("/etc/tuned/active_profile", "a b missing ../../etc\n")
    assert {item["value"] for item in rivals(tuned, "kernel.panic")} == {"1"}


def test_other_sections_set_no_sysctl(tuned: FixtureHost) -> None:
    tuned.put("/etc/tuned/oracle/tuned.conf", "[vm]\nkernel.panic=1\n[bootloader]\nkernel.panic=2\n")
    assert rivals(tuned, "kernel.panic") == []


def test_debian_13_keeps_its_profiles_elsewhere(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian13/packages")
    assert rivals(host, "kernel.sem") == []
    host.put(MAIN, "reapply_sysctl = 0\n")
    assert [item["value"] for item in rivals(host, "kernel.sem")] == ["250 32000 100 128"]
    assert [item["source"].split(":")[0] for item in rivals(host, "vm.swappiness")][-1].startswith(
        "/usr/lib/tuned/profiles/"
    )


@pytest.fixture
def kdump(make_host: Callable[..., FixtureHost]) -> FixtureHost:
    return make_host("debian12/stock", "debian12/kdump-tools")


@pytest.mark.parametrize("tree", ["debian12/kdump-tools", "debian13/packages"])
def test_kdump_tools_sets_panic_on_oops_at_every_load(make_host: Callable[..., FixtureHost], tree: str) -> None:
    found = _sysctl_rivals.observe(make_host(tree))
    assert [(item["key"], item["value"], item["source"]) for item in found] == [
        ("kernel.panic_on_oops", "1", "/usr/sbin/kdump-config")
    ]


@pytest.mark.parametrize("line", ["USE_KDUMP=0", "#USE_KDUMP=1", ""])
def test_kdump_tools_switched_off_sets_nothing(kdump: FixtureHost, line: str) -> None:
    kdump.put(KDUMP, line + "\n")
    assert _sysctl_rivals.observe(kdump) == []


def test_a_kdump_config_without_that_write_sets_nothing(kdump: FixtureHost) -> None:
    text = kdump.text("/usr/sbin/kdump-config")
    kdump.put("/usr/sbin/kdump-config", text.replace("kernel.panic_on_oops=1", "kernel.panic_on_oops=$X"))
    assert _sysctl_rivals.observe(kdump) == []


def test_who_needs_kexec(make_host: Callable[..., FixtureHost], kdump: FixtureHost) -> None:
    stock = make_host("debian12/stock")
    assert not _sysctl_rivals.kdump_in_use(stock)
    assert _sysctl_rivals.kdump_in_use(kdump)
    assert _sysctl_rivals.kdump_in_use(make_host("rhel9"))  # crashkernel= on its command line
    stock.put("/etc/kdump.conf", "")
    assert _sysctl_rivals.kdump_in_use(stock)


WANTED = {
    "kernel.panic": "10",
    "kernel.panic_on_oops": "0",
    "kernel.softlockup_panic": "1",
    "kernel.hardlockup_panic": "0",
    "kernel.hung_task_panic": "0",
    "kernel.panic_on_warn": "0",
}


@pytest.mark.parametrize(
    "line, found",
    [
        ("ro quiet panic=10", []),
        ("ro oops=panic", ["oops=panic"]),
        ("ro sysctl.kernel.panic=0", ["sysctl.kernel.panic=0"]),
        ("ro sysctl.kernel/panic=0", ["sysctl.kernel/panic=0"]),
        ("ro sysctl.kernel.panic=10", []),
        ("ro sysctl.vm.swappiness=1", []),
        ("ro hung_task_panic=1", ["hung_task_panic=1"]),
        ("ro softlockup_panic=0", ["softlockup_panic=0"]),
        ("ro softlockup_panic=1", []),
        ("ro panic_on_warn=1", ["panic_on_warn=1"]),
        ("ro nowatchdog", ["nowatchdog"]),
        ("ro nosoftlockup", ["nosoftlockup"]),
        ("ro nmi_watchdog=0", []),  # only hardlockup_panic needs it, and that is not wanted
        ("ro xnowatchdog nowatchdogs", []),
        ("ro -- nowatchdog", []),
        ("ro nowatchdog oops=panic", ["nowatchdog", "oops=panic"]),
    ],
)
def test_arguments_against_the_policy(line: str, found: List[str]) -> None:
    assert _sysctl_rivals.contradictions(line, WANTED) == found


def test_what_the_policy_wants_is_no_contradiction() -> None:
    wanted = {"kernel.panic_on_oops": "1", "kernel.softlockup_panic": "0"}
    assert _sysctl_rivals.contradictions("oops=panic nowatchdog nosoftlockup", wanted) == []
    assert _sysctl_rivals.contradictions("nmi_watchdog=0", {"kernel.hardlockup_panic": "1"}) == ["nmi_watchdog=0"]
