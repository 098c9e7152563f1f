# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to the machine: its files (C(_files), C(_file_changes)), sockets (C(_sockets)) and commands, whole or as a
stream (C(_pipes)). Nothing here knows Ansible.
"""

import os
import subprocess
from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._files import HostError, Space, Unreadable, why
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._pipes import (
    SEARCH_PATH,
    CommandError,
    Pipes,
    end,
    environment,
)

__all__ = [
    "CONFIG_DIR",
    "RUN_DIR",
    "STATE_DIR",
    "CommandError",
    "Host",
    "HostError",
    "Observer",
    "Result",
    "Space",
    "Unreadable",
]

# What a host had before our first change, where a file of the distribution cannot tell it any more.
STATE_DIR = "/var/lib/kernelops-panic_hardening"
# What the programs on a host are told.
CONFIG_DIR = "/etc/kernelops-panic_hardening"
# What counts only until the next boot.
RUN_DIR = "/run/kernelops-panic_hardening"


class Result(NamedTuple):
    """What a command left: its exit code and its two streams, decoded."""

    rc: int
    out: str
    err: str


class Host(Pipes):
    """One machine: its files below C(root), and the commands of the running one.

    C(together) names units that somebody will ask systemd for: whoever asks for one of them asks for all.
    """

    together: Tuple[str, ...] = ()

    def which(self, name: str) -> Optional[str]:
        """The absolute path of an executable in the system's own directories, or None."""
        for folder in SEARCH_PATH:
            path = "%s/%s" % (folder, name)
            if self.exists(path):
                return path
        return None

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        """Run a command (a list, never a shell) in the C locale for at most C(timeout) seconds; it reads C(stdin).

        Raises CommandError when it is missing, too slow, or, with C(check), ends with another code than 0.
        """
        handle = None
        try:
            handle = os.open(stdin, os.O_RDONLY)
            process = subprocess.Popen(
                argv,
                stdin=handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                universal_newlines=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError("%s: %s" % (argv[0], why(error))) from None
        finally:
            if handle is not None:
                os.close(handle)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            end(process, process.communicate)
            raise CommandError("%s: did not end within %d seconds" % (" ".join(argv), timeout)) from None
        if check and process.returncode != 0:
            detail = (err or out).strip()[-2000:] or "no output"
            raise CommandError("%s: ended with code %d: %s" % (" ".join(argv), process.returncode, detail))
        return Result(process.returncode, out, err)


class Observer(Host):
    """A machine that is only looked at: what a command has said once, it need not be asked again, however many roles ask."""

    def __init__(self, root: str = "/") -> None:
        super().__init__(root)
        self._said: Dict[Tuple[str, ...], Result] = {}

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        """As Host.run, with the answer of the same command from before."""
        key = tuple(argv) + (stdin, str(check))
        if key not in self._said:
            self._said[key] = super().run(argv, timeout, check, stdin)
        return self._said[key]
