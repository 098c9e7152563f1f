# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The triage of kernel logs: bytes in, incidents out; nothing here touches the machine or knows Ansible."""
