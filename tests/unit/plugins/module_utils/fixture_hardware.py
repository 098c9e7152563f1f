# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with a systemctl and a journald of their own, for the hardware roles. Runs on every Python from 3.6 on."""

import os
import shutil
import socket
import struct
import tempfile
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost

UNITS = "/etc/systemd/system/"
ALERT: Dict[str, Any] = {
    "panic_hardening_alert_command": [],
    "panic_hardening_alert_timeout": 30,
    "panic_hardening_alert_mail": "root",
    "panic_hardening_alert_repeat": 24,
    "panic_hardening_alert_test_max_age": 0,
    "panic_hardening_memory_minimum": 5,
    "panic_hardening_swap_minimum": 10,
}


class HardwareHost(FixtureHost):
    """A machine whose commands may read what they are given, and whose units can be started."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.given: List[str] = []
        self.units: Dict[str, Dict[str, str]] = {}
        self.on_start: Dict[str, Callable[[], Any]] = {}
        self.managed: Dict[str, str] = {}
        self.systemctl_calls: List[str] = []
        self.programs["systemctl"] = self._systemctl
        os.makedirs(root + "/run/systemd/system")

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        if stdin != "/dev/null":
            with open(stdin) as stream:
                self.given.append(stream.read())
        return super().run(argv, timeout, check, stdin)

    def unit(self, name: str, enabled: bool, active: bool) -> None:
        """A unit that some package has brought."""
        self.put("/usr/lib/systemd/system/" + name, "")
        self._stands(name, enabled, active)

    def _stands(self, name: str, enabled: bool, active: bool) -> None:
        self.units[name] = {
            "enabled": "enabled" if enabled else "disabled",
            "active": "active" if active else "inactive",
        }

    def _found(self, name: str) -> Optional[Dict[str, str]]:
        if name not in self.units and os.path.exists(self.root + UNITS + name):
            self._stands(name, False, False)
        if name in self.units and name.startswith("kernelops-") and not os.path.exists(self.root + UNITS + name):
            del self.units[name]
        return self.units.get(name)

    def _systemctl(self, argv: List[str]) -> Result:
        if argv[1] == "show":
            return self._show(argv[2:])
        self.systemctl_calls.append(" ".join(argv[1:]))
        if argv[1] in ("daemon-reload", "daemon-reexec"):
            return Result(0, "", "")
        found = self._found(argv[2])
        if found is None:
            return Result(5, "", "Unit %s not found." % argv[2])
        if argv[1] in ("enable", "disable"):
            found["enabled"] = argv[1] + "d"
        elif argv[1] == "stop":
            found["active"] = "inactive"
        else:
            assert argv[1] in ("start", "restart"), argv
            found["active"] = "active"
            self.on_start.get(argv[2], lambda: None)()
        return Result(0, "", "")

    def _show(self, arguments: List[str]) -> Result:
        names = arguments[1:]
        if not names:
            return Result(0, "".join("%s=%s\n" % pair for pair in self.managed.items()), "")
        blocks = []
        for name in names:
            found = self._found(name)
            values = ("loaded", found["active"], found["enabled"]) if found else ("not-found", "inactive", "")
            blocks.append("Id=%s\nLoadState=%s\nActiveState=%s\nUnitFileState=%s\n" % ((name,) + values))
        return Result(0, "\n".join(blocks), "")


class Journal:
    """A journald that keeps what it is sent; its path is short, as a socket's must be."""

    def __init__(self, host: FixtureHost) -> None:
        self.folder = tempfile.mkdtemp(prefix="j")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.folder + "/s")
        self.socket.settimeout(5)
        place = host.root + "/run/systemd/journal"
        os.makedirs(place)
        self.host = host
        real = host.real
        host.real = lambda path: self.folder + "/s" if path == "/run/systemd/journal/socket" else real(path)

    def entries(self) -> List[Dict[str, str]]:
        """What was sent since the last call, decoded as journald does."""
        self.socket.setblocking(False)
        found = []
        while True:
            try:
                found.append(decode(self.socket.recv(65536)))
            except BlockingIOError:
                return found

    def close(self) -> None:
        self.socket.close()
        shutil.rmtree(self.folder)


def decode(data: bytes) -> Dict[str, str]:
    """The fields of a datagram in journald's protocol."""
    fields: Dict[str, str] = {}
    while data:
        line, _newline, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", rest[:8])
            value, data = rest[8 : 8 + size], rest[8 + size + 1 :]
        else:
            data = rest
        fields[name.decode()] = value.decode()
    return fields


def failing(text: str) -> Callable[[List[str]], Result]:
    """A program that takes too long or is missing."""

    def fail(_argv: List[str]) -> Result:
        raise CommandError(text)

    return fail
