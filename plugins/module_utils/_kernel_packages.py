# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages hold the kernels of a host, as dpkg and rpm know them."""

import re
from typing import Dict, List, NamedTuple, Pattern

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

DPKG_STATUS = "/var/lib/dpkg/status"
# Proxmox has proxmox-kernel-..., mostly with -signed behind the release, and had pve-kernel-... before.
IMAGES = r"(?:linux-image-(?:unsigned-)?|(?:proxmox|pve)-kernel-)([0-9]\S*?)(?:-signed)?"
IMAGE = re.compile(r"(?m)^Package: (%s)\nStatus: \S+ \S+ (\S+)$" % IMAGES)
# What belongs to one kernel and may go with it; Proxmox has packages of a series above its kernels, which would go too.
PART = re.compile(
    r"(?m)^Package: (linux-(?:image|image-unsigned|modules|modules-extra|headers)-([0-9]\S*))\nStatus: \S+ \S+ (\S+)$"
)
GONE = ("not-installed", "config-files")
# A package whose triggers are still to run has its files in place.
WHOLE = ("installed", "triggers-awaited", "triggers-pending")
PROVIDES = "[%{=NAME} %{=VERSION}-%{=RELEASE} %{PROVIDENAME} = %{PROVIDEVERSION}\\n]"
QUERY = ["rpm", "-q", "--whatprovides", "kernel-uname-r", "--qf", PROVIDES]


class RpmKernel(NamedTuple):
    """A package of a kernel: the release of C(uname -r), and the versions under which the package can be named, its own first."""

    release: str
    flavour: str
    editions: List[str]


def states(host: Host) -> Dict[str, str]:
    """For each kernel of a Debian package the state that dpkg knows, e.g. C(half-configured)."""
    found: Dict[str, str] = {}
    for _name, release, state in IMAGE.findall(host.read(DPKG_STATUS) or ""):
        # Of a signed and an unsigned package of one kernel, one is installed.
        if found.get(release) not in WHOLE:
            found[release] = state
    return found


def images(host: Host) -> Dict[str, List[str]]:
    """The installed Debian packages with the image of each kernel, by its release."""
    return _installed(host, IMAGE)


def removable(host: Host) -> Dict[str, List[str]]:
    """The installed packages of each kernel, by its release, on Debian and Ubuntu."""
    return _installed(host, PART)


def _installed(host: Host, pattern: Pattern[str]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name, release, state in pattern.findall(host.read(DPKG_STATUS) or ""):
        if state not in GONE:
            found.setdefault(release, []).append(name)
    return found


def rpm_kernels(host: Host) -> List[RpmKernel]:
    """The installed packages of SUSE's kernels; raises CommandError."""
    result = host.run(QUERY, check=False)
    # It ends with 1, too, where there is none.
    if result.rc != 0 and "no package provides" not in result.out:
        raise CommandError("rpm: ended with code %d: %s" % (result.rc, (result.err or result.out).strip()[:200]))
    found = []
    for name, edition, release in re.findall(r"(?m)^(kernel-\S+) (\S+) kernel-uname-r = (\S+)$", result.out):
        own = r"(?m)^%s %s %s = (\S+)$" % (re.escape(name), re.escape(edition), re.escape(name))
        others = [version for version in re.findall(own, result.out) if version != edition]
        found.append(RpmKernel(release, name.split("-")[1], [edition] + others))
    return found
