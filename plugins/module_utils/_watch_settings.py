# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles tell the programs that watch hardware, and where."""

import json
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CONFIG_DIR,
    RUN_DIR,
    Host,
    HostError,
)

DISKS, MEMORY, SENSORS = (CONFIG_DIR + "/%s.json" % name for name in ("disks", "memory", "sensors"))
# The sensors that were too hot at the last look.
HOT = RUN_DIR + "/sensors-hot.json"


def read(host: Host, path: str, *names: str) -> Dict[str, Any]:
    """The settings of one program, with all of these names; raises HostError where they cannot be used."""
    try:
        found = json.loads(host.read(path) or "")
        return dict((name, found[name]) for name in names)
    except (ValueError, KeyError, TypeError) as error:
        text = "%s: cannot be used: %s; run kernelops.panic_hardening.harden again"
        raise HostError(text % (path, error)) from None
