# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units of the role fallback_kernel: what they are called, and what the program says to them."""

CONFIRM, ARM = "kernelops-fallback_kernel.service", "kernelops-fallback_kernel-arm.service"
# A unit that is active while it waits would be no failed one; so the looks at a kernel that is not confirmed are runs of their own.
AGAIN = "kernelops-fallback_kernel.timer"
# The program's exit code apart from 1, with which Python itself ends: systemd starts the program again after that.
ALARM = 3
