# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of the hardware roles on a host: an archive of these very modules, and the command that starts it."""

from typing import Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _program
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PROGRAM = _program.LIBRARY + "/hardware.pyz"
NAME = "_hardware_program"
# What timers, daemons and operators call.
LAUNCHER = "/usr/local/sbin/kernelops-hardware"
# -I: nobody's environment decides what it imports.
LAUNCHER_TEXT = """\
#!/bin/sh
# Managed by Ansible, kernelops.panic_hardening.hardware_setup: changes are overwritten.
exec %s -I %s "$@"
"""


def launcher(interpreter: str) -> Dict[str, File]:
    """The command, by its path."""
    return {LAUNCHER: File(LAUNCHER_TEXT % (interpreter, PROGRAM), 0o755)}


def program() -> Dict[str, File]:
    """The archive, by its path."""
    # Here, because who only compares the program on a host need not compile it.
    from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_program

    return {PROGRAM: File(_program.archive(_hardware_program.__name__.rpartition(".")[2]))}


def is_current(host: Host) -> bool:
    """Whether the archive on a host is that one, without the time that it takes to make it; raises Unreadable."""
    return _program.current(host.read(PROGRAM), NAME) and host.mode(PROGRAM) == File("").mode
