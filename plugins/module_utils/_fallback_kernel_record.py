# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlasts a boot: what the known-good kernel was seen with, and why a kernel was left again."""

import json
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

PATH = STATE_DIR + "/fallback_kernel.json"
EMPTY: Dict[str, Any] = {"routes": [], "ssh": None, "left": {}}


def read(host: Host) -> Dict[str, Any]:
    """The C(routes) and the C(ssh) port of the known-good kernel, and the kernel that was C(left).

    A damaged record is an empty one, which the next write mends: it must neither keep a host cut off nor a kernel unconfirmed.
    """
    try:
        return _read(host)
    except HostError:
        return dict(EMPTY)


def _read(host: Host) -> Dict[str, Any]:
    text = host.read(PATH)
    if text is None:
        return dict(EMPTY)
    try:
        found = json.loads(text)
        routes = [str(route) for route in found["routes"]]
        return {"routes": routes, "ssh": found["ssh"], "left": dict(found["left"])}
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it" % (PATH, error)) from None


def known(host: Host, policy: Dict[str, Any]) -> health.Known:
    """What the known-good kernel was seen with; of a host that nobody looked at, ssh is asked for."""
    found = read(host)
    return health.Known(found["routes"], found["ssh"] in (None, policy["ssh_port"]))


def remember(host: Host, policy: Dict[str, Any], running: str, known_good: str) -> None:
    """Take what there is now for the standard of a trial, where the known-good kernel runs; raises HostError."""
    if running != known_good:
        return
    found, port = read(host), policy["ssh_port"]
    # A moment without network, or a boot that still goes on, is no new standard.
    routes = health.routes(host) or found["routes"]
    # sshd may have moved to another port: asked for for ever, every trial would be one that cannot be reached.
    listened = health.listens(host, port) or (found["ssh"] == port and not health.settled(host, policy))
    _write(host, dict(found, routes=routes, ssh=port if listened else 0))


def note(host: Host, release: str, problems: List[health.Problem]) -> None:
    """Keep what speaks against a trial for the boot after it; raises HostError."""
    _write(host, dict(read(host), left={"release": release, "problems": [problem.text for problem in problems]}))


def left(host: Host) -> Dict[str, Any]:
    """The kernel that was left again by the program, and why; empty where it never did; raises HostError."""
    found: Dict[str, Any] = _read(host)["left"]
    return found


def _write(host: Host, record: Dict[str, Any]) -> None:
    text = json.dumps(record, sort_keys=True) + "\n"
    if text != host.read(PATH):
        host.write(PATH, text)
