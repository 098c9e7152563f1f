# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role fallback_kernel: whether a host has kernels to fall back to, and comes back by itself from one that does not boot."""

import time
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_elsewhere,
    _boot_kernel,
    _fallback_kernel_controls,
    _fallback_kernel_files,
    _fallback_kernel_health,
    _fallback_kernel_initramfs,
    _fallback_kernel_policy,
    _fallback_kernel_record,
    _fallback_kernel_retention,
    _fallback_kernel_units,
    _grub,
    _kernel_packages,
    _kernels,
    _proxmox,
    _systemd,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

evaluate = _fallback_kernel_controls.evaluate
resolve = _fallback_kernel_policy.resolve
validate = _fallback_kernel_policy.validate


def observe(host: Host) -> Dict[str, Any]:
    """What this host has of kernels; C(errors) says why what could not be read could not."""
    state: Dict[str, Any] = {"virtualization": _virtualization.observe(host), "errors": {}, "now": time.time()}
    if state["virtualization"]["kind"] == "container":
        return state
    kernels = attempt(state, "kernels", lambda: _kernels.installed(host)) or []
    state.update(
        running=_kernels.running(host),
        uptime=_fallback_kernel_health.uptime(host),
        listening=attempt(state, "listening", lambda: _fallback_kernel_health.listening(host)),
        kernels=[dict(kernel._asdict(), bootable=kernel.bootable) for kernel in kernels],
        installed_at=dict((kernel.release, _installed_at(host, kernel.release)) for kernel in kernels),
        boot=attempt(state, "boot", lambda: _boot_kernel.observe(host)),
        retention=attempt(state, "retention", lambda: _retention(host, kernels)),
        pinned=attempt(state, "retention", lambda: _proxmox.pinned(host)) or [],
        packages=attempt(state, "kernels", lambda: _kernel_packages.removable(host)),
        program=attempt(state, "program", lambda: _program(host)),
        unguarded=_fallback_kernel_initramfs.before(host, [kernel.release for kernel in kernels]),
        menu=attempt(state, "boot", lambda: _fallback_kernel_files.menu(host.read(_grub.GRUB_CFG) or "")),
        left=attempt(state, "left", lambda: _fallback_kernel_record.left(host)),
        space=attempt(state, "space", lambda: dict(host.space(_kernels.BOOT)._asdict())),
    )
    state["elsewhere"] = attempt(state, "boot", lambda: _elsewhere(host, state["boot"] or {}))
    return state


def _retention(host: Host, kernels: List[_kernels.Kernel]) -> List[Dict[str, Any]]:
    return [dict(one._asdict()) for one in _fallback_kernel_retention.observe(host, kernels, _kernels.running(host))]


def _elsewhere(host: Host, boot: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """On a boot method on which kernels are kept and none is tried: which have a boot entry; else None."""
    method = boot.get("method", "")
    if not _boot_elsewhere.keeps(host, method):
        return None
    return {"method": method, "listed": _boot_elsewhere.listed(host, method)}


def _installed_at(host: Host, release: str) -> Optional[float]:
    # The image bears the time of its build, and an initrd that of its last renewal.
    listed = host.modified("/var/lib/dpkg/info/linux-image-%s.list" % release)
    return listed or host.modified("%s/%s/modules.dep" % (_kernels.MODULES[0], release))


def _program(host: Host) -> Dict[str, Any]:
    """The program and its units as they are; its text is too long for a report."""
    names = (_fallback_kernel_units.CONFIRM, _fallback_kernel_units.ARM)
    units = names + (_fallback_kernel_units.AGAIN,)
    paths = [_fallback_kernel_files.unit_path(name) for name in units]
    paths += [_fallback_kernel_files.MANAGER, _fallback_kernel_initramfs.PATH]
    facts = _fallback_kernel_files.facts(host)
    return {
        "current": _fallback_kernel_files.is_current(host.read(_fallback_kernel_files.PROGRAM)),
        "files": dict((path, host.read(path)) for path in paths),
        "units": dict((name, dict(_systemd.unit(host, name)._asdict())) for name in names),
        "active": _systemd.active_states(host, list(names)),
        "facts": facts,
        "crash": _on_crash(host, "CrashAction" if facts["crash_action"] else "CrashReboot"),
    }


def _on_crash(host: Host, key: str) -> Dict[str, str]:
    """What a systemd that crashes does, and the place that decides it, which may come behind ours."""
    found = _systemd.settings(host, "system.conf", "Manager").get(key)
    return dict(found._asdict()) if found else {}
