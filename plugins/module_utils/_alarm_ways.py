# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways that an alarm takes: the journal, the operator's command, mail; each by itself, whatever becomes of the others."""

import contextlib
import email.message
import json
import os
from typing import Any, Callable, Dict, Sequence

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm_journal
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import RUN_DIR, Host, HostError

MAILERS = ("/usr/sbin/sendmail", "/usr/lib/sendmail")
MAIL_SECONDS = 30
WAYS = ("journal", "command", "mail")
DONE = ("journal", "logger", "sent", "run")


def deliver(host: Host, alarm: Dict[str, Any], wanted: Dict[str, Any], ways: Sequence[str]) -> Dict[str, str]:
    """Send an alarm along these ways now; returns what became of each: what it did, C(none) or C(failed: ...)."""
    how: Dict[str, Callable[[], str]] = {
        "journal": lambda: _alarm_journal.write(host, _alarm_journal.alarm_fields(alarm)),
        "command": lambda: _command(host, alarm, wanted),
        "mail": lambda: _mail(host, alarm, wanted),
    }
    outcome = {}
    for name in ways:
        try:
            outcome[name] = how[name]()
        except Exception as error:
            outcome[name] = "failed: %s" % error
            trouble(host, "%s: the alarm did not get out by %s: %s" % (alarm["key"], name, error))
    return outcome


def failures(outcome: Dict[str, str]) -> Dict[str, str]:
    """The ways that an alarm did not go."""
    return dict((name, text) for name, text in outcome.items() if text not in DONE and text != "none")


def _command(host: Host, alarm: Dict[str, Any], wanted: Dict[str, Any]) -> str:
    if not wanted["command"]:
        return "none"
    _with_input(
        host, json.dumps(dict(alarm, host=os.uname().nodename), sort_keys=True), wanted["command"], wanted["timeout"]
    )
    return "run"


def _mail(host: Host, alarm: Dict[str, Any], wanted: Dict[str, Any]) -> str:
    mailer = next((path for path in MAILERS if host.exists(path)), None)
    if not wanted["mail"] or mailer is None:
        return "none"
    message = email.message.EmailMessage()
    message["To"] = wanted["mail"]
    message["Subject"] = "[%s] %s: %s" % (os.uname().nodename, alarm["severity"], _one_line(alarm["summary"]))
    lines = [
        "%s: %s" % (name, alarm[name]) for name in ("severity", "role", "device", "summary", "details") if alarm[name]
    ]
    message.set_content("\n".join(lines) + "\n")
    _with_input(host, message.as_string(), [mailer, "-i", "-t"], MAIL_SECONDS)
    return "sent"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _with_input(host: Host, text: str, argv: Any, timeout: int) -> None:
    path = "%s/alarm-%d" % (RUN_DIR, os.getpid())
    host.write(path, text, 0o600)
    try:
        host.run(list(argv), timeout=timeout, stdin=host.real(path))
    finally:
        host.remove(path)


def trouble(host: Host, text: str) -> None:
    """Write down what went wrong on the way."""
    with contextlib.suppress(HostError):  # nobody is left to tell
        _alarm_journal.write(host, _alarm_journal.trouble_fields(text))
