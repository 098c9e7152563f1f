# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Make a bootable Debian disk: partitions, file system, GRUB, the crash module (runs as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path

from lab import loop
from lab.rootfs import Plan, bootstrap, configure, configure_machine, run, write

MODULE_DIR = "usr/local/lib/kernelops-lab"
# Appended to what the distribution sets, as a cloud image does it, so that /etc/default/grub stays as shipped.
# Mitigations guard nothing in a machine that lives for minutes, and cost an emulated processor much.
# QEMU translates a page of code again for each address that it is seen at: with randomized ones a shell script takes 2.7 times as long.
GRUB_DROP_IN = """GRUB_TIMEOUT=1
GRUB_RECORDFAIL_TIMEOUT=1
GRUB_TERMINAL="serial console"
GRUB_SERIAL_COMMAND="serial --speed=115200 --unit=0"
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX console=ttyS0,115200 net.ifnames=0 mitigations=off norandmaps"
"""


def partition(disk: Path, mebibytes: int) -> None:
    """Write the partition table: room for GRUB's core image, and the root file system."""
    with open(disk, "wb") as handle:
        handle.truncate(mebibytes * 1024 * 1024)
    run(["sgdisk", "--new=1:2048:+1M", "--typecode=1:ef02", "--new=2:0:0", "--typecode=2:8304", disk])


def unpack(package: Path, root: Path) -> None:
    """Unpack a package without installing it: a compiler works so, in half the time."""
    files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
    # /lib and others are links into /usr that an older package's folders must not replace.
    subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", root], stdin=files.stdout, check=True)
    if files.wait():
        raise subprocess.CalledProcessError(files.returncode, files.args)


def build_module(plan: Plan, root: Path) -> None:
    """Compile the crash module for each kernel in an overlay, so that no compiler stays in the image."""
    work = Path(plan.work)
    upper, merged = work / "upper", work / "merged"
    for folder in (upper, work / "overlay", merged):
        folder.mkdir()
    options = f"lowerdir={root},upperdir={upper},workdir={work / 'overlay'}"
    with loop.mounted("-t", "overlay", "-o", options, "overlay", merged):
        for package in sorted((work / "debs").glob("*.deb")):
            unpack(package, merged)
        for headers in sorted(merged.glob("usr/src/linux-headers-*-amd64")):
            build = merged / "build"
            shutil.rmtree(build, ignore_errors=True)
            shutil.copytree(Path(__file__).parent / "crash_module", build)
            with loop.mounted("--bind", "/dev", merged / "dev"):
                run(["chroot", merged, "make", "-s", "-C", f"/usr/src/{headers.name}", "M=/build", "modules"])
            target = root / MODULE_DIR / headers.name.removeprefix("linux-headers-")
            target.mkdir(parents=True)
            shutil.copy(build / "kernelops_crash.ko", target / "kernelops_crash.ko")


def install_boot(root: Path, dev: Path, file_system: str) -> None:
    """Write initrd and boot loader with the system's own tools, so that it can later rewrite them equally."""
    write(root, "etc/default/grub.d/50-lab.cfg", GRUB_DROP_IN)
    # A small initrd: firmware reads it slowly, an emulated processor unpacks it slowly.
    write(root, "etc/initramfs-tools/conf.d/lab", "MODULES=list\nCOMPRESSLEVEL=1\n")
    write(root, "etc/initramfs-tools/modules", "virtio_pci\nvirtio_blk\next4\n")
    if not (root / "etc/default/grub").exists():
        shutil.copy(root / "usr/share/grub/default/grub", root / "etc/default/grub")
    with loop.inside(root, dev, file_system):
        run(["chroot", root, "update-initramfs", "-c", "-k", "all"])
        run(["chroot", root, "grub-install", "--target=i386-pc", f"/dev/{loop.DISK}"])
        run(["chroot", root, "update-grub"])
    if f"search --no-floppy --fs-uuid --set=root {file_system}" not in (root / "boot/grub/grub.cfg").read_text(
        encoding="utf-8"
    ):
        raise SystemExit(
            "update-grub wrote no entry for the new disk: no kernel in the image, or its disk was not found"
        )


def build(plan: Plan) -> None:
    """Build the disk and leave it, compressed, at the plan's output."""
    work, file_system = Path(plan.work), str(uuid.uuid4())
    disk, target, dev = work / "disk.raw", work / "root", work / "dev"
    loop.release_stale(work.parent)
    target.mkdir()
    dev.mkdir()
    partition(disk, int(str(plan.recipe["disk_mib"])))
    with loop.devices(disk, dev) as found:
        lazy = "lazy_itable_init=1,lazy_journal_init=1"
        run(["mkfs.ext4", "-q", "-F", "-L", "rootfs", "-U", file_system, "-E", lazy, dev / loop.ROOT_PARTITION])
        with loop.root_mounted(found, target) as root:
            # The kernel's package would make an initrd and a trigger the same one again: it is made once, below.
            os.environ["INITRD"] = "No"
            bootstrap(plan, root, fstab=f"UUID={file_system} / ext4 errors=remount-ro 0 1")
            configure(plan, root)
            configure_machine(root)
            build_module(plan, root)
            install_boot(root, dev, file_system)
            run(["fstrim", root])
    run(["qemu-img", "convert", "-q", "-O", "qcow2", "-c", "-o", "compression_type=zstd", disk, plan.out])
