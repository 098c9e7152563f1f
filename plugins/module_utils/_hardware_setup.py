# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a host as a hardware role wants it, with the alarm path that they share; and takes it back, the path with the last of them."""

from typing import Callable, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_plan, _program, _systemd
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, write_all
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._hardware_plan import BEGUN, RESTARTED, Wish
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CONFIG_DIR,
    RUN_DIR,
    STATE_DIR,
    Host,
)

MANAGER = "/etc/systemd/system.conf.d/"
# What our files lie in: each goes with the last of them.
FOLDERS = (_program.LIBRARY, CONFIG_DIR, RUN_DIR, STATE_DIR)


def apply(host: Host, wish: Wish, check: Callable[[Host, Wish], None] = lambda host, wish: None) -> None:
    """Make it so; a file that cannot be written, or a C(check) that raises, leaves the others as they were."""
    changed = _hardware_plan.files(host, wish)
    acting, kept = _hardware_plan.units(host, wish, changed), _hardware_plan.remembered(host, wish)
    if wish.present:
        # First of all: what was installed must be known to the removal, whatever fails after this.
        write_all(host, kept)
    check(host, wish)
    # A unit that goes is stopped while its files are there, one that comes is started when they are.
    _act(host, [change for change in acting if not _begins(change)])
    write_all(host, changed)
    _reload(host, changed)
    _act(host, [change for change in acting if _begins(change)])
    if not wish.present:
        write_all(host, kept)
        for folder in FOLDERS:
            host.remove_empty(folder)


def _begins(change: Change) -> bool:
    return change.after in (BEGUN, RESTARTED)


def _reload(host: Host, changed: List[Change]) -> None:
    if any(change.path.startswith(MANAGER) for change in changed):
        # The settings of the manager itself; it reads its units anew by the way.
        host.run(["systemctl", "daemon-reexec"], timeout=90)
    elif any(change.path.startswith(_systemd.UNITS) for change in changed):
        host.run(["systemctl", "daemon-reload"], timeout=90)


def _act(host: Host, changes: List[Change]) -> None:
    for change in changes:
        if change.after == RESTARTED:
            host.run(["systemctl", "restart", change.path], timeout=120)
            continue
        enabled, active = change.after.split(", ")
        if enabled != change.before.split(", ")[0]:
            host.run(["systemctl", "enable" if enabled == "enabled" else "disable", change.path], timeout=90)
        if active != change.before.split(", ")[1]:
            host.run(["systemctl", "start" if active == "active" else "stop", change.path], timeout=120)
