# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether GRUB can write its environment block on this host: where it cannot, a one-time boot would be permanent."""

import re
from typing import List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

MOUNTS = "/proc/self/mountinfo"
BLOCK = "/sys/class/block"
# GRUB writes through the places of a file's blocks. On any other file system they are not what lies on the disk, or nobody has shown it.
FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "vfat")
# Paths to one and the same disk: GRUB sees the disk itself.
PLAIN_MAPPINGS = ("mpath", "part")


class Mount(NamedTuple):
    """A line of mountinfo."""

    device: str
    point: str
    kind: str
    source: str
    read_only: bool


class Judgement(NamedTuple):
    """Where the environment lies, and why GRUB cannot write it ('' where it can)."""

    path: str
    file_system: str
    source: str
    reason: str

    @property
    def writable(self) -> bool:
        return not self.reason


def mounts(text: str) -> List[Mount]:
    """The lines of mountinfo, in the order in which they were mounted."""
    found = []
    for line in text.splitlines():
        front, mark, back = line.partition(" - ")
        fields, tail = front.split(" "), back.split(" ")
        if mark and len(fields) >= 6 and len(tail) >= 3:
            options = fields[5].split(",") + tail[2].split(",")
            found.append(Mount(fields[2], unescape(fields[4]), tail[0], unescape(tail[1]), "ro" in options))
    return found


def unescape(text: str) -> str:
    """A path of mountinfo or fstab, where blanks are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def mount_of(found: List[Mount], path: str) -> Optional[Mount]:
    """The mount that a path, free of links, is on: the longest point, and of equal ones the last, which covers the others."""
    best = None
    for mount in found:
        point = mount.point.rstrip("/") + "/"
        if (path.rstrip("/") + "/").startswith(point) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def judge(host: Host, path: str) -> Judgement:
    """Look at the file system and the devices below the environment block C(path); raises Unreadable."""
    place = without_links(host, path)
    mount = mount_of(mounts(host.read(MOUNTS) or ""), place)
    if mount is None:
        return Judgement(place, "", "", "%s tells nothing about %s" % (MOUNTS, place))
    return Judgement(place, mount.kind, mount.source, _obstacle(host, mount))


def without_links(host: Host, path: str) -> str:
    """Where a path leads, as mountinfo names it; raises HostError."""
    # A link in the middle of a path leads to another file system as well, e.g. to the EFI system partition.
    current = "/"
    for part in path.strip("/").split("/"):
        current = host.resolve(current.rstrip("/") + "/" + part)
    return current


def _obstacle(host: Host, mount: Mount) -> str:
    if mount.kind not in FILE_SYSTEMS:
        return "GRUB cannot write on %s (%s)" % (mount.kind, mount.point)
    if mount.read_only:
        return "%s is mounted read-only" % mount.point
    names = [name for name in host.listdir(BLOCK) if _file(host, name, "dev") == mount.device]
    if not names:
        return "%s has no block device %s (%s)" % (BLOCK, mount.device, mount.source)
    obstacles = [_device_obstacle(host, name) for name in _with_disk(host, names[0])]
    return next((text for text in obstacles if text), "")


def _with_disk(host: Host, name: str) -> List[str]:
    """A device and, for a partition, the disk that it is on: /sys/class/block links to .../DISK/PARTITION."""
    if not host.exists("%s/%s/partition" % (BLOCK, name)):
        return [name]
    return [name, (host.readlink("%s/%s" % (BLOCK, name)) or name).rsplit("/", 2)[-2]]


def _device_obstacle(host: Host, name: str) -> str:
    if _file(host, name, "ro") == "1":
        return "the device %s is read-only" % name
    if host.exists("%s/%s/md" % (BLOCK, name)):
        return "GRUB cannot write on the RAID array %s" % name
    kind = _file(host, name, "dm/uuid").split("-", 1)[0]
    if kind == "LVM":
        return "GRUB cannot write on the LVM volume %s" % _file(host, name, "dm/name")
    if kind and not kind.startswith(PLAIN_MAPPINGS):
        return "%s is a device mapping (%s) on which nobody has seen GRUB write" % (_file(host, name, "dm/name"), kind)
    below = [] if kind else host.listdir("%s/%s/slaves" % (BLOCK, name))
    if below or host.exists("%s/%s/loop" % (BLOCK, name)):
        return "%s lies on other devices, and nobody has seen GRUB write there" % name
    return ""


def _file(host: Host, name: str, entry: str) -> str:
    return (host.read("%s/%s/%s" % (BLOCK, name, entry)) or "").strip()
