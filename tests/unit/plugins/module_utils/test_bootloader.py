# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot method a host has, and what cannot be supported is named."""

from typing import Callable

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bootloader
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost

EFI_STUB = "/sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"


@pytest.mark.parametrize("tree, method", [("debian12/stock", "grub"), ("rhel9", "bls"), ("rhel8", "bls")])
def test_the_known_ones(make_host: Callable[..., FixtureHost], tree: str, method: str) -> None:
    host = make_host(tree)
    assert _bootloader.method(host) == method
    assert method in _bootloader.BACKENDS


@pytest.mark.parametrize("tree", ["", "debian12/stock", "rhel9"])
@pytest.mark.parametrize(
    "path, name",
    [
        ("/run/ostree-booted", "ostree"),
        ("/etc/kernel/proxmox-boot-uuids", "proxmox-boot-tool"),
        (EFI_STUB, "unified kernel image"),
    ],
)
def test_a_sign_that_beats_what_is_installed_too(
    make_host: Callable[..., FixtureHost], tree: str, path: str, name: str
) -> None:
    host = make_host(*([tree] if tree else []))
    host.put(path, "")
    assert _bootloader.method(host) == name
    assert name not in _bootloader.BACKENDS


@pytest.mark.parametrize(
    "path, name",
    [
        ("/boot/grub2/grub.cfg", "grub2 without grubby and without drop-ins"),
        ("/boot/grub/grub.cfg", "grub without drop-ins"),
        ("/boot/efi/loader/loader.conf", "systemd-boot"),
        ("/efi/loader/loader.conf", "systemd-boot"),
        ("/boot/loader/loader.conf", "systemd-boot"),
        ("/boot/extlinux/extlinux.conf", "extlinux"),
        ("/etc/zipl.conf", "zipl"),
        ("/etc/hostname", "none found (a kernel from outside this host?)"),
    ],
)
def test_the_unknown_ones_are_named(empty: FixtureHost, path: str, name: str) -> None:
    empty.put(path, "")
    empty.put("/proc/cmdline", "ro quiet\n")
    state = _bootloader.observe(empty)
    assert (state["method"], state["supported"], state["entries"], state["running"]) == (name, False, [], "ro quiet")


def test_a_grub_mkconfig_that_reads_no_drop_ins_is_not_debians(debian12: FixtureHost) -> None:
    debian12.put("/usr/sbin/grub-mkconfig", debian12.text("/usr/sbin/grub-mkconfig").replace("grub.d/*.cfg", "x"))
    assert _bootloader.method(debian12) == "grub without drop-ins"


def test_grub_mkconfig_without_a_configuration_is_no_boot_loader(debian12: FixtureHost) -> None:
    debian12.remove("/boot/grub/grub.cfg")
    assert _bootloader.method(debian12).startswith("none found")


def test_grubby_without_entries_is_no_bls(rhel9: FixtureHost) -> None:
    rhel9.remove("/boot/loader/entries/README")
    rhel9.remove_empty("/boot/loader/entries")
    rhel9.put("/boot/grub2/grub.cfg", "")
    assert _bootloader.method(rhel9) == "grub2 without grubby and without drop-ins"


def test_normal_and_lacking(debian12: FixtureHost) -> None:
    state = _bootloader.observe(debian12)
    assert len(state["entries"]) == 3
    assert len(_bootloader.normal(state)) == 2
    assert _bootloader.lacking(state, {"panic": "10"}) == _bootloader.normal(state)
    assert _bootloader.lacking(state, {"net.ifnames": "0"}) == []


def test_entries_for_root_alone_are_no_empty_list(debian12: FixtureHost) -> None:
    """Debian 12 gives grub.cfg the mode 0600."""
    debian12.denied.add("/boot/grub/grub.cfg")
    with pytest.raises(HostError, match="^/boot/grub/grub.cfg: Permission denied"):
        _bootloader.observe(debian12)


@pytest.mark.parametrize(
    "source, beats",
    [
        ("/etc/default/grub.d/zzz.cfg:3", True),
        ("/etc/default/grub.d/50-cloudimg-settings.cfg:3", False),
        ("/etc/default/grub:6", False),
        ("/etc/default/grub.d/zz-x.cfg:3", False),
        ("", False),
    ],
)
def test_which_file_beats_the_drop_in(source: str, beats: bool) -> None:
    assert _bootloader.beats_drop_in(source, "x") is beats


def test_debian_13_s_grub_mkconfig_reads_drop_ins_too(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian13/packages")
    assert _bootloader.method(host) == "grub"
