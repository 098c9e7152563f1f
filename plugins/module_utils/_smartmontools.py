# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role smartmontools: whether the disks of a host are watched, and what was last seen of each."""

import re
import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _disk_results,
    _disks,
    _hardware_host,
    _hardware_plan,
    _setup,
    _smartmontools_controls,
    _smartmontools_files,
    _smartmontools_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import RUN_DIR, Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

validate = _smartmontools_policy.validate
resolve = _smartmontools_policy.resolve
evaluate = _smartmontools_controls.evaluate
setup = _smartmontools_files.setup
# Written by the host's program, not by us: what it found goes with the role all the same.
LEFT = [_disk_results.PATH]
CHECK = RUN_DIR + "/smartd.conf"
# Those of smartd's exit codes that say that the file itself is good: a disk is missing, or there is none.
GOOD = (0, 16, 17)


def owned(state: Dict[str, Any]) -> _setup.Owned:
    """All that this role may make here."""
    return _smartmontools_files.owned(state["family"])


def observe(host: Host) -> Dict[str, Any]:
    """The disks, smartd, and the results of the timer; no disk is asked anything."""
    state = _hardware_host.begin(host)
    state.update(results=None, now=int(time.time()))
    if _hardware_host.contained(state):
        return state
    state.update(
        installed=host.which("smartd") is not None and host.which("smartctl") is not None,
        disks=[list(disk) for disk in _disks.present(host)],
        version=_version(host),
        record=attempt(state, "record", lambda: _hardware_plan.record_of(host, "smartmontools")),
    )
    state["results"] = attempt(state, "results", lambda: _disk_results.read(host))
    state["setup"] = attempt(state, "setup", lambda: _setup.observe(host, owned(state)))
    return state


def _version(host: Host) -> List[int]:
    if host.which("smartd") is None:
        return [0, 0]
    match = re.search(r"smartd (\d+)\.(\d+)", host.run(["smartd", "--version"], timeout=10, check=False).out)
    return [int(part) for part in match.groups()] if match else [0, 0]


def check(host: Host, wish: _hardware_plan.Wish) -> None:
    """Let smartd itself read its configuration before it replaces the earlier one; raises HostError."""
    config = wish.owned.blocks[0]
    if config not in wish.setup.blocks:
        return
    host.write(CHECK, _setup.merged(wish.role, host.read(config) or "", wish.setup.blocks[config]), 0o600)
    try:
        argv = ["smartd", "-c", host.real(CHECK), "-q", "showtests"]
        done = host.run(argv, timeout=300, check=False)
    finally:
        host.remove(CHECK)
    if done.rc not in GOOD:
        said = [line for line in (done.out + done.err).splitlines() if CHECK in line or "irective" in line]
        raise HostError(
            "smartd does not take its new configuration (code %d), so it keeps the old one: %s"
            % (done.rc, " ".join(said))
        )
