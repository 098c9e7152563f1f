# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot methods on which no kernel can be tried, but kernels can be kept, and which of them have a boot entry there."""

from typing import Callable, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel_retention,
    _grub,
    _grub_disk,
    _grub_menu,
    _kernels,
    _proxmox,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

GRUB2_CFG = "/boot/grub2/grub.cfg"


def _menu(path: str) -> Callable[[Host], List[str]]:
    return lambda host: [_kernels.release_of(item.kernel) for item in _grub_menu.parse(host.read(path) or "")]


# By the names of C(_bootloader). Where kernels are not in /boot (unified images, systemd-boot) nothing can be said of them.
METHODS: Dict[str, Callable[[Host], List[str]]] = {
    _proxmox.METHOD: _proxmox.copied,
    "grub2 without grubby and without drop-ins": _menu(GRUB2_CFG),
    "grub without drop-ins": _menu(_grub.GRUB_CFG),
    "grub" + _boot_kernel.WITH_XEN: _menu(_grub.GRUB_CFG),
}


def keeps(host: Host, method: str) -> bool:
    """Whether kernels are kept on a host with this boot method, although none is tried; raises Unreadable."""
    if method in _boot_kernel.BACKENDS or method not in METHODS or not _fallback_kernel_retention.tools(host):
        return False
    root = _grub_disk.mount_of(_grub_disk.mounts(host.read(_grub_disk.MOUNTS) or ""), "/")
    # There a snapshot of the whole system is what one goes back to.
    return not (host.which("transactional-update") and root is not None and root.read_only)


def listed(host: Host, method: str) -> List[str]:
    """The releases that have a boot entry; raises Unreadable."""
    return METHODS[method](host)
