# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of the running kernel."""

import re
from typing import Iterable, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def available(host: Host, names: Iterable[str]) -> List[str]:
    """Those of these drivers that the running kernel has, as modules or built in, in their order."""
    folder = "/lib/modules/" + _kernels.running(host)
    # The lists have thousands of lines: they are read once for all names.
    texts = [host.read("%s/%s" % (folder, kind)) or "" for kind in ("modules.dep", "modules.builtin")]
    there = set(
        name.replace("-", "_")
        for text in texts
        for name in re.findall(r"(?m)^[^:\n]*/([^/:\n]+)\.ko(?:\.\w+)?(?::|$)", text)
    )
    return [name for name in names if name.replace("-", "_") in there]
