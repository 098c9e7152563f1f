# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tool takes dumps on a host: decided by what the system calls itself, in one place."""

import re
from typing import Any, Dict, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_tools, _kdump_utils
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

BACKENDS: Dict[str, Any] = {"kdump-tools": _kdump_tools, "kdump-utils": _kdump_utils}
FAMILIES = {"debian": "kdump-tools", "ubuntu": "kdump-tools", "redhat": "kdump-utils"}
LIKE = (("ubuntu", "ubuntu"), ("debian", "debian"), ("rhel", "redhat"), ("fedora", "redhat"), ("centos", "redhat"))


class System(NamedTuple):
    """What a host calls itself: a name for people, the family, the major release, and the backend ('' for none)."""

    name: str
    family: str
    major: str
    backend: str


def system(host: Host) -> System:
    """Read os-release; raises Unreadable."""
    text = host.read("/etc/os-release") or host.read("/usr/lib/os-release") or ""
    found = dict(re.findall(r"""(?m)^(\w+)=["']?([^"'\n]*)["']?$""", text))
    names = [found.get("ID", "")] + found.get("ID_LIKE", "").split()
    family = next((family for name, family in LIKE if name in names), "")
    major = found.get("VERSION_ID", "").split(".")[0]
    if found.get("ID") == "fedora":
        # A Fedora is newer than any RHEL that its number could be mistaken for.
        major = ""
    name = found.get("PRETTY_NAME") or found.get("ID") or "this system"
    return System(name, family, major, FAMILIES.get(family, ""))
