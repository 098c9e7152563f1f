# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libzypp is told of packages of which several versions stay: its settings, and which kernels C(zypper purge-kernels) leaves."""

import re
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernel_packages, _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

FILE = "/etc/zypp/zypp.conf"
# Since libzypp follows UAPI.6 what the distribution says is here, and /etc has a file and drop-ins that go before it.
VENDOR_FILE = "/usr/etc/zypp/zypp.conf"
VENDOR_DROP_INS, DROP_INS = "/usr/etc/zypp/zypp.conf.d", "/etc/zypp/zypp.conf.d"
MULTIVERSION_DIR = "/etc/zypp/multiversion.d"
SEVERAL, KERNELS = "multiversion", "multiversion.kernels"
ALL_KERNELS = "provides:multiversion(kernel)"
PLACE = re.compile(r"(latest|oldest)([+-][0-9]+)?\Z")


class Settings(NamedTuple):
    """Whether several kernels may be installed, and the words that say which of them stay (None: nobody removes one)."""

    several: List[str]
    words: Optional[List[str]]

    @property
    def keeps_several(self) -> bool:
        return any(word == ALL_KERNELS or word.startswith("kernel") for word in self.several)


def merges(host: Host) -> bool:
    """Whether this libzypp reads drop-ins."""
    return host.exists(VENDOR_FILE)


def texts(host: Host) -> List[Tuple[str, str]]:
    """The files that count, in their order, with what is in them; raises Unreadable."""
    if not merges(host):
        return [(FILE, host.read(FILE) or "")]
    main = FILE if host.exists(FILE) else VENDOR_FILE
    # Of two drop-ins of one name that in /etc counts.
    named = dict(
        (name, "%s/%s" % (folder, name))
        for folder in (VENDOR_DROP_INS, DROP_INS)
        for name in host.listdir(folder)
        if name.endswith(".conf")
    )
    return [(path, host.read(path) or "") for path in [main] + [named[name] for name in sorted(named)]]


def main_section(text: str) -> Dict[str, str]:
    """The settings of the section C([main]); the last of several counts."""
    found: Dict[str, str] = {}
    section = ""
    for line in map(str.strip, text.splitlines()):
        key, mark, value = line.partition("=")
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        elif mark and section == "main" and not line.startswith("#"):
            found[key.strip()] = value.strip()
    return found


def settings(host: Host, found: List[Tuple[str, str]]) -> Settings:
    """What these files say together; raises Unreadable."""
    values: Dict[str, str] = {}
    for _path, text in found:
        values.update(main_section(text))
    several = re.split(r"[, \t]+", values.get(SEVERAL, ""))
    for name in host.listdir(MULTIVERSION_DIR):
        several += [line.strip() for line in (host.read("%s/%s" % (MULTIVERSION_DIR, name)) or "").splitlines()]
    words = [word.strip() for word in values.get(KERNELS, "").split(",")]
    # Without a word nothing is removed.
    return Settings([word for word in several if word], [word for word in words if word] or None)


def left(words: List[str], packages: List[_kernel_packages.RpmKernel], running: str) -> List[str]:
    """The releases that C(zypper purge-kernels) leaves; places count for each flavour apart."""
    found = []
    for flavour in set(package.flavour for package in packages):
        group = [package for package in packages if package.flavour == flavour]
        order = sorted(set(package.release for package in group), key=_kernels.order, reverse=True)
        for package in group:
            newer = order.index(package.release)
            places = {("latest", newer), ("oldest", len(order) - 1 - newer)}
            if any(_names(word, package, places, running) for word in words):
                found.append(package.release)
    return found


def _names(word: str, package: _kernel_packages.RpmKernel, places: Set[Tuple[str, int]], running: str) -> bool:
    place = PLACE.match(word)
    if not place:
        return package.release == running if word == "running" else word in package.editions
    number = int(place.group(2) or 0)
    # latest+1 and oldest-1 mean nothing to it.
    fitting = number <= 0 if place.group(1) == "latest" else number >= 0
    return fitting and (place.group(1), abs(number)) in places
