# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way of all alarms: journal, the operator's command, mail. Runs on the host, from the program that the roles install.

What goes wrong here is written down, and never raised: who tells of a failing disk must go on watching the others.
"""

import contextlib
import email.message
import json
import os
import time
from typing import Any, Callable, Dict, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _alarm_journal
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

SETTINGS = "/etc/kernelops-panic_hardening/alarm.json"
# In memory: a disk that fails takes its file systems with it, and the alarm must still be raised once, not for ever.
RUN_DIR = "/run/kernelops-panic_hardening"
SENT = RUN_DIR + "/alarms.json"
LOCK = RUN_DIR + "/alarms.lock"
# The last test of the way, and the last alarm that went along it.
STATUS = STATE_DIR + "/alarm-status.json"
DEFAULTS: Dict[str, Any] = {"command": [], "timeout": 30, "mail": "root", "repeat": 24}
SEVERITIES = ("info", "warning", "critical")
MAILERS = ("/usr/sbin/sendmail", "/usr/lib/sendmail")
MAIL_SECONDS = 30
LIMITS = {"key": 200, "role": 50, "device": 200, "summary": 500, "details": 4000}
DONE = ("journal", "logger", "sent", "run")


def event(role: str, what: str, severity: str, device: str, summary: str, details: Any = "") -> Dict[str, Any]:
    """An alarm. Its key, C(<role>.<what>:<device>), is what repeats are known by."""
    text = details if isinstance(details, str) else json.dumps(details, sort_keys=True)
    made = {
        "key": "%s.%s:%s" % (role, what, device),
        "role": role,
        "device": device,
        "summary": summary,
        "details": text,
    }
    return dict(dict((name, value[: LIMITS[name]]) for name, value in made.items()), severity=severity)


def settings(host: Host) -> Dict[str, Any]:
    """What the operator wants, with defaults where the file cannot tell; raises nothing."""
    try:
        found = dict(DEFAULTS, **json.loads(host.read(SETTINGS) or "{}"))
        for name, usual in DEFAULTS.items():
            if not isinstance(found[name], type(usual)):
                raise ValueError("%s is no %s" % (name, type(usual).__name__))
        return found
    except (HostError, ValueError, TypeError) as error:
        _trouble(host, "%s: cannot be used, so alarms go to the journal and to root: %s" % (SETTINGS, error))
        return dict(DEFAULTS)


def raise_alarm(host: Host, alarm: Dict[str, Any]) -> Dict[str, str]:
    """Send an alarm along all ways, unless the same was sent a short time ago; returns what became of each way."""
    wanted = settings(host)
    if not _due(host, alarm, wanted["repeat"] * 3600):
        return {}
    outcome = deliver(host, alarm, wanted)
    record(host, "last", alarm["key"], outcome)
    return outcome


def clear(host: Host, key: str) -> None:
    """The reason of an alarm is gone: the next time is a new alarm."""
    try:
        with host.locked(LOCK):
            sent = _sent(host)
            if sent.pop(key, None):
                host.write(SENT, json.dumps(sent, sort_keys=True) + "\n", 0o600)
    except HostError as error:
        _trouble(host, "%s: could not be cleared: %s" % (key, error))


def test(host: Host) -> Dict[str, str]:
    """Send an alarm that says that it is a test, and remember what became of it."""
    alarm = event("panic_hardening", "test", "info", "", "test of the alarm path, nothing is wrong")
    outcome = deliver(host, alarm, settings(host))
    record(host, "tested", alarm["key"], outcome)
    return outcome


def deliver(host: Host, alarm: Dict[str, Any], wanted: Dict[str, Any]) -> Dict[str, str]:
    """Send an alarm along all ways now; returns what became of each: what it did, C(none) or C(failed: ...)."""
    ways: Tuple[Tuple[str, Callable[[], str]], ...] = (
        ("journal", lambda: _alarm_journal.write(host, _alarm_journal.alarm_fields(alarm))),
        ("command", lambda: _command(host, alarm, wanted)),
        ("mail", lambda: _mail(host, alarm, wanted)),
    )
    outcome = {}
    for name, way in ways:
        try:
            outcome[name] = way()
        except Exception as error:
            outcome[name] = "failed: %s" % error
            _trouble(host, "%s: the alarm did not get out by %s: %s" % (alarm["key"], name, error))
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


def _due(host: Host, alarm: Dict[str, Any], seconds: float) -> bool:
    """Whether this alarm is new, worse than before, or old enough to be said again."""
    now = time.time()
    try:
        with host.locked(LOCK):
            sent = _sent(host)
            at, severity = sent.get(alarm["key"], (0, "info"))
            worse = SEVERITIES.index(alarm["severity"]) > SEVERITIES.index(severity)
            # A clock that was set back must not silence an alarm until that time comes again.
            if not worse and 0 <= now - at < seconds:
                return False
            fresh = dict((key, value) for key, value in sent.items() if 0 <= now - value[0] < seconds)
            fresh[alarm["key"]] = [now, alarm["severity"]]
            host.write(SENT, json.dumps(fresh, sort_keys=True) + "\n", 0o600)
    except HostError as error:
        # Better too often than not at all.
        _trouble(host, "%s: repeats cannot be counted: %s" % (alarm["key"], error))
    return True


def _sent(host: Host) -> Dict[str, Any]:
    try:
        found = json.loads(host.read(SENT) or "{}")
        return dict(
            (str(key), (float(at), SEVERITIES[SEVERITIES.index(severity)])) for key, (at, severity) in found.items()
        )
    except (ValueError, TypeError, AttributeError):
        return {}


def record(host: Host, name: str, key: str, outcome: Dict[str, str]) -> None:
    """Remember what became of an alarm, for the audit."""
    try:
        with host.locked(LOCK):
            kept = status(host)
            kept[name] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "key": key, "outcome": outcome}
            host.write(STATUS, json.dumps(kept, sort_keys=True) + "\n")
    except HostError as error:
        _trouble(host, "%s: what became of the alarm could not be remembered: %s" % (key, error))


def status(host: Host) -> Dict[str, Any]:
    """The last test (C(tested)) and the last alarm (C(last)), each with C(at), C(key) and C(outcome); raises Unreadable."""
    try:
        found = json.loads(host.read(STATUS) or "{}")
        return dict((name, dict(found[name])) for name in ("tested", "last") if name in found)
    except (ValueError, TypeError):
        return {}


def _trouble(host: Host, text: str) -> None:
    with contextlib.suppress(HostError):  # nobody is left to tell
        _alarm_journal.write(host, _alarm_journal.trouble_fields(text))
