# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role fallback_kernel: whether a host has kernels to fall back to, and comes back by itself from one that does not boot."""

import time
from typing import Any, Callable, Dict, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel_controls,
    _fallback_kernel_retention,
    _kernels,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

evaluate = _fallback_kernel_controls.evaluate
resolve = _fallback_kernel_controls.resolve
# Smallest and largest values that make sense.
NUMBERS = {"fallback_kernel_retain": (1, 20), "fallback_kernel_trial_max_age": (1, 365)}


def validate(policy: Dict[str, Any]) -> None:
    """Refuse what the role would refuse; raises PolicyError that begins with the variable."""
    for name, (least, most) in sorted(NUMBERS.items()):
        value = policy[name]
        if isinstance(value, bool) or not str(value).isdigit() or not least <= int(value) <= most:
            raise PolicyError("%s: '%s' is not a whole number from %d to %d" % (name, value, least, most))


def observe(host: Host) -> Dict[str, Any]:
    """What this host has of kernels; C(errors) says why what could not be read could not."""
    state: Dict[str, Any] = {"virtualization": _virtualization.observe(host), "errors": {}, "now": time.time()}
    if state["virtualization"]["kind"] == "container":
        return state
    kernels = _try(state, "kernels", lambda: _kernels.installed(host)) or []
    state.update(
        running=_kernels.running(host),
        kernels=[dict(kernel._asdict(), bootable=kernel.bootable) for kernel in kernels],
        installed_at=dict((kernel.release, _installed_at(host, kernel.release)) for kernel in kernels),
        boot=_try(state, "boot", lambda: _boot_kernel.observe(host)),
        retention=_try(state, "retention", lambda: _fallback_kernel_retention.observe(host, kernels)._asdict()),
        space=_try(state, "space", lambda: dict(host.space(_kernels.BOOT)._asdict())),
    )
    return state


def _try(state: Dict[str, Any], name: str, look: Callable[[], Any]) -> Any:
    try:
        return look()
    except HostError as error:
        state["errors"][name] = str(error)
        return None


def _installed_at(host: Host, release: str) -> Optional[float]:
    # The image bears the time of its build, and an initrd that of its last renewal.
    listed = host.modified("/var/lib/dpkg/info/linux-image-%s.list" % release)
    return listed or host.modified("%s/%s/modules.dep" % (_kernels.MODULES[0], release))
