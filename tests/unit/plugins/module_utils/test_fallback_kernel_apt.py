# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt keeps, by what it says of itself, on Debian and on Proxmox. Runs on every Python from 3.6 on."""

from typing import Any, Callable, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_apt as apt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _proxmox
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import Retention
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernels import Kernel
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_releases import N50, N51, N53, N56, N57, RELEASES, kernels

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


@pytest.fixture
def observe(empty: FixtureHost) -> Callable[..., Retention]:
    states = "".join("Package: linux-image-%s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % r for r in RELEASES)
    empty.put(apt.STATES, states)
    return watched(empty, kernels())


def watched(host: FixtureHost, found: List[Kernel]) -> Callable[..., Retention]:
    def look(running: str = N57, more: str = "", version: str = "2.6.1") -> Retention:
        host.answers[("apt-config", "dump")] = Result(0, DUMP + more, "")
        host.answers[("apt-config", "--version")] = Result(0, "apt %s (amd64)\n" % version, "")
        return apt.observe(host, found, running)

    return look


def test_as_debian_has_it(observe: Any) -> None:
    assert observe() == ("apt", [N57, N56], apt.FILE, "")
    # What apt 2.6.1 leaves with the oldest of these running.
    assert observe(N50).kept == [N57, N50]


@pytest.mark.parametrize(
    "version, count", [("2.6.1", 2), ("2.7.11", 2), ("2.7.12", 4), ("3.0.3", 4), ("2.8.0~exp1", 4)]
)
def test_a_count_that_only_newer_ones_know(observe: Any, version: str, count: int) -> None:
    assert observe(N57, 'APT::NeverAutoRemove::KernelCount "4";\n', version).kept == RELEASES[:count]


def test_apt_s_version_is_asked_for_only_where_it_decides(observe: Any, empty: FixtureHost) -> None:
    observe()
    assert ["apt-config", "--version"] not in empty.calls
    observe(N57, 'APT::NeverAutoRemove::KernelCount "4";\n', "3.0.3")
    assert ["apt-config", "--version"] in empty.calls


def test_a_count_below_two_is_ignored(observe: Any) -> None:
    assert observe(N57, 'APT::NeverAutoRemove::KernelCount "1";\n', "3.0.3").kept == [N57, N56]


def test_protection_that_was_switched_off(observe: Any) -> None:
    assert observe(N57, 'APT::Protect-Kernels "false";\n', "3.0.3").kept == [N57]


def listed(text: str) -> str:
    """Values of a list as apt-config shows them, each in a line of its own."""
    names = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    return "".join("APT::NeverAutoRemove:: %s\n" % name for name in names)


def test_our_file_names_what_stays(observe: Any) -> None:
    text = apt.text([N57, N56, "6.12.107+deb13-amd64"], 2)
    assert '  "^linux-%s-6\\.12\\.107\\+deb13-amd64$";\n' % apt.PACKAGES in text
    assert text.endswith('APT::NeverAutoRemove::KernelCount "3";\n')
    assert observe(N50, listed(text)).kept == [N57, N56, N50]


def test_without_a_kernel_to_name_there_is_no_empty_list() -> None:
    assert "{" not in apt.text([], 2)


def test_a_kernel_installed_by_hand_is_never_removed(empty: FixtureHost, observe: Any) -> None:
    empty.put(apt.STATES, empty.text(apt.STATES).replace("Package: linux-image-%s\n" % N51, "Package: x\n"))
    assert observe().kept == [N57, N56, N51]


def test_a_pattern_that_is_none_is_passed_over(observe: Any) -> None:
    assert N53 not in observe(N57, 'APT::NeverAutoRemove:: "^linux-image-(";\n').kept


class TestProxmox:
    """apt protects none of its kernels by itself."""

    ALL = ("6.8.12-8-pve", "6.8.12-4-pve", "6.5.13-6-pve", "6.2.16-20-pve")
    NAMES = (
        "proxmox-kernel-6.8.12-8-pve-signed",
        "proxmox-kernel-6.8.12-4-pve-signed",
        "proxmox-kernel-6.5.13-6-pve-signed",
        "pve-kernel-6.2.16-20-pve",
    )

    @pytest.fixture
    def look(self, make_host: Any) -> Any:
        host = make_host("proxmox")
        states = "".join("Package: %s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % name for name in self.NAMES)
        host.put(apt.STATES, states)
        self.host = host
        return watched(host, [Kernel(release, "", "", 0, []) for release in self.ALL])

    def hook(self) -> str:
        return listed(self.host.text(_proxmox.KEPT))

    def test_what_its_own_hook_has_named_stays(self, look: Any) -> None:
        assert look(self.ALL[0], self.hook(), "3.0.3").kept == list(self.ALL[:2])
        assert set(_proxmox.copied(self.host)) == {"6.8", self.ALL[0], self.ALL[1]}

    def test_without_the_hook_not_even_the_running_one_stays(self, look: Any) -> None:
        assert look(self.ALL[0]).kept == []

    def test_our_names_are_those_of_all_generations(self, look: Any) -> None:
        assert look(self.ALL[0], listed(apt.text(list(self.ALL), 2))).kept == list(self.ALL)
        assert look(self.ALL[0], listed(apt.text([self.ALL[2]], 2))).kept == [self.ALL[2]]

    def test_one_that_the_operator_installed_by_name_stays(self, look: Any) -> None:
        self.host.put(apt.STATES, self.host.text(apt.STATES).replace(self.NAMES[3] + "\n", "x\n"))
        assert look(self.ALL[0]).kept == [self.ALL[3]]

    def test_pins_of_the_operator(self, look: Any) -> None:
        assert (_proxmox.pin(self.host), _proxmox.pinned(self.host)) == ("", [])
        self.host.put("/etc/kernel/proxmox-boot-pin", "6.5.13-6-pve\n")
        self.host.put("/etc/kernel/next-boot-pin", "6.8.12-4-pve")
        self.host.put("/etc/kernel/proxmox-boot-manual-kernels", "6.2.16-20-pve\n\n")
        assert _proxmox.pin(self.host) == "6.5.13-6-pve"
        assert _proxmox.pinned(self.host) == ["6.5.13-6-pve", "6.8.12-4-pve", "6.2.16-20-pve"]
