# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a host as the role fallback_kernel wants it, or takes that back: files, units, the known-good kernel, the boot menu."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _changes,
    _fallback_kernel_choice,
    _fallback_kernel_initramfs,
    _fallback_kernel_policy,
    _fallback_kernel_record,
    _fallback_kernel_retention,
    _fallback_kernel_status,
    _grub,
    _program,
    _systemd,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_files as files
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import Keep
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_units import (
    AGAIN,
    ARM,
    CONFIRM,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import RUN_DIR, STATE_DIR, Host, HostError

UNITS = (CONFIRM, ARM)
ALL_UNITS = (AGAIN,) + UNITS
OWN_FILES = (files.PROGRAM, files.MANAGER, files.CONSOLE, files.CHECK, _fallback_kernel_initramfs.PATH)
OWN_FILES += tuple(map(files.unit_path, ALL_UNITS))
Options = Optional[Dict[str, Any]]


def written(host: Host, state: Dict[str, Any], options: Options) -> List[Change]:
    """The files that are not as wanted; C(options) None stands for nothing of ours. Raises HostError."""
    texts: Dict[str, File] = {}
    shared = _fallback_kernel_retention.without(host)
    if options is not None and state["supported"]:
        found = files.facts(host)
        texts[files.PROGRAM] = files.program()
        texts.update(files.units(found, options))
        if state["method"] == "grub":
            texts.update(files.console(found, options))
    if options is not None:
        shared.update(_fallback_kernel_retention.wanted(host, _kept(host, state, options)))
    masked = [files.unit_path(name) for name in ALL_UNITS if _systemd.unit(host, name).masked]
    if any(path in texts for path in masked):
        units = " ".join(path.rsplit("/", 1)[-1] for path in masked)
        raise HostError("%s: masked; systemctl unmask %s, then run again; nothing was changed" % (units, units))
    # Without anything of ours a mask is somebody else's.
    wanted = dict((path, texts.get(path, File(""))) for path in OWN_FILES if path not in masked)
    wanted.update((path, File(text, host.mode(path))) for path, text in shared.items())
    return sorted(_changes.differing(host, wanted))


def _kept(host: Host, state: Dict[str, Any], options: Dict[str, Any]) -> Keep:
    found = _fallback_kernel_policy.kernels(state)
    chosen = _fallback_kernel_choice.known_good(state) if state["supported"] else ""
    return _fallback_kernel_retention.what_stays(host, found, state["running"], chosen, options["retain"])


def obstacles(host: Host, state: Dict[str, Any], options: Options) -> List[str]:
    """What a person must do first, because the role cannot; raises HostError."""
    return [] if options is None else _fallback_kernel_retention.obstacles(host, _kept(host, state, options))


def _wish(state: Dict[str, Any], options: Options) -> _boot_kernel_changes.Wish:
    chosen = ("", "") if options is None else (_fallback_kernel_choice.known_good(state), None)
    return _boot_kernel_changes.Wish(*chosen)


def _menu_flaw(host: Host, options: Options, text: str) -> str:
    offered = files.menu(text)
    if options is None:
        return "an entry of ours is there" if offered["check"] else ""
    return files.menu_flaw(offered, files.facts(host), options)


def _menu(host: Host, state: Dict[str, Any], options: Options, changed: List[Change]) -> List[Change]:
    """Whether the boot menu must be made anew, beside what the known-good kernel asks for."""
    if state["method"] != "grub":
        return []
    flaw = _menu_flaw(host, options, host.read(_grub.GRUB_CFG) or "")
    if not flaw and not any(change.path in (files.CONSOLE, files.CHECK) for change in changed):
        return []
    return [Change(_grub.GRUB_CFG, flaw or "made before these settings", "made anew")]


def _services(host: Host, state: Dict[str, Any], options: Options) -> List[Change]:
    """Units that must be enabled, and what must be running so that the next restart passes by it."""
    if options is None or not state["supported"]:
        return []
    wanted = UNITS if options["arm_at_reboot"] else UNITS[:1]
    states = [_systemd.unit(host, name) for name in wanted]
    found = [Change(unit.name, "disabled", "enabled") for unit in states if not unit.enabled]
    if options["arm_at_reboot"] and _systemd.active_states(host, [ARM])[ARM] != "active":
        found.append(Change(ARM, "not started", "started"))
    return found


def _forgotten(host: Host, options: Options) -> List[Change]:
    if options is not None:
        return []
    paths = (_fallback_kernel_record.PATH, _fallback_kernel_status.PATH)
    texts = [(path, host.read(path)) for path in paths]
    return [Change(path, text, "", 0o644) for path, text in texts if text is not None]


def plan(host: Host, state: Dict[str, Any], options: Options) -> List[Change]:
    """All that is not as wanted; raises HostError."""
    changed = written(host, state, options)
    planned = _boot_kernel_changes.plan(host, state, _wish(state, options)) if state["supported"] else []
    boot = [Change(c["path"], c["before"], c["after"], c["mode"]) for c in planned]
    menu = [] if any(c.path == _grub.GRUB_CFG for c in boot) else _menu(host, state, options, changed)
    return changed + boot + menu + _services(host, state, options) + _forgotten(host, options)


def apply(host: Host, state: Dict[str, Any], options: Options) -> None:
    """Make it so; where the boot menu cannot be made, the files are as they were. Raises HostError."""
    changed = written(host, state, options)
    removed = [change.path for change in changed if not change.after]
    gone = [name for name in ALL_UNITS if files.unit_path(name) in removed]
    enabled = [name for name in gone if _systemd.unit(host, name).enabled]
    started = [name for name, said in _systemd.active_states(host, gone).items() if said == "active"] if gone else []
    try:
        for name in gone:
            host.run(["systemctl", "disable", "--now", name])
        _write(host, state, options, changed)
    except HostError:
        for verb, names in (("enable", enabled), ("start", started)):
            for name in names:
                host.run(["systemctl", verb, name], check=False)
        raise
    if any(change.path.startswith(_systemd.UNITS) for change in changed):
        host.run(["systemctl", "daemon-reload"])
    for name in gone:
        # Of a unit that had failed systemd goes on telling; one that had not it does not know any more.
        host.run(["systemctl", "reset-failed", name], check=False)
    for change in _services(host, state, options):
        host.run(["systemctl", "enable" if change.after == "enabled" else "start", change.path])
    if options is None:
        _forget(host)
    elif state["supported"]:
        after = _boot_kernel.observe(host)
        _fallback_kernel_record.remember(host, options, after["running"], after["known_good"])


def _write(host: Host, state: Dict[str, Any], options: Options, changed: List[Change]) -> None:
    modes = dict((change.path, host.mode(change.path)) for change in changed)
    _changes.write_all(host, changed)
    try:
        if state["supported"]:
            _set_menu(host, state, options, changed)
    except HostError:
        for change in changed:
            _changes.put(host, change.path, change.before, modes[change.path])
        raise


def _forget(host: Host) -> None:
    for change in _forgotten(host, None):
        host.remove(change.path)
    for folder in (_program.LIBRARY, STATE_DIR, RUN_DIR):
        host.remove_empty(folder)


def _set_menu(host: Host, state: Dict[str, Any], options: Options, changed: List[Change]) -> None:
    wish = _wish(state, options)
    if _boot_kernel_changes.plan(host, state, wish):
        remade = _boot_kernel.BACKENDS[state["method"]].changes(host, wish.known_good)
        # One menu for both, so that a flaw of either leaves the present one, and the files of both as they were.
        _boot_kernel_changes.apply(host, state, wish, lambda text: _judge(host, options, text))
        # The menu that was made for it has seen our files already.
        changed = [] if remade else changed
    if _menu(host, state, options, changed):
        _grub.regenerate(host, lambda text: _judge(host, options, text))


def _judge(host: Host, options: Options, text: str) -> None:
    flaw = _menu_flaw(host, options, text)
    if flaw:
        raise HostError(
            "%s: %s; look for another file in %s that decides; nothing was changed"
            % (_grub.GRUB_CFG, flaw, _grub.DROP_INS)
        )
