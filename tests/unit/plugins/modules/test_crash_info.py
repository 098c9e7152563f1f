# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module returns of what it found."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.modules import crash_info


def test_the_summary_counts_what_the_limit_leaves_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"[{n}000.000000] BUG: Bad page state in process x  pfn:{n}\n" for n in range(1, 5)))
    params = {"paths": [str(log)], "kinds": [], "since": None, "boots": 1, "limit": 1}
    module = types.SimpleNamespace(params=params, warn=lambda text: None)
    result = crash_info.run(t.cast(t.Any, module), Host())
    assert len(result["incidents"]) == 1
    assert result["summary"] == {"incidents": 4, "fatal": 0, "kinds": {"mem-corruption": 4}}
