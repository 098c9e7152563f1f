# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels stay, and whether the package manager knows. Runs on every Python from 3.6 on."""

from typing import Any, Callable, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_retention as retention
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernels import Kernel
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import NEW, OLD, lab_machine

RELEASES = ["6.1.0-%d-amd64" % number for number in (57, 56, 53, 51, 50)]
N57, N56, N53, N51, N50 = RELEASES
# apt-config dump of apt 2.6.1, what concerns kernels.
DUMP = """\
APT::NeverAutoRemove "";
APT::NeverAutoRemove:: "^firmware-linux.*";
APT::NeverAutoRemove:: "^linux-firmware$";
APT::NeverAutoRemove:: "^linux-image-[a-z0-9]*$";
APT::NeverAutoRemove:: "^linux-image-[a-z0-9]*-[a-z0-9]*$";
APT::VersionedKernelPackages "";
APT::VersionedKernelPackages:: "linux-.*";
APT::VersionedKernelPackages:: "kfreebsd-.*";
APT::VersionedKernelPackages:: "gnumach-.*";
APT::VersionedKernelPackages:: ".*-modules";
APT::VersionedKernelPackages:: ".*-kernel";
"""


def kernels(halved: str = "") -> List[Kernel]:
    return [Kernel(release, "", "", 0, ["initrd"] if release == halved else []) for release in RELEASES]


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
    assert retention.keep(kernels(halved), running, known_good, retain) == kept


def test_what_may_go_is_the_rest_oldest_first() -> None:
    assert retention.purgeable(kernels(), N53, N53, 1) == [N50, N51, N56]
    assert retention.purgeable(kernels(), N57, N50, 4) == []


def test_a_kernel_that_is_being_installed_may_not_go() -> None:
    assert retention.purgeable(kernels(N57), N56, N56, 1) == [N50, N51]


class TestApt:
    """apt, by what it says of itself."""

    @pytest.fixture
    def observe(self, empty: FixtureHost) -> Callable[..., retention.Retention]:
        empty.put("/usr/bin/apt-config", "")
        states = "".join("Package: linux-image-%s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % r for r in RELEASES)
        empty.put(retention.APT_STATES, states)

        def look(more: str = "", version: str = "2.6.1") -> retention.Retention:
            empty.answers[("apt-config", "dump")] = Result(0, DUMP + more, "")
            empty.answers[("apt-config", "--version")] = Result(0, "apt %s (amd64)\n" % version, "")
            return retention.observe(empty, kernels())

        self.host = empty
        return look

    def test_as_debian_has_it(self, observe: Any) -> None:
        found = observe()
        assert found == ("apt", 2, [], retention.APT_FILE)
        # What apt 2.6.1 then removes with the oldest of these running.
        assert retention.unprotected(kernels(), N50, [N57, N56, N50], found) == [N56]

    @pytest.mark.parametrize(
        "version, count", [("2.6.1", 2), ("2.7.11", 2), ("2.7.12", 4), ("3.0.3", 4), ("2.8.0~exp1", 4)]
    )
    def test_a_count_that_only_newer_ones_know(self, observe: Any, version: str, count: int) -> None:
        assert observe('APT::NeverAutoRemove::KernelCount "4";\n', version).limit == count

    def test_a_count_below_two_is_ignored(self, observe: Any) -> None:
        assert observe('APT::NeverAutoRemove::KernelCount "1";\n', "3.0.3").limit == 2

    def test_protection_that_was_switched_off(self, observe: Any) -> None:
        found = observe('APT::Protect-Kernels "false";\n', "3.0.3")
        assert found.limit == 0
        assert retention.unprotected(kernels(), N57, [N57, N56], found) == [N56]

    def test_our_file_names_what_stays(self, observe: Any) -> None:
        kept = [N57, N56, "6.12.107+deb13-amd64"]
        text = retention.apt_text(kept, 2)
        assert '  "^linux-%s-6\\.12\\.107\\+deb13-amd64$";\n' % retention.PACKAGES in text
        assert text.endswith('APT::NeverAutoRemove::KernelCount "3";\n')
        # apt-config shows each of a list's values in a line of its own.
        lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
        found = observe("".join("APT::NeverAutoRemove:: %s\n" % line for line in lines))
        assert found.named == [N57, N56]
        assert retention.unprotected(kernels(), N50, [N57, N56, N50], found) == []

    def test_without_a_kernel_to_name_there_is_no_empty_list(self) -> None:
        assert "{" not in retention.apt_text([], 2)

    def test_a_kernel_installed_by_hand_is_never_removed(self, observe: Any) -> None:
        states = self.host.text(retention.APT_STATES).replace("Package: linux-image-%s\n" % N53, "Package: x\n")
        self.host.put(retention.APT_STATES, states)
        assert observe().named == [N53]

    def test_a_pattern_that_is_none_is_passed_over(self, observe: Any) -> None:
        assert observe('APT::NeverAutoRemove:: "^linux-image-(";\n').named == []


@pytest.mark.parametrize(
    "text, count", [(None, 3), ("[main]\ninstallonly_limit=5\n", 5), ("[main]\ninstallonly_limit = 0\n", None)]
)
def test_what_dnf_keeps(empty: FixtureHost, text: Any, count: Any) -> None:
    empty.put("/usr/bin/dnf", "")
    if text:
        empty.put(retention.DNF_FILE, text)
    found = retention.observe(empty, kernels())
    assert (found.tool, found.limit) == ("dnf", count)
    assert retention.unprotected(kernels(), N57, [N57, N56, N53], found) == []
    assert (retention.unprotected(kernels(), N57, RELEASES, found) == []) is (count != 3)


@pytest.mark.parametrize(
    "before, aside",
    [
        ("[main]\ngpgcheck=True\ninstallonly_limit=2\nbest=True\n", "installonly_limit=2"),
        ("[main]\nbest=True", None),
        ("[main]\ninstallonly_limit = 3\n", "installonly_limit = 3"),
    ],
)
def test_the_limit_of_dnf_is_raised_and_given_back(empty: FixtureHost, before: str, aside: Any) -> None:
    after = retention.dnf_text(before, 3)
    assert "\ninstallonly_limit=4\n" in after
    assert aside is None or "# %s\n" % aside in after
    assert retention.dnf_text(after, 3) == after
    empty.put("/usr/bin/dnf", "")
    empty.put(retention.DNF_FILE, after)
    assert retention.observe(empty, kernels()).limit == 4
    assert retention.wanted(empty, [], 3) == {retention.DNF_FILE: after}
    assert retention.without(empty)[retention.DNF_FILE] == before


@pytest.mark.parametrize(
    "text",
    [
        "[main]\ngpgcheck=True\ninstallonly_limit=3\nbest=True\n",
        "[main]\ninstallonly_limit = 9\n",
        "[main]\ninstallonly_limit=0\n",
        "[main]\nbest=True\n",
        # At its end another section would take our line for its own.
        "[main]\ninstallonly_limit=2\n[other]\n",
        "",
    ],
)
def test_a_limit_that_is_enough_is_left_alone(text: str) -> None:
    assert retention.dnf_text(text, 2) == text


class TestRenew:
    """What the program on the host does after each boot."""

    def test_what_stays_now_is_named_to_apt(self, make_host: Any) -> None:
        host = lab_machine(make_host)
        _boot_kernel.apply(host, _boot_kernel.observe(host), _boot_kernel.Wish(OLD, None))
        host.put(retention.APT_FILE, "")
        retention.renew(host, 1)
        assert host.text(retention.APT_FILE) == retention.apt_text([NEW, OLD], 1)
        before = host.snapshot()
        retention.renew(host, 1)
        assert host.snapshot() == before

    def test_where_the_role_wrote_nothing_nothing_is_written(self, make_host: Any) -> None:
        host = lab_machine(make_host)
        before = host.snapshot()
        retention.renew(host, 1)
        assert host.snapshot() == before


def test_only_the_tool_that_is_here_is_told(empty: FixtureHost) -> None:
    assert retention.wanted(empty, [N57], 2) == {}
    empty.put("/usr/bin/apt-config", "")
    assert retention.wanted(empty, [N57], 2) == {retention.APT_FILE: retention.apt_text([N57], 2)}


def test_a_host_without_a_package_manager_that_is_known(empty: FixtureHost) -> None:
    found = retention.observe(empty, kernels())
    assert found == ("", None, [], "")
    assert retention.unprotected(kernels(), N57, RELEASES, found) == []
