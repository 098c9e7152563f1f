# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels stay, and who is told of it. Runs on every Python from 3.6 on."""

from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_apt as apt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_dnf as dnf
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_keep as keeping
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_retention as retention
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_zypp as zypp
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import ENV, NEW, OLD, kernel, lab_machine
from unit.plugins.module_utils.fixture_releases import N50, N51, N53, N56, N57, RELEASES, kernels


@pytest.mark.parametrize(
    "running, known_good, retain, halved, kept",
    [
        (N57, N57, 2, "", [N57, N56, N53]),
        (N56, N56, 2, "", [N57, N56, N53]),
        (N50, N50, 2, "", [N57, N56, N50]),
        (N57, N50, 1, "", [N57, N56, N50]),
        (N57, "", 1, "", [N57, N56]),
        (N56, N53, 3, "", [N57, N56, N53, N51]),
        # What does not boot is no spare.
        (N56, N56, 2, N57, [N56, N53, N51]),
        (N57, N57, 9, "", RELEASES),
    ],
)
def test_what_stays(running: str, known_good: str, retain: int, halved: str, kept: List[str]) -> None:
    assert keeping.keep(kernels(halved), running, known_good, retain) == kept


def test_what_failed_its_trial_is_no_spare() -> None:
    stay = keeping.keep(kernels(), N53, N53, 2, failed=[N56, N57])
    assert stay == [N57, N53, N51, N50], "the newest stays all the same"
    assert keeping.purgeable(kernels(), stay) == [N56]
    assert keeping.keep(kernels(), N53, N53, 2, failed=[N53]) == [N57, N56, N53]


def test_what_may_go_is_the_rest_oldest_first() -> None:
    assert keeping.purgeable(kernels(), keeping.keep(kernels(), N53, N53, 1)) == [N50, N51, N56]
    assert keeping.purgeable(kernels(), keeping.keep(kernels(), N57, N50, 4)) == []


def test_a_kernel_that_is_being_installed_may_not_go() -> None:
    assert keeping.purgeable(kernels(N57), keeping.keep(kernels(N57), N56, N56, 1)) == [N50, N51]


def test_what_an_operator_has_pinned_stays() -> None:
    assert keeping.keep(kernels(), N57, "", 1, [N50, "6.1.0-1-amd64"]) == [N57, N56, N50]


class TestRenew:
    """What the program on the host does after each boot."""

    def test_what_stays_now_is_named_to_apt(self, make_host: Any) -> None:
        host = lab_machine(make_host)
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))
        host.put("/usr/bin/apt-config", "")
        host.put(apt.FILE, apt.text([OLD], 1))
        retention.renew(host, 1)
        assert host.text(apt.FILE) == apt.text([NEW, OLD], 1)
        before = host.snapshot()
        retention.renew(host, 1)
        assert host.snapshot() == before

    def test_what_has_failed_leaves_its_place_to_an_older_one(self, make_host: Any) -> None:
        host = lab_machine(make_host)
        kernel(host, "6.1.0-50-cloud-amd64")
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, NEW))
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
        host.put("/proc/sys/kernel/random/boot_id", "2\n")
        host.put("/usr/bin/apt-config", "")
        host.put(apt.FILE, apt.text([NEW, OLD], 1))
        retention.renew(host, 1)
        assert host.text(apt.FILE) == apt.text([NEW, OLD, "6.1.0-50-cloud-amd64"], 1)

    def test_where_the_role_wrote_nothing_nothing_is_written(self, make_host: Any) -> None:
        host = lab_machine(make_host)
        before = host.snapshot()
        retention.renew(host, 1)
        assert host.snapshot() == before


def kept(releases: List[str], retain: int = 2) -> keeping.Keep:
    return keeping.Keep(releases, kernels(), N57, "", retain)


def test_only_the_tool_that_is_here_is_told(empty: FixtureHost) -> None:
    assert retention.wanted(empty, kept([N57])) == {}
    empty.put("/usr/bin/dnf", "")
    assert list(retention.wanted(empty, kept([N57]))) == [dnf.FILE]
    empty.put("/usr/bin/zypper", "")
    assert retention.tools(empty) == [zypp, dnf]
    # Debian has packages of both, which remove nothing there.
    empty.put("/usr/bin/apt-config", "")
    assert retention.wanted(empty, kept([N57])) == {apt.FILE: apt.text([N57], 2)}


def test_a_host_without_a_package_manager_that_is_known(empty: FixtureHost) -> None:
    assert retention.observe(empty, kernels(), N57) == []
    assert retention.unprotected(RELEASES, []) == []


def test_whoever_would_remove_one_is_named() -> None:
    found = [
        keeping.Retention("a", None, ""),
        keeping.Retention("b", [N57, N51], "x"),
        keeping.Retention("c", [N57, N50], ""),
    ]
    assert retention.unprotected([N57, N50], found) == [(found[1], [N50])]
