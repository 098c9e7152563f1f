# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels stay on a host, and how its package manager is told."""

import re
from typing import Callable, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

APT_FILE = "/etc/apt/apt.conf.d/99fallback_kernel"
APT_STATES = "/var/lib/apt/extended_states"
DNF_FILE = "/etc/dnf/dnf.conf"
ZYPP_FILE = "/etc/zypp/zypp.conf"
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
    found = re.findall(r"(?m)^\s*installonly_limit\s*=\s*([0-9]+)\s*$", host.read(DNF_FILE) or "")
    limit = int(found[-1]) if found else 3
    return Retention("dnf", limit or None, [], DNF_FILE)


def _zypp(host: Host, releases: List[str]) -> Retention:
    found = re.findall(r"(?m)^\s*multiversion\.kernels\s*=\s*(.*)$", host.read(ZYPP_FILE) or "")
    words = [word.strip() for word in (found[-1] if found else "").split(",") if word.strip()]
    newest = [int(word.partition("-")[2] or 0) for word in words if re.match(r"latest(-[0-9]+)?\Z", word)]
    # An exact version is that of the package, which has the release without its flavour.
    exact = [r for r in releases if any(r == word or r.startswith(word + "-") for word in words)]
    kept = [release for number, release in enumerate(releases) if number in newest]
    return Retention("zypp", 0 if words else None, kept + exact, ZYPP_FILE)


TOOLS: Tuple[Tuple[str, Callable[[Host, List[str]], Retention]], ...] = (
    ("apt-config", _apt),
    ("dnf", _dnf),
    ("zypper", _zypp),
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
    """dnf.conf with a limit that keeps enough kernels; a higher one, or none (0), stays."""
    pattern = r"(?m)^(\s*installonly_limit\s*=\s*)([0-9]+)([ \t]*)$"
    found = list(re.finditer(pattern, text))
    if found:
        limit = int(found[-1].group(2))
        if limit == 0 or limit > retain:
            return text
        return text[: found[-1].start(2)] + str(retain + 1) + text[found[-1].end(2) :]
    head, main, rest = text.partition("[main]\n")
    return (head if main else head + "[main]\n") + (main or "") + "installonly_limit=%d\n" % (retain + 1) + rest


def zypp_words(retain: int, known_good: str) -> str:
    """The value of multiversion.kernels that keeps the running, the known-good and enough of the newest kernels."""
    newest = ["latest"] + ["latest-%d" % number for number in range(1, retain + 1)]
    return ",".join(newest + ["running"] + ([known_good.rsplit("-", 1)[0]] if known_good else []))
