# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The crash kernel as the running system shows it: for the audit and the writer alike."""

import re

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

SIZE = "/sys/kernel/kexec_crash_size"
LOADED = "/sys/kernel/kexec_crash_loaded"
LOCKDOWN = "/sys/kernel/security/lockdown"


def supported(host: Host) -> bool:
    """Whether the running kernel can have a crash kernel."""
    return host.exists(LOADED)


def reserved(host: Host) -> int:
    """Bytes that this boot has set aside for a crash kernel."""
    return int((host.read(SIZE) or "0").strip() or "0")


def loaded(host: Host) -> bool:
    """Whether a crash kernel waits for a panic now."""
    return (host.read(LOADED) or "0").strip() == "1"


def lockdown(host: Host) -> str:
    """C(none), C(integrity) or C(confidentiality)."""
    match = re.search(r"\[(\w+)\]", host.read(LOCKDOWN) or "")
    return match.group(1) if match else "none"
