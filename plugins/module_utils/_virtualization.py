# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine runs on: metal, a virtual machine, or a container that has no kernel of its own."""

from typing import Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host

CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


def observe(host: Host) -> Dict[str, str]:
    """Returns C(kind) (container, vm, metal or unknown) and C(name), e.g. kvm or systemd-nspawn."""
    if host.which("systemd-detect-virt"):
        try:
            return _ask_systemd(host)
        except CommandError:
            pass
    for mark in CONTAINER_MARKS:
        if host.exists(mark):
            return {"kind": "container", "name": (host.read(mark) or "").strip() or mark}
    flags = [line for line in (host.read("/proc/cpuinfo") or "").splitlines() if line.startswith("flags")]
    if flags and "hypervisor" in flags[0].split():
        return {"kind": "vm", "name": "unknown"}
    return {"kind": "unknown", "name": "unknown"}


def _ask_systemd(host: Host) -> Dict[str, str]:
    for kind in ("container", "vm"):
        name = host.run(["systemd-detect-virt", "--" + kind], timeout=10, check=False).out.strip()
        if name and name != "none":
            return {"kind": kind, "name": name}
    return {"kind": "metal", "name": "none"}
