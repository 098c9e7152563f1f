# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels installed on a host: which are whole enough to boot, and what the others lack."""

import re
from typing import Dict, List, NamedTuple, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernel_packages
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

BOOT = "/boot"
# The last is that of SUSE on arm64.
IMAGES = ("vmlinuz-", "vmlinux-", "Image-")
# Debian and Ubuntu, the RHEL family, SUSE.
INITRDS = ("initrd.img-%s", "initramfs-%s.img", "initrd-%s")
# What kdump has beside them there, of the same size: the RHEL family, SUSE.
CAPTURES = ("initramfs-%skdump.img", "initrd-%s-kdump")
MODULES = ("/lib/modules", "/usr/lib/modules")
# What an interrupted build on a full /boot leaves is smaller than any real one.
LEAST_INITRD = 1024 * 1024
LEAST_IMAGE = 1024 * 1024
# What grub-mkconfig takes for leavings of a package manager or an editor, and what SUSE has beside an image for debugging.
LEAVINGS = re.compile(r"(~|\.bak|\.old|\.save|\.swp|\.rpm(new|save|orig)|\.dpkg-[a-z]+|\.efi\.signed|\.gz)\Z")
PACKAGE = "package: "
RELEASE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}\Z")


class Kernel(NamedTuple):
    """An installed kernel; C(bytes) is what it takes of /boot, C(missing) says what keeps it from booting."""

    release: str
    image: str
    initrd: str
    bytes: int
    missing: List[str]

    @property
    def bootable(self) -> bool:
        return not self.missing


def running(host: Host) -> str:
    """The release of the running kernel."""
    return (host.read("/proc/sys/kernel/osrelease") or "").strip()


def order(release: str) -> List[Tuple[int, int, str]]:
    """A key that sorts releases as versions: numbers as numbers, a release candidate before its release."""
    parts: List[Tuple[int, int, str]] = []
    for number, word in re.findall(r"([0-9]+)|([A-Za-z]+)", release):
        if number:
            parts.append((3, int(number), ""))
        else:
            parts.append((0 if word == "rc" else 2, 0, word))
    return parts + [(1, 0, "")]


def installed(host: Host) -> List[Kernel]:
    """Every kernel of which there is an image or a list of modules, newest first; raises Unreadable."""
    images = _images(host)
    releases = set(images)
    for folder in MODULES:
        releases.update(name for name in host.listdir(folder) if host.size("%s/%s/modules.dep" % (folder, name)))
    states = _kernel_packages.states(host)
    # A package that was removed, but not purged, leaves its list of modules behind.
    releases -= {
        release for release in releases if release not in images and states.get(release) in _kernel_packages.GONE
    }
    found = [_look(host, release, images.get(release, ""), states) for release in releases if RELEASE.match(release)]
    return sorted(found, key=lambda kernel: order(kernel.release), reverse=True)


def _images(host: Host) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for name in host.listdir(BOOT):
        release = name.split("-", 1)[-1]
        # The rescue image of the RHEL family is a copy of a kernel, for a person at the console.
        if name.startswith(IMAGES) and not LEAVINGS.search(name) and not release.startswith("0-rescue"):
            found[release] = "%s/%s" % (BOOT, name)
    return found


def _look(host: Host, release: str, image: str, states: Dict[str, str]) -> Kernel:
    missing = []
    size = host.size(image) if image else 0
    if size < LEAST_IMAGE:
        missing.append("image: %s" % _shortfall(image or "%s/vmlinuz-%s" % (BOOT, release), size))
    names = ["%s/%s" % (BOOT, name % release) for name in INITRDS]
    initrd = next((path for path in names if host.exists(path)), "")
    initrd_size = host.size(initrd) if initrd else 0
    if initrd_size < LEAST_INITRD:
        missing.append("initrd: %s" % _shortfall(initrd or names[1 if dracut(host) else 0], initrd_size))
    lists = ["%s/%s/modules.dep" % (folder, release) for folder in MODULES]
    if not any(host.size(path) for path in lists):
        missing.append("modules: %s is not there or empty" % lists[0])
    if states.get(release, "installed") not in _kernel_packages.WHOLE:
        missing.append("%sdpkg says '%s'" % (PACKAGE, states[release]))
    captures = sum(host.size("%s/%s" % (BOOT, name % release)) for name in CAPTURES)
    return Kernel(release, image, initrd, size + initrd_size + captures, missing)


def files_missing(missing: List[str]) -> List[str]:
    """What a kernel lacks of its files, whatever its package manager says of its package."""
    return [text for text in missing if not text.startswith(PACKAGE)]


def _shortfall(path: str, size: int) -> str:
    return "%s has only %d bytes" % (path, size) if size else "%s is not there or empty" % path


def dracut(host: Host) -> bool:
    """Whether dracut makes the initrds here; Debian has its core beside initramfs-tools, too."""
    return host.which("dracut") is not None and host.which("mkinitramfs") is None


def newest(kernels: List[Kernel]) -> str:
    """The release of the newest kernel that can boot, '' where there is none."""
    return next((kernel.release for kernel in kernels if kernel.bootable), "")


def release_of(path: str) -> str:
    """The release in the name of a kernel file, '' where it tells none."""
    name = path.rsplit("/", 1)[-1]
    return name.split("-", 1)[1] if name.startswith(IMAGES) else ""
