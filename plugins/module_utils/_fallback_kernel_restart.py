# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host is restarted that may be too broken to do so when it is asked the first time."""

from typing import Any, Callable

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ORDERLY = (["systemctl", "reboot"],) * 2
FORCED = (["systemctl", "--force", "reboot"],) * 2 + (["systemctl", "-ff", "reboot"],)
SYSRQ = "/proc/sysrq-trigger"
PAUSE = 10  # seconds


def restart(host: Host, cut_off: bool, sleep: Callable[[float], None], warn: Callable[[str], None]) -> None:
    """Ask systemd, and where the host serves nobody any more insist; C(warn) is told what did not work."""

    def done(do: Callable[..., Any], what: Any) -> bool:
        try:
            do(what)
        except HostError as error:
            warn(str(error))
            sleep(PAUSE)
            return False
        return True

    # Stopping units one by one could wait for ever; a host that serves ends in order, or stays.
    if any(done(host.run, argv) for argv in (FORCED if cut_off else ORDERLY)) or not cut_off:
        return
    # Without systemd, by the kernel alone: first it writes what is not on the disk yet.
    done(lambda order: host.write_kernel(SYSRQ, order), "s")
    sleep(PAUSE)
    done(lambda order: host.write_kernel(SYSRQ, order), "b")
