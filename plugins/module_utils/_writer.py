# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules share: the one place where typed errors become fail_json, and the checks of writers."""

import os
import re
from typing import Any, Callable, Dict

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError, Unreadable


def main(module: Any, run: Callable[[Any, Host], Dict[str, Any]], host: Host) -> None:
    """Run a module's C(run) and leave: with its result, or with the message of a typed error."""
    try:
        result = run(module, host)
    except (PolicyError, HostError) as error:
        hint = "; it is for root alone: set become: true" if isinstance(error, Unreadable) and os.geteuid() != 0 else ""
        module.fail_json(msg=clean(str(error)) + hint)
    module.exit_json(**clean(result))


def clean(value: Any) -> Any:
    """The value without bytes that are no UTF-8: ansible-core 2.19 refuses an answer that holds them."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return dict((clean(key), clean(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def printable(text: str) -> str:
    """Text of one line for a terminal, which nothing in a file name, a log or a value may steer."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def owner(name: str) -> str:
    """A name that is safe as a part of a file name; raises PolicyError."""
    if not re.match(r"^[a-z][a-z0-9_-]{0,63}\Z", name):
        raise PolicyError("name: '%s' must be lower-case letters, digits, '_' and '-', and begin with a letter" % name)
    return name


def need_root() -> None:
    """Raises HostError where the module does not run as root."""
    if os.geteuid() != 0:
        raise HostError("changing the kernel's configuration needs root: set become: true")
