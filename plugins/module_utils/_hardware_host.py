# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hardware roles ask of every host before they ask of its hardware."""

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_backends, _virtualization
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import Dictionary

# By family, what installs packages.
MANAGERS = {"debian": "apt", "ubuntu": "apt", "redhat": "dnf"}


def begin(host: Host) -> Dictionary:
    """The state that each of these roles begins with."""
    system = _kdump_backends.system(host)
    return {
        "virtualization": _virtualization.observe(host),
        "system": system.name,
        "family": system.family,
        "errors": {},
        "setup": None,
        "systemd": host.exists("/run/systemd/system"),
    }


def contained(state: Dictionary) -> str:
    """Why hardware is not this host's own, or an empty text."""
    machine = state["virtualization"]
    if machine["kind"] != "container":
        return ""
    return "a container (%s) has no hardware of its own; set up its host" % machine["name"]


def why_not(state: Dictionary, packages: bool) -> str:
    """Why none of these roles can do anything here, those with C(packages) of the distribution least of all."""
    if contained(state):
        return contained(state)
    if not state["systemd"]:
        return "systemd does not run here"
    if packages and state["family"] not in MANAGERS:
        return "%s: this role knows Debian, Ubuntu and the RHEL family only" % state["system"]
    return ""
