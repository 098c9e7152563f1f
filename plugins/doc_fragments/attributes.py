# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that the modules of this collection share."""


class ModuleDocFragment:
    """Fragments: the base, then what readers and writers add."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status that a real run would return.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
  platform:
    description: Systems the module works on.
    support: full
    platforms: posix
    details:
      - Linux. Proven on Debian 12 and 13 in virtual machines that really crash.
      - The RHEL family is written from its documentation and tested with recorded command output only.
"""

    READER = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - The module only reads; its result is the same in check mode.
  diff_mode:
    support: N/A
    details:
      - The module only reads.
"""

    WRITER = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""
