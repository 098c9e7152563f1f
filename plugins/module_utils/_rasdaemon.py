# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role rasdaemon: errors of memory, PCIe and processor are recorded, and told of when they become many or could not be corrected."""

import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _edac,
    _hardware_plan,
    _kdump_backends,
    _memory_watch,
    _rasdaemon_controls,
    _rasdaemon_files,
    _rasdaemon_policy,
    _setup,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

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
    system = _kdump_backends.system(host)
    state: Dict[str, Any] = {
        "virtualization": _virtualization.observe(host),
        "system": system.name,
        "family": system.family,
        "errors": {},
        "setup": None,
        "counters": None,
        "results": None,
        "now": int(time.time()),
    }
    if state["virtualization"]["kind"] == "container":
        return state
    state.update(
        systemd=host.exists("/run/systemd/system"),
        installed=host.which("rasdaemon") is not None,
        controllers=_edac.controllers(host),
        board=dict((name, (host.read(DMI + "board_" + name) or "").strip()) for name in ("vendor", "name")),
        record=_hardware_plan.record_of(host, "rasdaemon", state["errors"]),
    )
    try:
        state["counters"] = [dict(counter._asdict()) for counter in _edac.counters(host)]
        state["results"] = _memory_watch.results(host)
        state["setup"] = _setup.observe(host, owned(state))
    except HostError as error:
        state["errors"]["setup"] = str(error)
    return state
