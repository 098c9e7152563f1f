# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An alarm as an entry of the journal, in journald's own protocol: fields that a query finds, whatever their values hold."""

import struct
from typing import Any, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "kernelops-panic_hardening"
# For ever the same, so that "journalctl MESSAGE_ID=..." finds the alarms of all releases.
ALARM_ID = "0a31236c24c04193b7b1cfb7f5ce3d71"
TROUBLE_ID = "6a4f55fab34f407f9892b994ed90a1a2"
PRIORITIES = {"critical": 2, "warning": 4, "info": 6}
TROUBLE_PRIORITY = 3


def alarm_fields(event: Dict[str, Any]) -> Dict[str, str]:
    """The fields of an alarm's entry."""
    return {
        "MESSAGE": "%s: %s" % (event["key"].rstrip(":"), event["summary"]),
        "MESSAGE_ID": ALARM_ID,
        "PRIORITY": str(PRIORITIES[event["severity"]]),
        "PANIC_HARDENING_KEY": event["key"],
        "PANIC_HARDENING_ROLE": event["role"],
        "PANIC_HARDENING_SEVERITY": event["severity"],
        "PANIC_HARDENING_DEVICE": event["device"],
        "PANIC_HARDENING_DETAILS": event["details"],
    }


def trouble_fields(text: str) -> Dict[str, str]:
    """The fields of an entry that says that an alarm did not get everywhere."""
    return {"MESSAGE": text, "MESSAGE_ID": TROUBLE_ID, "PRIORITY": str(TROUBLE_PRIORITY)}


def encode(fields: Dict[str, str]) -> bytes:
    """The datagram for journald: a value with a line break in it is preceded by its length."""
    parts = []
    for name, value in sorted(fields.items()):
        key, data = name.encode("ascii"), value.encode("utf-8", "replace")
        if b"\n" in data:
            parts.append(key + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(key + b"=" + data + b"\n")
    return b"".join(parts)


def write(host: Host, fields: Dict[str, str]) -> str:
    """Write an entry; returns C(journal), or C(logger) where journald does not take it. Raises HostError where neither does."""
    try:
        host.send(SOCKET, encode(dict(fields, SYSLOG_IDENTIFIER=IDENTIFIER, SYSLOG_FACILITY="3")))
        return "journal"
    except HostError:
        message = fields["MESSAGE"].replace("\n", " ")
        host.run(["logger", "-t", IDENTIFIER, "-p", "daemon." + _level(fields["PRIORITY"]), "--", message], timeout=10)
        return "logger"


def _level(priority: str) -> str:
    return ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")[int(priority)]
