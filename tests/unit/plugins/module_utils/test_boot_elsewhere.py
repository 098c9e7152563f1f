# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which kernels are kept and none is tried: SUSE with GRUB, Proxmox with its boot tool. For Python 3.6 too."""

from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_elsewhere,
    _boot_kernel,
    _fallback_kernel,
    _fallback_kernel_config,
    _fallback_kernel_policy,
    _proxmox,
    _zypp,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_apt as apt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import complete_machine, kernel
from unit.plugins.module_utils.fixture_programs import Systemctl
from unit.plugins.module_utils.test_fallback_kernel import POLICY

SUSE = ["6.4.0-150600.23.%d-default" % number for number in (42, 38, 33)]
PROXMOX = ["6.8.12-8-pve", "6.8.12-4-pve", "6.5.13-6-pve", "6.2.16-20-pve"]
ASKED = ("spare_kernel", "retention_configured", "boot_space")


def machine(host: FixtureHost, releases: List[str], initrd: str, root: str = "rw") -> FixtureHost:
    for release in releases:
        kernel(host, release, initrd)
    host.put("/proc/sys/kernel/osrelease", releases[0] + "\n")
    host.put("/proc/self/mountinfo", "27 1 0:30 /@ / %s,relatime - btrfs /dev/vda3 %s\n" % (root, root))
    host.put("/proc/uptime", "400.00 1.00\n")
    host.programs["systemctl"] = Systemctl(host, "254")
    host.put("/usr/bin/systemd-detect-virt", "")
    for option, answer in (("--vm", "kvm"), ("--container", "none")):
        host.answers[("systemd-detect-virt", option)] = Result(0 if answer == "kvm" else 1, answer + "\n", "")
    return host


@pytest.fixture
def suse(make_host: Any) -> FixtureHost:
    host: FixtureHost = make_host("suse/leap")
    host.put("/usr/bin/zypper", "")
    return machine(host, SUSE, "initrd-%s")


@pytest.fixture
def proxmox(make_host: Any) -> FixtureHost:
    host: FixtureHost = make_host("proxmox")
    host.put("/usr/bin/apt-config", "")
    host.put("/boot/grub/grub.cfg", "")
    packages = [line.split()[1] for line in host.text("/var/lib/dpkg/status").splitlines() if "kernel-6" in line]
    host.put(apt.STATES, "".join("Package: %s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % p for p in packages))

    def dump(argv: List[str]) -> Result:
        if argv[1] == "--version":
            return Result(0, "apt 3.0.3 (amd64)\n", "")
        texts = [host.read(path) or "" for path in (_proxmox.KEPT, apt.FILE)]
        names = [line.strip() for text in texts for line in text.splitlines() if line.startswith("  ")]
        return Result(0, "".join("APT::NeverAutoRemove:: %s\n" % name for name in names), "")

    host.programs["apt-config"] = dump
    return machine(host, PROXMOX, "initrd.img-%s")


def options(retain: int) -> Dict[str, Any]:
    return _fallback_kernel_policy.options(dict(POLICY, fallback_kernel_retain=retain))


def findings(host: FixtureHost, retain: int) -> Dict[str, Dict[str, Any]]:
    policy = dict(POLICY, fallback_kernel_retain=retain)
    found = _fallback_kernel.evaluate(policy, _fallback_kernel.observe(host))
    return {item["control"].split(".", 1)[1]: item for item in found}


def statuses(host: FixtureHost, retain: int) -> Dict[str, str]:
    return {name: item["status"] for name, item in findings(host, retain).items() if name in ASKED}


def harden(host: FixtureHost, retain: int) -> List[str]:
    """Apply; shows that it was foretold, and that a second run changes nothing."""
    foretold = _fallback_kernel_config.plan(host, _boot_kernel.observe(host), options(retain))
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), options(retain))
    for change in foretold:
        assert (host.read(change.path) or "") == change.after
    assert _fallback_kernel_config.plan(host, _boot_kernel.observe(host), options(retain)) == []
    return [change.path for change in foretold]


@pytest.mark.parametrize("name, retain, path", [("suse", 2, _zypp.FILE), ("proxmox", 3, apt.FILE)])
def test_kernels_are_kept_and_the_files_are_given_back(request: Any, name: str, retain: int, path: str) -> None:
    host = request.getfixturevalue(name)
    before = host.snapshot()
    assert statuses(host, retain)["retention_configured"] == "fail"
    assert harden(host, retain) == [path]
    assert statuses(host, retain)["retention_configured"] == "pass"
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), None)
    after = host.snapshot()
    assert {key: after[key] for key in before} == before
    assert {after[key] for key in set(after) - set(before)} <= {"directory"}


def test_below_xen_kernels_are_only_kept(make_host: Any) -> None:
    """The entry to boot is the hypervisor's there, and ours would boot the kernel alone."""
    host = complete_machine(make_host)
    host.put("/proc/xen/capabilities", "control_d\n")
    assert harden(host, 2) == [apt.FILE]
    found = findings(host, 2)
    assert {name for name, item in found.items() if item["status"] != "not_applicable"} == set(ASKED)
    assert found["default_bootable"]["reason"] == "boot method: grub with Xen; kernels are kept, and none is tried"
    host.put("/proc/xen/capabilities", "")
    assert _boot_kernel.observe(host)["supported"], "a guest of Xen has GRUB alone"


def test_what_was_set_before_xen_came_is_named_and_can_be_taken_back(make_host: Any) -> None:
    host = complete_machine(make_host)
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), options(2))
    host.put("/proc/xen/capabilities", "control_d\n")
    assert "restart without Xen" in findings(host, 2)["default_bootable"]["reason"]
    assert any("without Xen" in text for text in _boot_kernel.warnings(_boot_kernel.observe(host)))
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), None)
    assert "kernelops" not in host.text("/boot/grub/grub.cfg")
    assert not host.exists("/etc/grub.d/09_boot_kernel")


def test_what_cannot_be_asked_is_not_applicable_with_the_reason(suse: FixtureHost) -> None:
    found = findings(suse, 1)
    assert {name for name, item in found.items() if item["status"] != "not_applicable"} == set(ASKED)
    reason = "boot method: grub2 without grubby and without drop-ins; kernels are kept, and none is tried"
    assert {item["reason"] for name, item in found.items() if name not in ASKED} == {reason}
    wanted = _fallback_kernel.resolve(POLICY, _fallback_kernel.observe(suse))
    assert (wanted["applicable"], wanted["mode"], wanted["reason"], wanted["cmdline"]) == (
        True,
        "retention only",
        reason,
        {},
    )


def test_a_spare_needs_a_boot_entry(suse: FixtureHost) -> None:
    assert statuses(suse, 2)["spare_kernel"] == "pass"
    suse.put(_boot_elsewhere.GRUB2_CFG, suse.text(_boot_elsewhere.GRUB2_CFG).replace("/vmlinuz-" + SUSE[2], "/x"))
    found = findings(suse, 2)["spare_kernel"]
    assert (found["status"], found["observed"]) == ("fail", SUSE[1])
    assert found["reason"].endswith("without a boot entry: " + SUSE[2])


def test_on_proxmox_a_spare_must_be_where_its_boot_loader_finds_it(proxmox: FixtureHost) -> None:
    assert statuses(proxmox, 1)["spare_kernel"] == "pass"
    found = findings(proxmox, 2)["spare_kernel"]
    assert found["remedy"] == "proxmox-boot-tool kernel add 6.5.13-6-pve; proxmox-boot-tool refresh"


def test_what_nobody_looked_at_is_said(suse: FixtureHost, proxmox: FixtureHost) -> None:
    assert findings(proxmox, 1)["boot_space"]["observed"].endswith("; on its EFI system partitions nobody looked")
    assert findings(suse, 1)["boot_space"]["observed"].endswith(" bytes")


def test_a_pinned_kernel_stays(proxmox: FixtureHost) -> None:
    assert statuses(proxmox, 1)["retention_configured"] == "pass"
    proxmox.put(_proxmox.PINS[0], PROXMOX[3] + "\n")
    found = findings(proxmox, 1)["retention_configured"]
    assert found["reason"] == "the next clean-up of apt would remove " + PROXMOX[3]
    harden(proxmox, 1)
    assert statuses(proxmox, 1)["retention_configured"] == "pass"


def test_a_purged_spare_and_a_setting_that_was_taken_away_are_named(suse: FixtureHost) -> None:
    harden(suse, 2)
    suse.put(_zypp.FILE, suse.text(_zypp.FILE).replace("latest-1,running,latest-2", "running"))
    found = findings(suse, 2)["retention_configured"]
    assert found["observed"] == ", ".join(SUSE[1:])
    assert (found["evidence"], found["category"]) == ([_zypp.FILE], "config")
    suse.remove("/boot/initrd-" + SUSE[1])
    assert findings(suse, 2)["spare_kernel"]["observed"] == SUSE[2]


def test_where_a_person_must_help_the_remedy_says_so(suse: FixtureHost) -> None:
    suse.put(_zypp.FILE, suse.text(_zypp.FILE) + "[other]\n")
    assert harden(suse, 2) == []
    found = findings(suse, 2)["retention_configured"]
    assert found["remedy"].startswith("set multiversion.kernels in [main] of /etc/zypp/zypp.conf by hand")
    assert _fallback_kernel_config.obstacles(suse, _boot_kernel.observe(suse), options(2)) == [found["remedy"]]


def test_a_transactional_host_is_left_alone(suse: FixtureHost) -> None:
    suse.put("/usr/sbin/transactional-update", "")
    assert statuses(suse, 1)["boot_space"] == "pass"
    machine(suse, SUSE, "initrd-%s", root="ro")
    assert set(statuses(suse, 1).values()) == {"not_applicable"}


def test_a_host_without_a_package_manager_that_is_known_is_left_alone(suse: FixtureHost) -> None:
    suse.remove("/usr/bin/zypper")
    assert set(statuses(suse, 1).values()) == {"not_applicable"}


def test_rpm_that_cannot_be_asked_is_unknown(suse: FixtureHost) -> None:
    suse.programs["rpm"] = lambda argv: Result(1, "", "error: cannot open Packages database\n")
    found = findings(suse, 1)["retention_configured"]
    assert (found["status"], "cannot open" in found["reason"]) == ("unknown", True)
