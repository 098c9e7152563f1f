# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role fallback_kernel tells monitoring of the kernel that runs; in /run, so that it never tells of an earlier boot."""

import json
import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_confirm import Outcome
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import RUN_DIR, Host, HostError

PATH = RUN_DIR + "/fallback_kernel.json"


def problems(outcome: Outcome) -> List[str]:
    """The same as they stand in the file."""
    return [problem.text for problem in outcome.problems]


def publish(host: Host, outcome: Outcome) -> None:
    """Write it down; raises HostError."""
    found = {
        "status": outcome.action,
        "alarm": outcome.action not in ("none", "confirmed", "waiting"),
        "kernel": _kernels.running(host),
        "trial": outcome.release,
        "problems": problems(outcome),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    host.write(PATH, json.dumps(found, sort_keys=True) + "\n")


def earlier(host: Host) -> Dict[str, Any]:
    """What was written down in this boot; nothing where that cannot be read."""
    try:
        found = json.loads(host.read(PATH) or "{}")
    except (HostError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
