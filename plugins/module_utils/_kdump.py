# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role kdump: whether a crash kernel is ready on a host, and whether a dump would arrive where the policy wants it."""

import time
from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _bootloader,
    _cmdline,
    _kdump_backends,
    _kdump_controls,
    _kdump_dumps,
    _kdump_kernel,
    _kdump_plan,
    _kdump_policy,
    _kdump_proof,
    _kdump_sizing,
    _kdump_space,
    _kernels,
    _sysctl,
    _systemd,
    _virtualization,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import attempt

validate = _kdump_policy.validate
resolve = _kdump_policy.resolve
evaluate = _kdump_controls.evaluate


def observe(host: Host) -> Dict[str, Any]:
    """What this host has of kdump; C(errors) says why what could not be read could not."""
    system = _kdump_backends.system(host)
    state: Dict[str, Any] = {
        "virtualization": _virtualization.observe(host),
        "system": system.name,
        "family": system.family,
        "major": system.major,
        "backend": system.backend,
        "supported": _kdump_kernel.supported(host),
        "errors": {},
    }
    if state["virtualization"]["kind"] == "container":
        return state
    running = host.read("/proc/cmdline") or ""
    state.update(
        architecture=host.run(["uname", "-m"]).out.strip(),
        kernel=_kernels.running(host),
        memory=_kdump_sizing.memory(host),
        reserved=_kdump_kernel.reserved(host),
        loaded=_kdump_kernel.loaded(host),
        running_crashkernel=_cmdline.values(running, "crashkernel"),
        boot=attempt(state, "boot", lambda: _bootloader.observe(host)),
        next=attempt(state, "boot", lambda: _boot_kernel.default(host)),
        kexec=attempt(state, "kexec", lambda: _observe_kexec(host)),
        lockdown=_kdump_kernel.lockdown(host),
        now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        proof=attempt(state, "proof", lambda: _kdump_proof.proof(host)),
        record=attempt(state, "record", lambda: _kdump_plan.record(host)),
    )
    if state["backend"]:
        _observe_tool(host, state)
    return state


def _observe_kexec(host: Host) -> Dict[str, Any]:
    winner, _beaten = _sysctl.persisted(_sysctl.assignments(host), _sysctl.KEXEC_KEY)
    return {
        "live": _sysctl.live(host, _sysctl.KEXEC_KEY),
        "persisted": winner.value if winner else None,
        "source": _sysctl.shown(host, winner) if winner else "",
    }


def _observe_tool(host: Host, state: Dict[str, Any]) -> None:
    backend = _kdump_backends.BACKENDS[state["backend"]]
    programs = backend.packages(state["major"])
    state["packages"] = dict((name, host.which(program) is not None) for name, program in programs.items())
    state["unit"] = dict(_systemd.unit(host, backend.UNIT)._asdict())
    config = attempt(state, "config", lambda: backend.effective(host))
    state["config"] = config
    text = attempt(state, "config", lambda: host.read(backend.CONFIG))
    state["config_text"] = text or ""
    state["loaded_kernel"] = backend.loaded_kernel(host)
    state["capture_line"] = attempt(state, "capture_line", lambda: backend.capture_line(host, config or {}))
    state["capture_initrds"] = dict((kernel, host.exists(backend.capture_initrd(kernel))) for kernel in _booted(state))
    state["target"] = {"kind": backend.target(config or {}), "directory": backend.directory(config or {})}
    state["level"] = backend.level(config or {})
    state["target"].update(attempt(state, "target", lambda: _observe_target(host, state)) or {})


def _booted(state: Dict[str, Any]) -> List[str]:
    """The running kernel, and the one that the next restart boots."""
    following = state["next"] or state["kernel"]
    return [state["kernel"]] + ([following] if following != state["kernel"] else [])


def _reached(host: Host, state: Dict[str, Any]) -> int:
    # The RHEL family mends its makedumpfile without a new version number.
    if state["backend"] != "kdump-tools" or host.which("makedumpfile") is None:
        return int(state["level"])
    return _kdump_space.reached(
        state["level"], state["kernel"], lambda: host.run(["makedumpfile", "-v"], check=False).out
    )


def _observe_target(host: Host, state: Dict[str, Any]) -> Dict[str, Any]:
    directory = state["target"]["directory"]
    memory = _kdump_space.meminfo(host.read("/proc/meminfo") or "")
    found: Dict[str, Any] = {
        "exists": host.exists(directory),
        "mode": "%04o" % host.mode(directory, 0) if host.exists(directory) else "",
        "needed": _kdump_space.needed(memory, _reached(host, state)),
    }
    if state["target"]["kind"] == "local":
        space = host.space(directory)
        found.update(free=space.free, total=space.total, read_only=space.read_only, writable=host.writable(directory))
        found["old"] = sum(dump["bytes"] for dump in _kdump_dumps.listing(host, directory))
    return found
