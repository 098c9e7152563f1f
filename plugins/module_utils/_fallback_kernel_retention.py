# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who removes kernels from a host, what the next clean-up leaves, and how each of them is told which must stay."""

from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel_apt,
    _fallback_kernel_dnf,
    _fallback_kernel_zypp,
    _kernels,
    _proxmox,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import (
    Keep,
    Retention,
    keep,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

DPKG: Tuple[Any, ...] = (_fallback_kernel_apt,)
# openSUSE has dnf beside zypper, if it is asked for.
RPM: Tuple[Any, ...] = (_fallback_kernel_zypp, _fallback_kernel_dnf)


def tools(host: Host) -> List[Any]:
    """The modules of those who remove kernels here; Debian has a dnf too, but no kernels for it."""
    return [tool for tool in DPKG if host.which(tool.PROGRAM)] or [tool for tool in RPM if host.which(tool.PROGRAM)]


def observe(host: Host, kernels: List[_kernels.Kernel], running: str) -> List[Retention]:
    """What each of them does with older kernels; raises HostError."""
    return [tool.observe(host, kernels, running) for tool in tools(host)]


def unprotected(kept: List[str], found: List[Retention]) -> List[Tuple[Retention, List[str]]]:
    """Those of the kernels to keep that somebody's next clean-up would remove."""
    lost = [(one, [r for r in kept if r not in one.kept] if one.kept is not None else []) for one in found]
    return [(one, releases) for one, releases in lost if releases]


def what_stays(host: Host, kernels: List[_kernels.Kernel], running: str, known_good: str, retain: int) -> Keep:
    """The kernels that must stay on this host; raises HostError."""
    releases = keep(kernels, running, known_good, retain, _proxmox.pinned(host), _boot_kernel.failed(host))
    return Keep(releases, kernels, running, known_good, retain)


def wanted(host: Host, kept: Keep) -> Dict[str, str]:
    """The files of the package managers that are here, as they should be; raises HostError."""
    texts: Dict[str, str] = {}
    for tool in tools(host):
        texts.update(tool.wanted(host, kept))
    return texts


def obstacles(host: Host, kept: Keep) -> List[str]:
    """What a person must do first, because the role cannot; raises HostError."""
    return [text for text in (tool.obstacle(host, kept) for tool in tools(host)) if text]


def without(host: Host) -> Dict[str, str]:
    """The files of all of them without what is ours; raises Unreadable."""
    texts: Dict[str, str] = {}
    for tool in DPKG + RPM:
        texts.update(tool.without(host))
    return texts


def renew(host: Host, retain: int) -> None:
    """Name the kernels that must stay now, where the role has told a package manager before; raises HostError."""
    clean = without(host)
    if all((host.read(path) or "") == text for path, text in clean.items()):
        return
    kernels = _kernels.installed(host)
    kept = what_stays(host, kernels, _kernels.running(host), _boot_kernel.known_good(host), retain)
    for path, text in wanted(host, kept).items():
        if text and text != host.read(path):
            host.write(path, text, host.mode(path))
