# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a host runs without Ansible: at boot it confirms a trial or leaves it again, at an orderly restart it arms one."""

import argparse
import sys
import time
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _fallback_kernel_confirm,
    _fallback_kernel_record,
    _fallback_kernel_restart,
    _fallback_kernel_retention,
    _fallback_kernel_status,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_units import AGAIN, ALARM
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

INTERVAL = 10  # seconds
# Whoever serves for long is not taken away for the restart of a switch.
PATIENT_INTERVAL = 150
# Cut off for a moment is no reason for a restart.
LOOKS = 3
CRIT, WARNING, NOTICE = 2, 4, 5
WORDS = {
    "failed": "the trial of the kernel %s has failed, and is not repeated",
    "unconfirmed": "the kernel %s is not confirmed, and the next restart boots the known-good one",
    "restart": "the kernel %s does not serve; restarting into the known-good one",
    "confirmed": "the kernel %s is confirmed, and the known-good one from now on",
}
Sleep = Callable[[float], None]


def say(priority: int, text: str) -> None:
    """A line for the journal; systemd reads its priority from the front."""
    # Without a locale Python 3.6 can write ASCII alone.
    encoding = sys.stdout.encoding or "ascii"
    shown = _writer.printable(text).encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write("<%d>%s\n" % (priority, shown))
    sys.stdout.flush()


def confirm(host: Host, policy: Dict[str, Any], sleep: Sleep) -> int:
    """Look at the running kernel until it is clear what becomes of it; returns the exit code."""
    while not health.boot_ended(host) and health.uptime(host) < policy["boot_timeout"]:
        sleep(INTERVAL)
    before = _fallback_kernel_status.earlier(host)
    given_up = before.get("status") in ("unconfirmed", "restart")
    outcome, looks = None, 0
    while outcome is None or outcome.action == "waiting" or (outcome.action == "restart" and looks < LOOKS):
        if outcome is not None:
            sleep(PATIENT_INTERVAL if given_up else INTERVAL)
        outcome = _look(host, policy)
        looks = looks + 1 if outcome.action == "restart" else 0
        _publish(host, outcome)
    if outcome.action in ("none", "confirmed"):
        return _end(host, policy, outcome, given_up, sleep)
    _alarm(host, outcome, before)
    if outcome.action == "failed":
        _keep(host, policy)
    if outcome.action == "restart":
        cut_off = any(problem.cut_off for problem in outcome.problems)
        _fallback_kernel_restart.restart(host, cut_off, sleep, _warn)
    return ALARM


def _look(host: Host, policy: Dict[str, Any]) -> _fallback_kernel_confirm.Outcome:
    try:
        return _fallback_kernel_confirm.step(host, policy)
    except (HostError, PolicyError) as error:
        # It may pass.
        return _fallback_kernel_confirm.unsure(host, policy, health.Problem("look", str(error)))
    except Exception as error:
        # A mistake of ours must not keep a host that is cut off from being restarted.
        return _fallback_kernel_confirm.unsure(host, policy, health.Problem("look", repr(error)))


def _end(
    host: Host, policy: Dict[str, Any], outcome: _fallback_kernel_confirm.Outcome, given_up: bool, sleep: Sleep
) -> int:
    """The known-good kernel runs, if there is one."""
    if outcome.action == "confirmed":
        say(NOTICE, WORDS["confirmed"] % outcome.release)
    if given_up:
        _try(lambda: host.run(["systemctl", "stop", AGAIN]))
    _keep(host, policy)
    left = policy["healthy_minutes"] * 60 - health.uptime(host)
    if left > 0:
        # What it has when all has settled is the standard of the next trial.
        sleep(left)
        _look(host, policy)
    return 0


def _alarm(host: Host, outcome: _fallback_kernel_confirm.Outcome, before: Dict[str, Any]) -> None:
    found = _fallback_kernel_status.problems(outcome)
    # Once for each reason, not at every look.
    if (outcome.action, found) != (before.get("status"), before.get("problems")):
        say(CRIT, "%s: %s" % (WORDS[outcome.action] % outcome.release, "; ".join(found) or "crash_info may tell why"))
    if outcome.action in ("restart", "unconfirmed"):
        _try(lambda: _fallback_kernel_record.note(host, outcome.release, outcome.problems))
    if outcome.action == "unconfirmed":
        _try(lambda: host.run(["systemctl", "start", "--no-block", AGAIN]))


def _keep(host: Host, policy: Dict[str, Any]) -> None:
    """Have the package manager keep what counts now, without a run of the role."""
    _try(lambda: _fallback_kernel_retention.renew(host, policy["retain"]))


def _try(do: Callable[[], Any]) -> None:
    try:
        do()
    except HostError as error:
        _warn(str(error))


def _warn(text: str) -> None:
    say(WARNING, text)


def _publish(host: Host, outcome: _fallback_kernel_confirm.Outcome) -> None:
    _try(lambda: _fallback_kernel_status.publish(host, outcome))


def arm(host: Host) -> int:
    """Called while the host shuts down: only an orderly restart may try a kernel."""
    jobs = host.run(["systemctl", "list-jobs", "--no-legend", "--plain"]).out
    if not any(fields[1:3] == ["reboot.target", "start"] for fields in (line.split() for line in jobs.splitlines())):
        return 0
    release = _fallback_kernel_confirm.arm(host)
    if release:
        say(NOTICE, "the next boot tries the kernel %s once" % release)
    return 0


def parse(arguments: Optional[List[str]] = None) -> Dict[str, Any]:
    """The command line, as the units have it."""
    parser = argparse.ArgumentParser(prog="fallback_kernel", description=__doc__)
    orders = parser.add_subparsers(dest="order", metavar="order")
    # As an argument of add_subparsers it is newer than Python 3.6.
    orders.required = True
    orders.add_parser("arm")
    confirming = orders.add_parser("confirm")
    for name in ("--retain", "--ssh-port", "--healthy-minutes", "--boot-timeout"):
        confirming.add_argument(name, type=int, required=True)
    confirming.add_argument("--scripts", required=True)
    confirming.add_argument("--reboot-unconfirmed", action="store_true")
    return vars(parser.parse_args(arguments))


def main() -> None:
    policy, host = parse(), Host()
    try:
        code = arm(host) if policy["order"] == "arm" else confirm(host, policy, time.sleep)
    except HostError as error:
        say(CRIT, str(error))
        # Not for good: systemd starts the program again.
        code = 1
    raise SystemExit(code)
