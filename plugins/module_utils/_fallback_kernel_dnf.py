# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many kernels dnf keeps. It knows no names, only a number: when one more is installed, the oldest go."""

import re
from typing import Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels, _managed_block
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import (
    BLOCK,
    Keep,
    Retention,
    ends_in,
    running_first,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PROGRAM = "dnf"
FILE = "/etc/dnf/dnf.conf"
LIMIT = r"(?m)^\s*installonly_limit\s*=\s*([0-9]+)\s*$"
DEFAULT = 3  # where nobody sets one
BY_HAND = (
    "set installonly_limit in [main] of %s by hand: its last section is another one, so the role adds nothing" % FILE
)


def _limit(text: str) -> int:
    found = re.findall(LIMIT, text)
    return int(found[-1]) if found else DEFAULT


def observe(host: Host, kernels: List[_kernels.Kernel], running: str) -> Retention:
    """What the limit leaves; raises Unreadable."""
    text = host.read(FILE) or ""
    limit = _limit(text)
    kept = running_first(kernels, running)[:limit] if limit else None
    return Retention("dnf", kept, FILE, "" if _extensible(text) else BY_HAND)


def _extensible(text: str) -> bool:
    return ends_in(_managed_block.strip(text, BLOCK), "main")


def obstacle(host: Host, keep: Keep) -> str:
    """What a person must do where the limit is too low, and cannot be added; raises Unreadable."""
    text = host.read(FILE) or ""
    limit = _limit(text)
    return "" if limit == 0 or limit >= _needed(keep) or _extensible(text) else BY_HAND


def _needed(keep: Keep) -> int:
    """The limit with which all that must stay is there, also the known-good kernel when one more is installed."""
    order = running_first(keep.kernels, keep.running)
    oldest = max([0] + [order.index(release) + 1 for release in keep.releases])
    known_good = order.index(keep.known_good) + 2 if keep.known_good in order[1:] else 0
    return max(keep.retain + 1, oldest, known_good)


def text(before: str, needed: int) -> str:
    """dnf.conf with a limit that keeps enough; a higher one, or none (0), stays, and so does a file whose end is not C([main])."""
    body = _managed_block.strip(before, BLOCK)
    limit = _limit(body)
    if limit == 0 or limit >= needed or not ends_in(body, "main"):
        return body
    return _managed_block.merge(body, BLOCK, ["installonly_limit=%d" % needed], _sets_limit)


def _sets_limit(line: str) -> bool:
    return re.match(LIMIT, line) is not None


def wanted(host: Host, keep: Keep) -> Dict[str, str]:
    """dnf.conf as it should be; raises Unreadable."""
    return {FILE: text(host.read(FILE) or "", _needed(keep))}


def without(host: Host) -> Dict[str, str]:
    """The same without what is ours; raises Unreadable."""
    return {FILE: _managed_block.strip(host.read(FILE) or "", BLOCK)}
