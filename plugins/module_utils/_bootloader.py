# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot entries of a host behind one face, whatever writes them; an unknown boot method is named, never guessed."""

from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _bls, _cmdline, _grub
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

BACKENDS: Dict[str, Any] = {"grub": _grub, "bls": _bls}
EFI_STUB = "/sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
# A file that gives a boot method away, and its name; the first that is there decides.
SIGNS = (
    ("/run/ostree-booted", "ostree"),
    ("/etc/kernel/proxmox-boot-uuids", "proxmox-boot-tool"),
    (EFI_STUB, "unified kernel image"),
)
LATER_SIGNS = (
    ("/boot/grub2/grub.cfg", "grub2 without grubby and without drop-ins"),
    ("/boot/grub/grub.cfg", "grub without drop-ins"),
    ("/boot/efi/loader/loader.conf", "systemd-boot"),
    ("/efi/loader/loader.conf", "systemd-boot"),
    ("/boot/loader/loader.conf", "systemd-boot"),
    ("/boot/extlinux/extlinux.conf", "extlinux"),
    ("/etc/zipl.conf", "zipl"),
)
NONE = "none found (a kernel from outside this host?)"


def method(host: Host) -> str:
    """The name of the boot method: C(grub), C(bls), or the name of one that is not supported."""
    for path, name in SIGNS:
        if host.exists(path):
            return name
    if host.which("grubby") and host.exists(_bls.ENTRIES):
        return "bls"
    mkconfig = host.which("grub-mkconfig")
    if mkconfig and host.exists(_grub.GRUB_CFG) and "grub.d/*.cfg" in (host.read(mkconfig) or ""):
        return "grub"
    for path, name in LATER_SIGNS:
        if host.exists(path):
            return name
    return NONE


def observe(host: Host) -> Dict[str, Any]:
    """The boot plane: method, running command line, entries, and what kernels to come will take.

    Raises Unreadable or CommandError, e.g. without root where the entries are for root alone.
    """
    name = method(host)
    state: Dict[str, Any] = {
        "method": name,
        "supported": name in BACKENDS,
        "running": (host.read("/proc/cmdline") or "").strip(),
        "entries": [],
        "assignments": [],
    }
    if name in BACKENDS:
        state["entries"] = BACKENDS[name].entries(host)
        state["assignments"] = BACKENDS[name].assignments(host)
    return state


def normal(state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The entries that an unattended boot can use."""
    return [entry for entry in state["entries"] if not entry["recovery"]]


def lacking(state: Dict[str, Any], arguments: _cmdline.Arguments, unique: bool = False) -> List[Dict[str, Any]]:
    """The normal entries on which one of the arguments does not count, or with C(unique) stands more than once."""
    return [entry for entry in normal(state) if not _cmdline.has(entry["arguments"], arguments, unique)]


def drop_in(name: str) -> str:
    """The file in which GRUB's configuration gets the arguments of the owner C(name)."""
    return _grub.drop_in(name)


def beats_drop_in(source: str, name: str) -> bool:
    """Whether the file of C(source) (file:line) is read behind our drop-in, so that ours cannot win."""
    path = source.rsplit(":", 1)[0]
    return path.startswith(_grub.DROP_INS + "/") and path > _grub.drop_in(name)


def plan(host: Host, name: str, arguments: Optional[_cmdline.Arguments], unique: bool = False) -> List[Dict[str, str]]:
    """What C(apply) would change, as before and after of each file and of the entries; empty for nothing.

    Raises HostError where the change would not hold.
    """
    state = observe(host)
    if arguments:
        BACKENDS[state["method"]].foresee(host, name, arguments, unique)
    changes = [c for c in BACKENDS[state["method"]].files(host, name, arguments, unique) if c["before"] != c["after"]]
    stale = lacking(state, arguments or {}, unique)
    if stale:
        changes.append(
            {
                "path": "boot entries",
                "before": "".join("%s: %s\n" % (e["id"], e["arguments"]) for e in stale),
                "after": "".join(
                    "%s: %s\n" % (e["id"], _cmdline.replace(e["arguments"], arguments or {})) for e in stale
                ),
            }
        )
    return changes


def apply(host: Host, name: str, arguments: Optional[_cmdline.Arguments], unique: bool = False) -> None:
    """Set the arguments of the owner C(name) on every normal entry, or with None take them back; read back."""
    backend = BACKENDS[method(host)]
    backend.apply(host, name, arguments, unique)
    left = lacking(observe(host), arguments or {}, unique)
    if left:
        raise HostError(
            "the boot entry '%s' does not carry %s after the change; look at %s"
            % (left[0]["title"], _cmdline.render(arguments or {}), left[0]["source"])
        )
