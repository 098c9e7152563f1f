# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether GRUB can write its environment, by file systems and devices. Runs on every Python from 3.6 on."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _grub_disk
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import disk, lab_machine

PATH = "/boot/grub/grubenv"
ROOT = "27 1 %s / / %s shared:1 - %s %s rw\n"
BOOT = "31 27 %s / /boot %s shared:9 - %s %s rw\n"
PLAIN = "27 1 254:3 / / rw,relatime shared:1 - ext4 /dev/vda3 rw,errors=remount-ro\n"


@pytest.fixture
def host(empty: FixtureHost) -> FixtureHost:
    disk(empty, "vda", "254:0")
    disk(empty, "vda3", "254:3", parent="vda")
    return empty


def reason(host: FixtureHost, mounts: str, path: str = PATH) -> str:
    host.put("/proc/self/mountinfo", mounts)
    return _grub_disk.judge(host, path).reason


def test_the_lab_machine(make_host: Any) -> None:
    judged = _grub_disk.judge(lab_machine(make_host), PATH)
    assert judged == (PATH, "ext4", "/dev/vda3", "")
    assert judged.writable


@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4", "xfs", "vfat"])
def test_file_systems_that_grub_writes_on(host: FixtureHost, kind: str) -> None:
    assert reason(host, ROOT % ("254:3", "rw,relatime", kind, "/dev/vda3")) == ""


@pytest.mark.parametrize(
    "device, kind, source",
    [
        ("0:25", "btrfs", "/dev/vda3"),
        ("0:27", "zfs", "bpool/BOOT/debian"),
        ("0:40", "overlay", "overlay"),
        ("254:3", "f2fs", "/dev/vda3"),
        ("0:50", "nfs4", "server:/boot"),
    ],
)
def test_file_systems_that_grub_does_not_write_on(host: FixtureHost, device: str, kind: str, source: str) -> None:
    assert (
        reason(host, PLAIN + BOOT % (device, "rw,relatime", kind, source)) == "GRUB cannot write on %s (/boot)" % kind
    )


def test_a_boot_on_another_file_system_decides_either_way(host: FixtureHost) -> None:
    disk(host, "dm-0", "253:0", dm__uuid="LVM-abc", dm__name="vg-root")
    lvm = ROOT % ("253:0", "rw,relatime", "ext4", "/dev/mapper/vg-root")
    assert reason(host, lvm) == "GRUB cannot write on the LVM volume vg-root"
    assert reason(host, lvm + BOOT % ("254:3", "rw", "ext2", "/dev/vda3")) == ""
    assert reason(host, PLAIN + BOOT % ("253:0", "rw", "ext4", "/dev/mapper/vg-root")) != ""


@pytest.mark.parametrize("options, tail", [("ro,relatime", "rw"), ("rw", "ro,errors=remount-ro")])
def test_a_read_only_boot(host: FixtureHost, options: str, tail: str) -> None:
    line = "31 27 254:3 / /boot %s shared:9 - ext4 /dev/vda3 %s\n" % (options, tail)
    assert reason(host, PLAIN + line) == "/boot is mounted read-only"


def test_a_later_mount_covers_an_earlier_one(host: FixtureHost) -> None:
    both = [BOOT % ("254:3", "rw", "ext4", "/dev/vda3"), BOOT % ("0:30", "rw", "btrfs", "/dev/vdb")]
    assert "btrfs" in reason(host, PLAIN + "".join(both))
    assert reason(host, PLAIN + "".join(both[::-1])) == ""


def test_a_name_that_only_begins_alike_is_another_place(host: FixtureHost) -> None:
    assert reason(host, PLAIN + (BOOT % ("0:30", "rw", "btrfs", "/dev/vdb")).replace("/boot", "/boot2")) == ""


def test_a_raid_array_and_a_partition_of_one(host: FixtureHost) -> None:
    disk(host, "md0", "9:0", md__level="raid1")
    disk(host, "md0p1", "259:1", parent="md0")
    for device in ("9:0", "259:1"):
        text = reason(host, ROOT % (device, "rw", "ext4", "/dev/md0"))
        assert text == "GRUB cannot write on the RAID array md0"


@pytest.mark.parametrize(
    "uuid, writable",
    [
        ("mpath-360000000000000000e00000000010001", True),
        ("part1-mpath-360000000000000000e00000000010001", True),
        ("CRYPT-LUKS2-0123-root", False),
        ("LVM-abc", False),
        ("DMRAID-isw_abc", False),
    ],
)
def test_device_mappings(host: FixtureHost, uuid: str, writable: bool) -> None:
    disk(host, "dm-1", "253:1", dm__uuid=uuid, dm__name="name")
    host.put("/sys/devices/virtual/block/dm-1/slaves/vda/dev", "254:0\n")
    text = reason(host, ROOT % ("253:1", "rw", "ext4", "/dev/mapper/name"))
    assert (text == "") is writable
    assert writable or "name" in text


def test_devices_on_top_of_others(host: FixtureHost) -> None:
    disk(host, "bcache0", "252:0", slaves__vda__dev="254:0")
    disk(host, "loop0", "7:0", loop__backing_file="/boot.img")
    for device in ("252:0", "7:0"):
        assert "lies on other devices" in reason(host, ROOT % (device, "rw", "ext4", "/dev/x"))


def test_a_disk_that_is_write_protected(host: FixtureHost) -> None:
    disk(host, "vda", "254:0", ro="1")
    assert reason(host, PLAIN) == "the device vda is read-only"


def test_what_nobody_can_tell_is_not_writable(host: FixtureHost) -> None:
    assert reason(host, "") == "/proc/self/mountinfo tells nothing about " + PATH
    unknown = reason(host, ROOT % ("8:1", "rw", "ext4", "/dev/sda1"))
    assert unknown == "/sys/class/block has no block device 8:1 (/dev/sda1)"


def test_a_link_to_the_efi_system_partition(host: FixtureHost) -> None:
    disk(host, "vda1", "254:1", parent="vda")
    host.put("/boot/efi/EFI/redhat/grubenv", "")
    host.link("/boot/grub2/grubenv", "../efi/EFI/redhat/grubenv")
    esp = "40 27 254:1 / /boot/efi rw,relatime - vfat /dev/vda1 rw,fmask=0077\n"
    host.put("/proc/self/mountinfo", ROOT % ("0:25", "rw", "btrfs", "/dev/vda3") + esp)
    judged = _grub_disk.judge(host, "/boot/grub2/grubenv")
    assert (judged.path, judged.file_system, judged.writable) == ("/boot/efi/EFI/redhat/grubenv", "vfat", True)


def test_a_folder_that_is_a_link_leads_to_another_file_system(host: FixtureHost) -> None:
    host.put("/data/boot/grub/grubenv", "")
    host.link("/boot", "data/boot")
    data = "40 27 0:60 / /data rw,relatime - btrfs /dev/vdb rw\n"
    assert "btrfs" in reason(host, PLAIN + data)


def test_blanks_in_a_mount_point() -> None:
    found = _grub_disk.mounts("31 27 254:3 / /mnt/a\\040b rw - ext4 /dev/vda3 rw\nrubbish\n36 35 0:1 - x\n")
    assert [mount.point for mount in found] == ["/mnt/a b"]
