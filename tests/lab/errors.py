# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The one exception that the command line turns into a message."""

from __future__ import annotations


class LabError(Exception):
    """Something the user can act on: the text names what is wrong and the remedy."""
