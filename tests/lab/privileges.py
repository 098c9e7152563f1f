# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Run one step as root: directly, or through sudo, or not at all with a clear refusal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from lab.errors import LabError


def root_prefix(what: str) -> list[str]:
    """Return what to put before a command that must run as root."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise LabError(f"To {what}, root is needed: run this as root, or as a user who may use sudo.")
    # Without a terminal sudo could only hang or fail in its own words.
    if not sys.stdin.isatty() and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
        raise LabError(
            f"To {what}, root is needed, and sudo wants a password but there is no terminal: run `sudo -v` first."
        )
    return ["sudo", "--preserve-env=KERNELOPS_LAB_CACHE,http_proxy,https_proxy,no_proxy"]
