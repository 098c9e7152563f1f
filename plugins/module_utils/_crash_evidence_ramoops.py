# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that survives a restart: where the operator has taken it from the kernel, and the arguments that give it to ramoops."""

import re
from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline

PLACE = re.compile(r"^(0x[0-9a-f]{1,16}),(\d{1,6})([KM])\Z")
LABEL = re.compile(r"^[a-z][a-z0-9_-]{0,31}\Z")
LEAST = 256 * 1024
RAM = re.compile(r"(?m)^([0-9a-f]{8,16})-([0-9a-f]{8,16}) : System RAM$")


def valid(value: str) -> bool:
    """Whether it is ADDRESS,SIZE (a power of two, from 256K, because the kernel cuts sizes down to one) or a label."""
    if not PLACE.match(value):
        return LABEL.match(value) is not None
    size = place(value)[1]
    return size >= LEAST and size & (size - 1) == 0


def place(value: str) -> Tuple[int, int]:
    """Address and bytes of ADDRESS,SIZE."""
    match = PLACE.match(value)
    if match is None:
        return (0, 0)
    return (int(match.group(1), 16), int(match.group(2)) << (20 if match.group(3) == "M" else 10))


def arguments(value: str) -> _cmdline.Arguments:
    """What the kernel must be told. Each record holds 32 KiB; error correction mends bits that a restart has lost."""
    found: _cmdline.Arguments = {"pstore.backend": "ramoops", "ramoops.record_size": "0x8000", "ramoops.ecc": "1"}
    if LABEL.match(value):
        found["ramoops.mem_name"] = value
    else:
        address, size = place(value)
        found.update({"ramoops.mem_address": hex(address), "ramoops.mem_size": hex(size)})
    return found


def system_ram(iomem: str) -> List[List[int]]:
    """The memory that the kernel uses itself, first and last byte of each part; without root the file shows zeros alone."""
    return [[int(first, 16), int(last, 16)] for first, last in RAM.findall(iomem)]


def why_not(value: str, state: Dict[str, Any]) -> str:
    """Why this memory may not be given to ramoops in this boot, or an empty text: it would write over what the kernel has there."""
    if LABEL.match(value):
        labels = [text.rsplit(":", 1)[-1] for text in _cmdline.values(state["running"], "reserve_mem")]
        return "" if value in labels else "this boot has no reserve_mem= with the label %s" % value
    address, size = place(value)
    if not state["system_ram"] or not any(state["system_ram"][0]):
        return "/proc/iomem does not show what memory the kernel uses: permission denied"
    for first, last in state["system_ram"]:
        if address <= last and first < address + size:
            return "the kernel uses that memory itself (/proc/iomem: %x-%x System RAM)" % (first, last)
    return ""
