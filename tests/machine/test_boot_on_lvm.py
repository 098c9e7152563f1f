# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB reads an LVM volume and cannot write on it: nothing is tried there, and no restart ends in a loop or at a key."""

from __future__ import annotations

import typing as t

import pytest

import playbooks
from kernels import POLICY, Kernels, prepare, repack
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")

DISK_BYTES = 512 * 1024 * 1024
# What GRUB would find in the old place must not be what boots, so nothing stays there. The root file system stays where
# it was, so that no initrd needs LVM.
MOVE_BOOT = """
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
sed -i 's/^update_initramfs=.*/update_initramfs=no/' /etc/initramfs-tools/update-initramfs.conf
apt-get install -y -qq --no-install-recommends lvm2
sed -i 's/^update_initramfs=.*/update_initramfs=yes/' /etc/initramfs-tools/update-initramfs.conf
disk=/dev/disk/by-id/virtio-volumes
pvcreate "$disk"
vgcreate lab "$disk"
lvcreate --name boot --extents 100%FREE lab
mkfs.ext4 -q /dev/lab/boot
mount /dev/lab/boot /mnt
cp -a /boot/. /mnt/
umount /mnt
rm -rf /boot/*
echo '/dev/mapper/lab-boot /boot ext4 defaults 0 2' >> /etc/fstab
systemctl daemon-reload
mount /boot
grub-install "/dev/$(lsblk --noheadings --output PKNAME "$(findmnt --noheadings --output SOURCE /)")"
update-grub
sync
"""
MODE = "GRUB cannot write its environment on this host, so a one-time boot would be permanent: the known-good kernel stays the default"
UNWRITABLE = "GRUB cannot write on the LVM volume lab-boot"
KEY = "Press any key"
BAD = "99.1.0-1-cloud-amd64"


@pytest.fixture(scope="module", params=RELEASES)
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Kernels]:
    """A machine that boots from an LVM volume; then the role set it up, and then it got a newer kernel."""
    disk = tmp_path_factory.mktemp("lvm") / "disk.raw"
    with open(disk, "wb") as handle:
        handle.truncate(DISK_BYTES)
    drive = f"file={disk},if=none,id=volumes,format=raw,cache=unsafe"
    device = "virtio-blk-pci,drive=volumes,serial=volumes,bootindex=1"
    extra = ("-drive", drive, "-device", device)
    # A snapshot would have to hold this disk, too.
    machine = make(f"lvm-{request.param}", request.param, snapshot=False, extra=extra)
    try:
        moved = machine.ssh("sh -eus", timeout=400, text=MOVE_BOOT)
        assert moved.returncode == 0, moved.stdout + moved.stderr
        machine.reboot_seconds()
        yield prepare(machine)
    finally:
        machine.stop()


def audit(kernels: Kernels) -> dict[str, dict[str, t.Any]]:
    return playbooks.run("audit", [kernels.machine], variables=POLICY).failed()


def restart(kernels: Kernels, release: str) -> None:
    """An orderly restart ends with that kernel, and GRUB asks for nobody."""
    boot, offset = kernels.restart()
    seconds = kernels.wait_for(release, boot)
    print(f"{release} answers after {seconds:.0f} s")
    assert KEY not in kernels.machine.serial(offset)


def test_it_boots_from_there(kernels: Kernels) -> None:
    found = kernels.machine.ssh("findmnt -no SOURCE /boot; grub-probe --target=abstraction /boot/grub").stdout.split()
    assert found == ["/dev/mapper/lab-boot", "lvm"]


def test_a_new_kernel_is_not_tried(kernels: Kernels) -> None:
    refused = playbooks.module("boot_kernel", kernels.machine, trial=kernels.new)
    assert f"trial: refused: {UNWRITABLE}" in refused["msg"]
    assert kernels.look()["trial"]["status"] == "none"
    restart(kernels, kernels.good)
    # Three weeks later:
    kernels.machine.ssh(f"touch -d '-21 days' /var/lib/dpkg/info/linux-image-{kernels.new}.list")
    found = audit(kernels)
    assert found["fallback_kernel.environment_writable"]["reason"] == UNWRITABLE
    waits = found["fallback_kernel.trial_pending"]
    assert waits["observed"] == f"{kernels.new} for 21 days"
    assert waits["remedy"].startswith("boot it from the menu")


def test_what_somebody_arms_by_hand_is_named_and_does_not_end_at_a_key(kernels: Kernels) -> None:
    """It shows why trials are refused: the choice for one boot stays."""
    (entry,) = (e["id"] for e in kernels.look()["entries"] if f"{kernels.new}-advanced" in e["id"])
    assert kernels.machine.ssh(f"grub-reboot '{entry}'").returncode == 0
    assert f"GRUB boots {kernels.new} at every restart, not once: {UNWRITABLE}" in kernels.look()["msg"]
    restart(kernels, kernels.new)
    assert f"next_entry={entry}\n" in kernels.machine.ssh("grub-editenv - list").stdout
    assert kernels.machine.ssh(f"mv /boot/vmlinuz-{kernels.new} /root/ && sync").returncode == 0
    boot, offset = kernels.restart()
    print(f"without its image: {kernels.good} answers after {kernels.wait_for(kernels.good, boot):.0f} s")
    assert "not found" in kernels.machine.serial(offset)
    kernels.machine.ssh(f"mv /root/vmlinuz-{kernels.new} /boot/")
    assert kernels.look(trial="none")["trial"]["status"] == "none"


def test_a_play_confirms_it(kernels: Kernels) -> None:
    confirmed = kernels.look(known_good=kernels.new)
    assert (confirmed["changed"], confirmed["default"]["release"]) == (True, kernels.new)
    restart(kernels, kernels.new)
    again = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert (again.returncode, again.changed) == (0, []), again.output
    assert MODE in again.output


def test_a_bad_update_is_never_booted(kernels: Kernels) -> None:
    repack(kernels.machine, BAD, 2 * 1024 * 1024)
    restart(kernels, kernels.new)
    boot, offset = kernels.machine.boot_id(), kernels.machine.serial_size()
    kernels.machine.cut_power()
    print(f"back after a power cut in {kernels.wait_for(kernels.new, boot):.0f} s")
    assert KEY not in kernels.machine.serial(offset)


def test_remove_leaves_a_machine_that_boots(kernels: Kernels) -> None:
    kernels.machine.ssh(f"rm /boot/*-{BAD}")
    removed = playbooks.run("remove", [kernels.machine])
    assert removed.returncode == 0, removed.output
    assert "kernelops" not in kernels.machine.ssh("cat /boot/grub/grub.cfg").stdout
    restart(kernels, kernels.new)
