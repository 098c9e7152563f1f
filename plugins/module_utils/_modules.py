# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of the running kernel: which it has, and which are loaded."""

import re

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def available(host: Host, name: str) -> bool:
    """Whether the running kernel has this driver, as a module or built in."""
    folder = "/lib/modules/" + _kernels.running(host)
    wanted = re.compile(r"(?m)^[^:\n]*/%s\.ko(?:\.\w+)?(?::|$)" % re.escape(name).replace("_", "[_-]"))
    return any(wanted.search(host.read("%s/%s" % (folder, kind)) or "") for kind in ("modules.dep", "modules.builtin"))


def loaded(host: Host, name: str) -> bool:
    """Whether it is there now; one that is built in may not show."""
    return host.exists("/sys/module/" + name)
