# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of kdump's audit share: a whole audit that changes nothing, and the findings that are not as they should be."""

import json
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump,
)
from unit.plugins.module_utils.fixture_kdump import (
    KERNEL,
    POLICY,
    KdumpHost,
)


def judge(host: KdumpHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    before, modes = host.snapshot(), host.mode("/var/crash")
    findings = _kdump.evaluate(dict(POLICY, **changes), _kdump.observe(host))
    assert (host.snapshot(), host.mode("/var/crash")) == (before, modes), "an audit changes nothing"
    assert all(item["role"] == "kdump" for item in findings)
    assert all(item["reason"] and item["remedy"] for item in findings if item["status"] in ("fail", "unknown"))
    found = {item["control"][len("kdump.") :]: item for item in findings}
    assert len(found) == len(findings) == 12
    return found


def statuses(found: Dict[str, Dict[str, Any]], status: str) -> List[str]:
    return sorted(name for name in found if found[name]["status"] == status)


def only(found: Dict[str, Dict[str, Any]], name: str, status: str = "fail") -> Dict[str, Any]:
    """The one that is not as it should be; everything else passes."""
    assert statuses(found, status) == [name]
    assert statuses(found, "pass") == sorted(set(found) - {name, "last_drill"})
    return found[name]


def proof(**changes: Any) -> str:
    made: Dict[str, Any] = {
        "at": "2026-11-02T03:14:07Z",
        "kernel": KERNEL,
        "target": "local:/var/crash",
        "dump": "/var/crash/202611020314/dump.202611020314",
        "bytes": 29360128,
        "seconds": 71,
    }
    made.update(changes)
    return json.dumps(made)
