# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels that apt keeps on Debian, Ubuntu and Proxmox VE; unattended-upgrades follows its settings."""

import re
from typing import Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernel_packages, _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import (
    Keep,
    Retention,
    running_first,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PROGRAM = "apt-config"
FILE = "/etc/apt/apt.conf.d/99fallback_kernel"
STATES = "/var/lib/apt/extended_states"
# Ubuntu keeps the modules in packages of their own.
PACKAGES = "(image|image-unsigned|modules|modules-extra)"
# apt itself protects none of Proxmox's kernels: a hook of Proxmox names some of them, and this role the others.
PROXMOX = "-pve"
HEADER = """\
// Managed by Ansible, kernelops.panic_hardening.fallback_kernel: changes are overwritten.
// The count is for apt 2.7.12 and newer; older ones keep the running and the newest kernel, and those that are named.
"""
# The first apt that knows APT::NeverAutoRemove::KernelCount.
COUNTS = (2, 7, 12)


def text(releases: List[str], retain: int) -> str:
    """The drop-in for apt: the kernels to keep by name, and how many of those to come."""
    names = ['  "%s";\n' % _pattern(release) for release in releases]
    block = "APT::NeverAutoRemove {\n%s};\n" % "".join(names) if names else ""
    return HEADER + block + 'APT::NeverAutoRemove::KernelCount "%d";\n' % (retain + 1)


def _pattern(release: str) -> str:
    escaped = re.sub(r"([.+])", r"\\\1", release)
    if release.endswith(PROXMOX):
        return "^(proxmox|pve)-kernel-%s(-signed)?$" % escaped
    return "^linux-%s-%s$" % (PACKAGES, escaped)


def observe(host: Host, kernels: List[_kernels.Kernel], running: str) -> Retention:
    """What the next clean-up leaves; raises HostError."""
    dump = host.run(["apt-config", "dump"]).out
    settings = re.findall(r'(?m)^(APT::[A-Za-z:-]+) "(.*)";$', dump)
    counted = [release for release in running_first(kernels, running) if not release.endswith(PROXMOX)]
    kept = set(counted[: _count(host, settings)])
    if not running.endswith(PROXMOX):
        kept.add(running)
    patterns = [value for name, value in settings if name == "APT::NeverAutoRemove::"]
    # What was installed by hand is never removed by itself.
    automatic = re.findall(r"(?m)^Package: (\S+)\n(?:Architecture: .*\n)?Auto-Installed: 1$", host.read(STATES) or "")
    installed = _kernel_packages.images(host)
    for kernel in kernels:
        names = installed.get(kernel.release, ["linux-image-" + kernel.release])
        if all(name not in automatic or _matches(patterns, name) for name in names):
            kept.add(kernel.release)
    return Retention("apt", [kernel.release for kernel in kernels if kernel.release in kept], FILE)


def _count(host: Host, settings: List[Tuple[str, str]]) -> int:
    """How many kernels apt keeps by itself."""
    protects = [value for name, value in settings if name == "APT::Protect-Kernels"]
    if protects[-1:] in (["false"], ["no"], ["0"], ["off"]):
        return 0
    counts = [int(value) for name, value in settings if name == "APT::NeverAutoRemove::KernelCount" and value.isdigit()]
    # A lower count is ignored; an apt that knows none keeps the running kernel and the newest, or the one before it.
    if max(counts[-1:], default=0) <= 2:
        return 2
    version = re.findall(r"[0-9]+", host.run(["apt-config", "--version"]).out)[:3]
    return counts[-1] if tuple(map(int, version)) >= COUNTS else 2


def _matches(patterns: List[str], package: str) -> bool:
    for pattern in patterns:
        try:
            if re.search(pattern, package, re.I):
                return True
        except re.error:
            continue
    return False


def obstacle(_host: Host, _keep: Keep) -> str:
    """Nothing: the drop-in is the role's own."""
    return ""


def wanted(_host: Host, keep: Keep) -> Dict[str, str]:
    """The drop-in as it should be."""
    return {FILE: text(keep.releases, keep.retain)}


def without(_host: Host) -> Dict[str, str]:
    """The same without what is ours."""
    return {FILE: ""}
