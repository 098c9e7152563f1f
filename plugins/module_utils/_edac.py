# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory errors as the kernel counts them since the boot, for each module of memory (EDAC)."""

import re
from typing import List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

CLASS = "/sys/devices/system/edac/mc"


class Counter(NamedTuple):
    """A module of memory, or what a controller could not tell a module for; C(key) is stable, C(label) for people."""

    key: str
    label: str
    corrected: int
    uncorrected: int


def controllers(host: Host) -> List[str]:
    """The memory controllers that a driver watches."""
    return [name for name in host.listdir(CLASS) if re.match(r"mc\d+\Z", name)]


def counters(host: Host) -> List[Counter]:
    """All counters; raises Unreadable."""
    found = []
    for controller in controllers(host):
        folder = "%s/%s" % (CLASS, controller)
        for name in host.listdir(folder):
            if re.match(r"(?:dimm|rank)\d+\Z", name):
                place = "%s/%s" % (folder, name)
                label = (host.read(place + "/dimm_label") or "").strip() or "%s %s" % (controller, name)
                counts = [_number(host, "%s/dimm_%s_count" % (place, kind)) for kind in ("ce", "ue")]
                found.append(Counter("%s.%s" % (controller, name), label, counts[0], counts[1]))
        unknown = [_number(host, "%s/%s_noinfo_count" % (folder, kind)) for kind in ("ce", "ue")]
        if any(unknown):
            found.append(Counter(controller, controller + " (module unknown)", unknown[0], unknown[1]))
    return found


def _number(host: Host, path: str) -> int:
    text = (host.read(path) or "").strip()
    if text and not text.isdigit():
        raise HostError("%s: '%s' is not a number" % (path, text))
    return int(text or 0)
