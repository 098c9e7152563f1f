# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role rasdaemon: errors of memory, PCIe and processor are recorded, and told of when they become many or could not be corrected."""

import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _edac,
    _hardware_host,
    _hardware_plan,
    _memory_watch,
    _rasdaemon_controls,
    _rasdaemon_files,
    _rasdaemon_policy,
    _setup,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

validate = _rasdaemon_policy.validate
resolve = _rasdaemon_policy.resolve
evaluate = _rasdaemon_controls.evaluate
setup = _rasdaemon_files.setup
LEFT: List[str] = [_memory_watch.RESULTS]
DMI = "/sys/class/dmi/id/"


def owned(state: Dict[str, Any]) -> _setup.Owned:
    """All that this role may make here."""
    return _rasdaemon_files.owned(state["family"])


def observe(host: Host) -> Dict[str, Any]:
    """Counters of the kernel, and what the timer has judged."""
    state = _hardware_host.begin(host)
    state.update(counters=None, results=None, now=int(time.time()))
    if _hardware_host.contained(state):
        return state
    state.update(
        installed=host.which("rasdaemon") is not None,
        controllers=_edac.controllers(host),
        board=dict((name, (host.read(DMI + "board_" + name) or "").strip()) for name in ("vendor", "name")),
        record=attempt(state, "record", lambda: _hardware_plan.record_of(host, "rasdaemon")),
    )
    state["counters"] = attempt(
        state, "counters", lambda: [dict(counter._asdict()) for counter in _edac.counters(host)]
    )
    state["results"] = attempt(state, "results", lambda: _memory_watch.results(host))
    state["setup"] = attempt(state, "setup", lambda: _setup.observe(host, owned(state)))
    return state
