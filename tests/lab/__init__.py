# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Throw-away machines that really crash, on loopback, with nothing but Python's standard library."""
