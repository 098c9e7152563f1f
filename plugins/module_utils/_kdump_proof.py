# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deliberate crash leaves on the host: its records, and what it has proven."""

import json
import time
from typing import Any, Dict, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

BEGUN = STATE_DIR + "/kdump-drill-begun.json"
STRUCK = STATE_DIR + "/kdump-drill-struck"  # the second of the crash, written by the command that crashes
PROOF = STATE_DIR + "/kdump-drill.json"
RECORDS = (BEGUN, STRUCK, PROOF)


def proof(host: Host) -> Optional[Dict[str, Any]]:
    """What the last drill has proven, or None; raises HostError for a record that cannot be one."""
    text = host.read(PROOF)
    if text is None:
        return None
    try:
        found = json.loads(text)
        time.strptime(found["at"], "%Y-%m-%dT%H:%M:%SZ")
        texts = {key: str(found[key]) for key in ("at", "kernel", "target", "dump")}
        return dict(texts, bytes=found["bytes"], seconds=found["seconds"])
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); run the drill again" % (PROOF, error)) from None
