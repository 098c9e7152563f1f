# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a host boots: what is there, what may be the known-good kernel, and what may be tried once."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel_bls,
    _boot_kernel_grub,
    _boot_kernel_trial,
    _bootloader,
    _grub_disk,
    _grub_env,
    _kernels,
    _proxmox,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

WITH_XEN = " with Xen"
BACKENDS: Dict[str, Any] = {"grub": _boot_kernel_grub, "bls": _boot_kernel_bls}


def _method(host: Host) -> str:
    """The boot method, as _bootloader names it; below Xen the entry to boot is the hypervisor's, which loads the kernel."""
    name = _bootloader.method(host)
    # What was set before Xen came can be taken back.
    return name + WITH_XEN if name == "grub" and _below_xen(host) and not _boot_kernel_grub.known_good(host) else name


def _below_xen(host: Host) -> bool:
    return "control_d" in (host.read("/proc/xen/capabilities") or "")


def observe(host: Host) -> Dict[str, Any]:
    """Kernels, entries, what boots next and after that; raises Unreadable or CommandError without root."""
    method = _method(host)
    kernels = _kernels.installed(host)
    state: Dict[str, Any] = {
        "method": method,
        "supported": method in BACKENDS,
        "running": _kernels.running(host),
        "newest": _kernels.newest(kernels),
        "kernels": [dict(kernel._asdict(), bootable=kernel.bootable) for kernel in kernels],
    }
    if method in BACKENDS:
        backend = BACKENDS[method]
        block = _grub_env.read(host, backend.ENVIRONMENT)
        variables = _grub_env.values(block.text)
        trial = _trial(host, backend, variables)
        there = {kernel.release for kernel in kernels} | {state["running"], backend.known_good(host)}
        trial = _boot_kernel_trial.of_these(trial, there)
        state.update(
            entries=backend.entries(host),
            needed=_boot_kernel_trial.DRACUT if method == "bls" or _kernels.dracut(host) else {},
            known_good=backend.known_good(host),
            pin=_proxmox.pin(host),
            default=backend.default(host, variables),
            environment=_environment(host, block, trial),
            below_xen=_below_xen(host),
            trial=trial,
            failed=[release for release in _boot_kernel_trial.failed(variables, trial) if release in there],
        )
    return state


def default(host: Host) -> str:
    """The kernel that a restart without a one-time choice boots, '' where nobody can tell; raises HostError."""
    backend = BACKENDS.get(_method(host))
    if backend is None:
        return ""
    variables = _grub_env.values(_grub_env.read(host, backend.ENVIRONMENT).text)
    return str(backend.default(host, variables)["release"])


def known_good(host: Host) -> str:
    """The known-good kernel that was set, '' for none, whatever else can be read; raises HostError."""
    return next((release for release in (backend.known_good(host) for backend in BACKENDS.values()) if release), "")


def left_behind(host: Host, state: Dict[str, Any]) -> str:
    """The kernel that restarts boot when the known-good one is taken back; '' where none was set. Raises HostError."""
    if not state.get("known_good"):
        return ""
    return str(BACKENDS[state["method"]].left_behind(host, state["newest"]))


def failed(host: Host) -> List[str]:
    """The kernels that failed a trial, newest trial first; raises HostError."""
    backend = BACKENDS.get(_method(host))
    if backend is None:
        return []
    variables = _grub_env.values(_grub_env.read(host, backend.ENVIRONMENT).text)
    return _boot_kernel_trial.failed(variables, _trial(host, backend, variables))


def _trial(host: Host, backend: Any, variables: Dict[str, str]) -> Dict[str, Any]:
    return _boot_kernel_trial.observe(host, variables, lambda choice: dict(backend.chosen(host, choice)))


def _environment(host: Host, block: _grub_env.Block, trial: Dict[str, Any]) -> Dict[str, Any]:
    variables = _grub_env.values(block.text)
    judged = _grub_disk.judge(host, block.path)
    judged = judged._replace(reason=judged.reason or _boot_kernel_trial.stuck(variables, trial))
    return dict(judged._asdict(), writable=judged.writable, whole=block.whole, variables=variables)


def warnings(state: Dict[str, Any]) -> List[str]:
    """What an operator should know whatever is asked for."""
    found = []
    for kernel in state["kernels"]:
        if not kernel["bootable"] and kernel["image"]:
            found.append("The kernel %s is only half installed: %s" % (kernel["release"], "; ".join(kernel["missing"])))
    if state["below_xen"]:
        found.append(
            "The default entry boots this dom0 without Xen: take it back with state: absent, or the role's removal"
        )
    if state["trial"]["status"] in ("armed", "stuck") and not state["environment"]["writable"]:
        found.append(
            "GRUB boots %s at every restart, not once: %s; disarm it with trial: none"
            % (state["trial"]["release"], state["environment"]["reason"])
        )
    return found
