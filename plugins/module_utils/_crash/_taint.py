# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's taint flags in words (Documentation/admin-guide/tainted-kernels.rst)."""

import re
from typing import Dict, List

FLAGS = {
    "G": "only modules under the GPL",  # no taint: the other letter of P's place
    "P": "proprietary module",
    "F": "module was force loaded",
    "S": "kernel on a CPU out of its specification",
    "R": "module was force unloaded",
    "M": "machine check exception",
    "B": "bad page, or page with unexpected flags",
    "U": "userspace asked for it",
    "D": "kernel died before: an oops or a BUG",
    "A": "ACPI table was overridden",
    "W": "warning was issued before",
    "C": "staging driver",
    "I": "workaround for a bug of the firmware",
    "O": "out-of-tree module",
    "E": "unsigned module",
    "L": "soft lockup happened before",
    "K": "live patched",
    "X": "auxiliary taint of the distribution",
    "T": "kernel was built with randomised structures",
    "N": "test was run in the kernel",
    "J": "fwctl's debugging was used",
}

# New kernels (6.11) add a second line with names: Tainted: [W]=WARN, [O]=OOT_MODULE
TAINTED = re.compile(r"Tainted: ([A-Z ]{1,40})(?= |\Z)")
NAMED = re.compile(r"\[([A-Z])\]=[A-Z_]{1,30}")


def decode(text: str) -> List[Dict[str, str]]:
    """The flags that a line of an oops names, without C(G), which is none."""
    at = text.find("ainted: ")
    if at < 0:
        return []
    letters = NAMED.findall(text[at:])
    if not letters:
        match = TAINTED.match(text, max(at - 1, 0))
        letters = list(match.group(1).replace(" ", "")) if match else []
    return [dict(flag=flag, meaning=FLAGS[flag]) for flag in sorted(set(letters)) if flag in FLAGS and flag != "G"]
