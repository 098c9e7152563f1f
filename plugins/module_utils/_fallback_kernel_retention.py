# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels stay on a host, and how its package manager is told."""

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _boot_kernel, _kernels, _managed_block
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

APT_FILE = "/etc/apt/apt.conf.d/99fallback_kernel"
APT_STATES = "/var/lib/apt/extended_states"
DNF_FILE = "/etc/dnf/dnf.conf"
LIMIT = r"(?m)^\s*installonly_limit\s*=\s*([0-9]+)\s*$"
DNF_LIMIT = 3  # where nobody sets one
BLOCK = "fallback_kernel"
# Ubuntu keeps the modules in packages of their own.
PACKAGES = "(image|image-unsigned|modules|modules-extra)"
HEADER = """\
// Managed by Ansible, kernelops.panic_hardening.fallback_kernel: changes are overwritten.
// The count is for apt 2.7.12 and newer; older ones keep the running and the newest kernel, and those that are named.
"""
# The first apt that knows APT::NeverAutoRemove::KernelCount.
COUNTS = (2, 7, 12)


class Retention(NamedTuple):
    """Who removes kernels here, how many it keeps by itself (None: all), and which it was told to keep."""

    tool: str
    limit: Optional[int]
    named: List[str]
    source: str


def keep(kernels: List[_kernels.Kernel], running: str, known_good: str, retain: int) -> List[str]:
    """The releases that must stay, newest first: the running one, the known-good one, the newest, and whole ones beside the running one."""
    whole = [kernel.release for kernel in kernels if kernel.bootable]
    wanted = {running, known_good} | set(whole[:1]) | set([r for r in whole if r != running][:retain])
    return [kernel.release for kernel in kernels if kernel.release in wanted]


def purgeable(kernels: List[_kernels.Kernel], running: str, known_good: str, retain: int) -> List[str]:
    """The releases that may go, oldest first. What is half-installed may be an installation that goes on, so the newest stays."""
    kept = keep(kernels, running, known_good, retain) + [kernel.release for kernel in kernels[:1]]
    return [kernel.release for kernel in reversed(kernels) if kernel.release not in kept]


def apt_text(releases: List[str], retain: int) -> str:
    """The drop-in for apt: the kernels to keep by name, and how many of those to come."""
    names = ['  "^linux-%s-%s$";\n' % (PACKAGES, re.sub(r"([.+])", r"\\\1", release)) for release in releases]
    block = "APT::NeverAutoRemove {\n%s};\n" % "".join(names) if names else ""
    return HEADER + block + 'APT::NeverAutoRemove::KernelCount "%d";\n' % (retain + 1)


def observe(host: Host, kernels: List[_kernels.Kernel]) -> Retention:
    """What the package manager of this host does with older kernels; raises HostError."""
    for program, look in TOOLS:
        if host.which(program):
            return look(host, [kernel.release for kernel in kernels])
    return Retention("", None, [], "")


def _apt(host: Host, releases: List[str]) -> Retention:
    dump = host.run(["apt-config", "dump"]).out
    settings = re.findall(r'(?m)^(APT::[A-Za-z:-]+) "(.*)";$', dump)
    protects = [value for name, value in settings if name == "APT::Protect-Kernels"]
    version = re.findall(r"[0-9]+", host.run(["apt-config", "--version"]).out)[:3]
    counts = [value for name, value in settings if name == "APT::NeverAutoRemove::KernelCount" and value.isdigit()]
    # A lower count is ignored; an apt that knows none keeps the running kernel and the newest, or the one before it.
    count = max([2] + [int(value) for value in counts[-1:] if tuple(map(int, version)) >= COUNTS])
    if protects[-1:] in (["false"], ["no"], ["0"], ["off"]):
        count = 0
    patterns = [value for name, value in settings if name == "APT::NeverAutoRemove::"]
    automatic = _automatic(host)
    named = [r for r in releases if "linux-image-" + r not in automatic or _named(patterns, "linux-image-" + r)]
    return Retention("apt", count, named, APT_FILE)


def _automatic(host: Host) -> List[str]:
    # What was installed by hand is never removed by itself.
    return re.findall(r"(?m)^Package: (\S+)\n(?:Architecture: .*\n)?Auto-Installed: 1$", host.read(APT_STATES) or "")


def _named(patterns: List[str], package: str) -> bool:
    for pattern in patterns:
        try:
            if re.search(pattern, package, re.I):
                return True
        except re.error:
            continue
    return False


def _dnf(host: Host, _releases: List[str]) -> Retention:
    found = re.findall(LIMIT, host.read(DNF_FILE) or "")
    limit = int(found[-1]) if found else DNF_LIMIT
    return Retention("dnf", limit or None, [], DNF_FILE)


TOOLS: Tuple[Tuple[str, Callable[[Host, List[str]], Retention]], ...] = (
    ("apt-config", _apt),
    ("dnf", _dnf),
)


def unprotected(kernels: List[_kernels.Kernel], running: str, kept: List[str], found: Retention) -> List[str]:
    """Those of the kernels to keep that the next cleaning up would remove."""
    if found.limit is None:
        return []
    # The running kernel is never removed, and the others count from the newest.
    order = [kernel.release for kernel in kernels]
    safe = ([running] + [release for release in order if release != running])[: found.limit] if found.limit else []
    return [release for release in kept if release not in safe + found.named and release != running]


def dnf_text(text: str, retain: int) -> str:
    """dnf.conf with a limit that keeps enough kernels; a higher one, or none (0), stays, and so does a file whose end is not C([main])."""
    body = _managed_block.strip(text, BLOCK)
    found = re.findall(LIMIT, body)
    limit = int(found[-1]) if found else DNF_LIMIT
    if limit == 0 or limit > retain:
        return body
    if re.findall(r"(?m)^\[(.*)\]\s*$", body)[-1:] != ["main"]:
        return body
    return _managed_block.merge(body, BLOCK, ["installonly_limit=%d" % (retain + 1)], _sets_limit)


def _sets_limit(line: str) -> bool:
    return re.match(LIMIT, line) is not None


def wanted(host: Host, kept: List[str], retain: int) -> Dict[str, str]:
    """The files of the package manager that is here, as they should be."""
    tool = next((program for program, _look in TOOLS if host.which(program)), "")
    if tool == "apt-config":
        return {APT_FILE: apt_text(kept, retain)}
    return {DNF_FILE: dnf_text(host.read(DNF_FILE) or "", retain)} if tool == "dnf" else {}


def without(host: Host) -> Dict[str, str]:
    """The same files without what is ours."""
    return {APT_FILE: "", DNF_FILE: _managed_block.strip(host.read(DNF_FILE) or "", BLOCK)}


def packages(host: Host) -> Dict[str, List[str]]:
    """The installed packages of each kernel, by its release, on a host with dpkg."""
    found: Dict[str, List[str]] = {}
    pattern = r"(?m)^Package: (linux-(?:image|image-unsigned|modules|modules-extra|headers)-([0-9]\S*))\nStatus: \S+ \S+ (\S+)$"
    for name, release, state in re.findall(pattern, host.read(_kernels.DPKG_STATUS) or ""):
        if state not in ("not-installed", "config-files"):
            found.setdefault(release, []).append(name)
    return found


def renew(host: Host, retain: int) -> None:
    """Name the kernels that must stay now to an apt that the role has told before; raises HostError."""
    if host.exists(APT_FILE):
        kept = keep(_kernels.installed(host), _kernels.running(host), _boot_kernel.known_good(host), retain)
        text = apt_text(kept, retain)
        if text != host.read(APT_FILE):
            host.write(APT_FILE, text)
