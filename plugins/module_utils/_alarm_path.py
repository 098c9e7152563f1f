# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarm path as a part of a host: its policy, its files, which all hardware roles share, and its controls."""

import datetime
import json
import re
import time
from typing import Any, Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _alarm_status,
    _alarm_ways,
    _hardware_host,
    _hardware_launcher,
    _program,
    _setup,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import (
    PolicyError,
    check_numbers,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import (
    HARDEN,
    Control,
    Dictionary,
    attempt,
    judge,
    unread,
)

PREFIX = "panic_hardening_alert_"
OPTIONS = ("command", "timeout", "mail", "repeat")
NUMBERS = {"timeout": (1, 600), "repeat": (1, 8760), "test_max_age": (0, 3650)}
MAIL = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._%+-]*(?:@[A-Za-z0-9.-]+)?\Z")
# For root alone: an operator's command may hold a token.
PRIVATE = 0o600
TEST = "ansible-playbook kernelops.panic_hardening.harden --tags alert_test --limit this host"
# What an audit reads as it is; whether the program is that of now it asks of the program.
SMALL = [_alarm_status.SETTINGS, _hardware_launcher.LAUNCHER]


def validate(policy: Dict[str, Any]) -> None:
    """Refuse what the alarm path could not use; raises PolicyError that begins with the variable."""
    command = policy[PREFIX + "command"]
    if command and not (command[0].startswith("/") and all(part and "\0" not in part for part in command)):
        raise PolicyError(
            "%scommand: must be a list of words, the first one the absolute path of a program, because no shell runs it"
            % PREFIX
        )
    mail = policy[PREFIX + "mail"]
    if mail and not MAIL.match(mail):
        raise PolicyError("%smail: '%s' is not an address such as root or ops@example.com" % (PREFIX, mail))
    check_numbers(dict((name, policy[PREFIX + name]) for name in NUMBERS), NUMBERS, PREFIX)


def owned() -> _setup.Owned:
    """Every file of the alarm path."""
    return _setup.Owned([*SMALL, _hardware_launcher.PROGRAM], [], {})


def setup(policy: Dict[str, Any], interpreter: str) -> _setup.Setup:
    """The alarm path as the policy wants it."""
    return _setup.Setup(dict(_small(policy, interpreter), **_hardware_launcher.program()), {}, [])


def _small(policy: Dict[str, Any], interpreter: str) -> Dict[str, File]:
    options = dict((name, policy[PREFIX + name]) for name in OPTIONS)
    settings = File(json.dumps(options, indent=1, sort_keys=True) + "\n", PRIVATE)
    return dict(_hardware_launcher.launcher(interpreter), **{_alarm_status.SETTINGS: settings})


def observe(host: Host) -> Dict[str, Any]:
    """The files, and the last test."""
    state: Dict[str, Any] = {
        "virtualization": _virtualization.observe(host),
        "python": _program.python(host),
        "now": time.strftime(_alarm_status.STAMP, time.gmtime()),
        "errors": {},
    }
    if _hardware_host.contained(state):
        return state
    state["status"] = attempt(state, "status", lambda: _alarm_status.status(host))
    state["setup"] = attempt(state, "setup", lambda: _setup.observe(host, _setup.Owned(SMALL, [], {})))
    state["current"] = attempt(state, "setup", lambda: _hardware_launcher.is_current(host))
    return state


def evaluate(policy: Dictionary, state: Dictionary, excuse: str) -> List[Dictionary]:
    """Whether alarms have a way out of this host, and when that was last shown; C(excuse) says why nobody asks."""
    return judge("panic_hardening", CONTROLS, policy, state, dict(applicable=not excuse, reason=excuse))


def _installed(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    expected = "the program and its settings as the policy has them"
    if "setup" in state["errors"]:
        return unread(expected, state["errors"]["setup"])
    wrong = _setup.differences("alarm", _setup.Setup(_small(policy, state["python"]), {}, []), state["setup"])
    wrong += [] if state["current"] else ["%s is missing, or not that of now" % _hardware_launcher.PROGRAM]
    return dict(
        status="fail" if wrong else "pass",
        expected=expected,
        observed="%d files differ" % len(wrong) if wrong else "as wanted",
        reason="; ".join(wrong),
        remedy=HARDEN if wrong else "",
        evidence=[_hardware_launcher.LAUNCHER, _alarm_status.SETTINGS],
    )


def _tested(policy: Dictionary, state: Dictionary, _wanted: Dictionary) -> Dictionary:
    allowed = policy[PREFIX + "test_max_age"]
    expected = (
        "a test that got through, at most %d days old" % allowed if allowed else "no test that did not get through"
    )
    if "status" in state["errors"]:
        return unread(expected, state["errors"]["status"])
    tested = state["status"].get("tested")
    observed = "never tested"
    if tested:
        observed = "tested at %s: %s" % (tested["at"], _shown(tested["outcome"]))
    part = dict(expected=expected, observed=observed, evidence=[_alarm_status.STATUS])
    # The newest alarm says more than an older test.
    for run in sorted(state["status"].values(), key=lambda run: str(run["at"]), reverse=True)[:1]:
        if _alarm_ways.failures(run["outcome"]):
            reason = "the alarm %s at %s did not get out: %s" % (run["key"], run["at"], _shown(run["outcome"]))
            return dict(part, status="fail", reason=reason, remedy="mend that way, then test it: " + TEST)
    if not allowed:
        return dict(
            part, status="pass" if tested else "not_applicable", reason="" if tested else "nobody asks for a test"
        )
    if tested is None:
        return dict(part, status="fail", reason="the alarm path was never tested", remedy=TEST)
    if _days(tested["at"], state["now"]) > allowed:
        return dict(part, status="fail", reason="the test is older than %d days" % allowed, remedy=TEST)
    return dict(part, status="pass", reason="")


def _shown(outcome: Dict[str, str]) -> str:
    return ", ".join("%s: %s" % pair for pair in sorted(outcome.items()))


def _days(then: str, now: str) -> float:
    times = [datetime.datetime.strptime(text, _alarm_status.STAMP) for text in (now, then)]
    return (times[0] - times[1]).total_seconds() / 86400


CONTROLS: Tuple[Control, ...] = (
    ("alert_installed", "critical", "config", _installed),
    ("alert_tested", "warning", "proof", _tested),
)
