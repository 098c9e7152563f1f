# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of kdump's configuration share: apply it, take it back, and look at what it wrote."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_config,
    _kdump_plan,
    _kdump_tools,
)
from unit.plugins.module_utils.fixture_kdump import (
    KEXEC_CMD,
    OVER_SSH,
    KdumpHost,
    wish,
)

KDUMP_CONF = "/etc/kdump.conf"
SSH: Dict[str, Any] = dict((key[len("kdump_") :], value) for key, value in OVER_SSH.items())
NFS: Dict[str, Any] = {"target": "nfs", "nfs": "dumps.example.com:/srv/dumps"}
LOADED = "/sys/kernel/kexec_crash_loaded"


def present(host: KdumpHost, packages: Optional[List[str]] = None, **changes: Any) -> List[str]:
    """Apply, and what was planned; a plan changes nothing, and a second one is empty."""
    wanted = wish(host, **changes)
    before = host.snapshot()
    planned = [change.path for change in _kdump_plan.plan(host, wanted)]
    assert host.snapshot() == before
    _kdump_config.apply(host, wanted, packages or [])
    assert _kdump_plan.plan(host, wanted) == []
    return planned


def absent(host: KdumpHost) -> List[str]:
    wanted = _kdump_plan.wish(host, None)
    assert wanted is not None
    planned = [change.path for change in _kdump_plan.plan(host, wanted)]
    _kdump_config.apply(host, wanted, [])
    assert _kdump_plan.plan(host, wanted) == []
    return planned


def tree(host: KdumpHost) -> Dict[str, Any]:
    """Everything but what the tool itself noted when it loaded, with the modes of directories."""
    seen = dict((path, value) for path, value in host.snapshot().items() if path != KEXEC_CMD)
    return dict((p, (v, host.mode(p)) if v == "directory" and p else v) for p, v in seen.items())


def systemctl(host: KdumpHost) -> Any:
    return host.programs["systemctl"]


def settings(host: KdumpHost) -> Dict[str, str]:
    return dict((key, value) for key, (value, _place) in _kdump_tools.effective(host).items())
