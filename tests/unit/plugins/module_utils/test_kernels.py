# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels installed on a host, whole and half-installed ones. Runs on every Python from 3.6 on."""

import os
from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Unreadable
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, MIB, NEW, OLD, kernel, lab_machine, sized

RPM = "5.14.0-162.6.1.el9_1.x86_64"


def missing(host: FixtureHost, release: str = NEW) -> List[str]:
    return next(found.missing for found in _kernels.installed(host) if found.release == release)


def test_the_lab_machine(make_host: Any) -> None:
    host = lab_machine(make_host)
    found = _kernels.installed(host)
    assert [(k.release, k.bootable) for k in found] == [(HALF, False), (NEW, True), (OLD, True)]
    assert found[0].missing == ["initrd: /boot/initrd.img-%s is not there or empty" % HALF]
    assert (found[1].image, found[1].initrd) == ("/boot/vmlinuz-" + NEW, "/boot/initrd.img-" + NEW)
    assert found[1].bytes == 2 * MIB
    for name in ("initramfs-%skdump.img", "initrd-%s-kdump"):
        sized(host, "/boot/" + name % found[1].release, MIB)
    assert _kernels.installed(host)[1].bytes == 4 * MIB
    assert _kernels.newest(found) == NEW


def test_an_empty_machine(empty: FixtureHost) -> None:
    assert _kernels.installed(empty) == []
    assert _kernels.newest([]) == ""
    assert _kernels.running(empty) == ""


class TestHalfInstalled:
    """Each part that is missing is named, alone."""

    @pytest.fixture
    def host(self, empty: FixtureHost) -> FixtureHost:
        kernel(empty, NEW)
        assert missing(empty) == []
        return empty

    def test_an_initrd_of_a_full_boot(self, host: FixtureHost) -> None:
        sized(host, "/boot/initrd.img-" + NEW, 20)
        assert missing(host) == ["initrd: /boot/initrd.img-%s has only 20 bytes" % NEW]
        sized(host, "/boot/initrd.img-" + NEW, MIB)
        assert missing(host) == []

    @pytest.mark.parametrize("size", [0, MIB - 1])
    def test_an_image_that_is_too_small(self, host: FixtureHost, size: int) -> None:
        sized(host, "/boot/vmlinuz-" + NEW, size)
        assert [text.split(":")[0] for text in missing(host)] == ["image"]

    def test_modules_without_an_image(self, host: FixtureHost) -> None:
        host.remove("/boot/vmlinuz-" + NEW)
        assert missing(host) == ["image: /boot/vmlinuz-%s is not there or empty" % NEW]

    @pytest.mark.parametrize("text", [None, ""])
    def test_modules_that_depmod_has_not_seen(self, host: FixtureHost, text: Any) -> None:
        path = "/lib/modules/%s/modules.dep" % NEW
        host.remove(path) if text is None else host.put(path, text)
        assert missing(host) == ["modules: %s is not there or empty" % path]

    @pytest.mark.parametrize(
        "state, whole",
        [("installed", True), ("triggers-pending", True), ("half-configured", False), ("unpacked", False)],
    )
    def test_a_package_whose_script_failed(self, host: FixtureHost, state: str, whole: bool) -> None:
        text = "Package: linux-image-%s\nStatus: install ok %s\nPriority: optional\n\nPackage: linux-image-amd64\n"
        host.put("/var/lib/dpkg/status", text % (NEW, state))
        assert missing(host) == ([] if whole else ["package: dpkg says '%s'" % state])

    def test_of_signed_and_unsigned_packages_one_is_enough(self, host: FixtureHost) -> None:
        text = "Package: linux-image-%s%s\nStatus: %s\nArchitecture: amd64\n\n"
        both = [("unsigned-", "deinstall ok config-files"), ("", "install ok installed")]
        for order in (both, both[::-1]):
            host.put("/var/lib/dpkg/status", "".join(text % (kind, NEW, status) for kind, status in order))
            assert missing(host) == []


def test_what_is_no_kernel_of_its_own(empty: FixtureHost) -> None:
    kernel(empty, RPM, initrd="initramfs-%s.img")
    for name in (
        "vmlinuz-0-rescue-8d2f6b1a5c3e4970b6a1f0e29d3c4b57",
        "vmlinuz-%s.dpkg-new" % NEW,
        "vmlinuz-%s.efi.signed" % NEW,
        "vmlinuz-%s.old" % NEW,
        "vmlinuz-%s~" % NEW,
        "vmlinuz",
        "initramfs-%skdump.img" % RPM,
        "initrd.img-%s.old-dkms" % NEW,
    ):
        sized(empty, "/boot/" + name, MIB)
    empty.put("/lib/modules/%s/updates/dkms/x.ko" % OLD, "left behind")
    assert [(k.release, k.bootable) for k in _kernels.installed(empty)] == [(RPM, True)]


def test_the_initrds_of_other_families(empty: FixtureHost) -> None:
    kernel(empty, RPM, initrd="initramfs-%s.img")
    kernel(empty, "6.4.0-150600.23.7-default", initrd="initrd-%s")
    assert [k.bootable for k in _kernels.installed(empty)] == [True, True]


def test_a_missing_initrd_has_the_name_that_dracut_would_give(empty: FixtureHost) -> None:
    kernel(empty, RPM, initrd_size=0)
    empty.put("/usr/bin/dracut", "")
    assert missing(empty, RPM) == ["initrd: /boot/initramfs-%s.img is not there or empty" % RPM]


def test_what_may_not_be_read_is_not_missing(empty: FixtureHost) -> None:
    kernel(empty, NEW)
    empty.denied.add("/var/lib/dpkg/status")
    with pytest.raises(Unreadable):
        _kernels.installed(empty)


@pytest.mark.parametrize(
    "older, newer",
    [
        ("6.1.0-9-amd64", "6.1.0-10-amd64"),
        ("5.14.0-70.13.1.el9_0.x86_64", RPM),
        ("6.1.0-56-amd64", "6.12.107+deb13-amd64"),
        ("6.1-rc7", "6.1"),
        ("6.1-rc7", "6.1-rc10"),
        ("6.1", "6.1.1"),
        ("6.8.0-31-generic", "6.8.0-100-generic"),
        ("4.18.0-553.22.1.el8_10.x86_64", "4.18.0-553.100.1.el8_10.x86_64"),
    ],
)
def test_releases_are_ordered_as_versions(older: str, newer: str) -> None:
    assert _kernels.order(older) < _kernels.order(newer)


@pytest.mark.parametrize(
    "path, release",
    [("/boot/vmlinuz-6.1.0-1-amd64", "6.1.0-1-amd64"), ("/vmlinux-6.1", "6.1"), ("/boot/x", ""), ("", "")],
)
def test_the_release_in_a_name(path: str, release: str) -> None:
    assert _kernels.release_of(path) == release


def test_what_suse_has_in_boot(empty: FixtureHost) -> None:
    intel, arm = "6.4.0-150600.23.42-default", "6.4.0-150600.23.38-64kb"
    kernel(empty, intel, "initrd-%s")
    # For debugging, not for booting.
    sized(empty, "/boot/vmlinux-%s.gz" % intel, MIB)
    kernel(empty, arm, "initrd-%s")
    os.rename(empty.root + "/boot/vmlinuz-" + arm, empty.root + "/boot/Image-" + arm)
    assert [(k.release, k.missing) for k in _kernels.installed(empty)] == [(intel, []), (arm, [])]


def test_a_kernel_of_proxmox_that_dpkg_has_not_finished(empty: FixtureHost) -> None:
    kernel(empty, "6.8.12-8-pve")
    status = "Package: proxmox-kernel-6.8.12-8-pve-signed\nStatus: install ok half-configured\n"
    empty.put("/var/lib/dpkg/status", status)
    assert missing(empty, "6.8.12-8-pve") == ["package: dpkg says 'half-configured'"]
