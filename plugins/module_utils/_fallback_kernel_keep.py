# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels must stay on a host, and what a package manager says of them."""

import re
from typing import List, NamedTuple, Optional, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kernels

BLOCK = "fallback_kernel"


class Keep(NamedTuple):
    """What must stay: the releases, newest first, with those that the running host depends on, and how many spares."""

    releases: List[str]
    kernels: List[_kernels.Kernel]
    running: str
    known_good: str
    retain: int


class Retention(NamedTuple):
    """One who removes kernels here: which of them its next clean-up leaves (None: all), where that is said, and what a person must do first."""

    tool: str
    kept: Optional[List[str]]
    source: str
    obstacle: str = ""


def keep(
    kernels: List[_kernels.Kernel],
    running: str,
    known_good: str,
    retain: int,
    pinned: Sequence[str] = (),
    failed: Sequence[str] = (),
) -> List[str]:
    """The releases that must stay, newest first.

    They are the running one, the known-good one, the newest, whole ones beside the running one that have not failed a trial, and
    those that an operator has pinned.
    """
    whole = [kernel.release for kernel in kernels if kernel.bootable]
    wanted = {running, known_good} | set(pinned) | set(whole[:1])
    wanted |= set([release for release in whole if release != running and release not in failed][:retain])
    return [kernel.release for kernel in kernels if kernel.release in wanted]


def purgeable(kernels: List[_kernels.Kernel], kept: List[str]) -> List[str]:
    """The releases that may go, oldest first. What is half-installed may be an installation that goes on, so the newest stays."""
    staying = kept + [kernel.release for kernel in kernels[:1]]
    return [kernel.release for kernel in reversed(kernels) if kernel.release not in staying]


def running_first(kernels: List[_kernels.Kernel], running: str) -> List[str]:
    """The releases in the order in which most package managers keep them: the running one, then the newest."""
    return [running] + [kernel.release for kernel in kernels if kernel.release != running]


def ends_in(text: str, section: str) -> bool:
    """Whether what is added at the end of a configuration file belongs to that section of it."""
    return re.findall(r"(?m)^\s*\[([^\]\n]*)\]", text)[-1:] == [section]
