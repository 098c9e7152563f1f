# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-good kernel with boot loader entries (RHEL family): it is the saved entry, and updates leave that alone."""

import json
import re
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bls,
    _grub_env,
    _grub_menu,
    _kernels,
    _managed_block,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

ENVIRONMENT = "/boot/grub2/grubenv"
GRUB_CFG = "/boot/grub2/grub.cfg"
SYSCONFIG = "/etc/sysconfig/kernel"
RECORD = STATE_DIR + "/boot_kernel.json"
BLOCK = "boot_kernel"


def entries(host: Host) -> List[Dict[str, Any]]:
    """The entries as grubby lists them; needs root; raises CommandError."""
    found = []
    for entry in _bls.entries(host):
        # An entry for debugging has the kernel of another one, with more on its command line.
        other = entry["recovery"] or entry["id"].endswith("~debug")
        release = _kernels.release_of(entry["kernel"])
        found.append(dict(entry, release=release, recovery=other, known_good=False, initrd=True))
    return found


def default(host: Host, environment: Dict[str, str]) -> Dict[str, Any]:
    """What a restart without a one-time choice boots; nobody has seen GRUB go on alone here when it cannot be loaded."""
    text = host.read(GRUB_CFG)
    choice = "${saved_entry}" if text is None else _grub_menu.default(text)
    choice = choice.replace("${saved_entry}", environment.get("saved_entry", ""))
    found = dict(chosen(host, choice), fallback="", waits=_grub_menu.waits(text or ""))
    told = _kernels.release_of(host.run(["grubby", "--default-kernel"]).out.strip())
    return dict(found, release=told or found["release"])


def chosen(host: Host, choice: str) -> Dict[str, Any]:
    """What GRUB boots for a choice: an id, a title or a number; the first entry where it matches nothing."""
    listed = _bls.entries(host)
    named = [e for number, e in enumerate(listed) if choice in (e["id"], e["title"], str(number))]
    found = (named or listed or [{"id": "", "kernel": ""}])[0]
    return {
        "choice": choice,
        "id": found["id"],
        "release": _kernels.release_of(found["kernel"]),
        "named": bool(named),
    }


def record(host: Host) -> Dict[str, Any]:
    """The known-good kernel that was set, and the default as it was before; raises HostError."""
    text = host.read(RECORD)
    if text is None:
        return {"known_good": "", "saved_entry": None}
    try:
        found = json.loads(text)
        return {"known_good": str(found["known_good"]), "saved_entry": found["saved_entry"]}
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it, then set known_good again" % (RECORD, error)) from None


def known_good(host: Host) -> str:
    """The release that was set, '' for none."""
    release: str = record(host)["known_good"]
    return release


def files(host: Host, release: str) -> List[Dict[str, Any]]:
    """The files for this known-good kernel ('' for none of ours): before, after, permissions."""
    text = host.read(SYSCONFIG) or ""
    wanted = _managed_block.strip(text, BLOCK)
    if release:
        wanted = _managed_block.merge(text, BLOCK, ["UPDATEDEFAULT=no"], _sets_default)
    known = json.dumps(dict(_remembered(host), known_good=release), sort_keys=True) + "\n" if release else ""
    return [
        {"path": SYSCONFIG, "before": text, "after": wanted, "mode": host.mode(SYSCONFIG)},
        {"path": RECORD, "before": host.read(RECORD) or "", "after": known, "mode": 0o644},
    ]


def _sets_default(line: str) -> bool:
    return re.match(r"^\s*UPDATEDEFAULT=", line) is not None


def _remembered(host: Host) -> Dict[str, Any]:
    if host.read(RECORD) is not None:
        return record(host)
    return {"saved_entry": _grub_env.values(_grub_env.read(host, ENVIRONMENT).text).get("saved_entry")}


def changes(host: Host, release: str) -> List[Dict[str, Any]]:
    """The files that are not as wanted."""
    return [change for change in files(host, release) if change["before"] != change["after"]]


def settings(host: Host, release: str) -> Dict[str, Optional[str]]:
    """The variables of GRUB's environment for this known-good kernel ('' for the default as it was)."""
    listed = [entry for entry in entries(host) if not entry["recovery"]]
    if release:
        found = [entry["id"] for entry in listed if entry["release"] == release]
        if not found:
            raise HostError("known_good: the kernel %s has no boot entry; make one with grubby --add-kernel" % release)
        return {"saved_entry": found[0]}
    before = record(host)["saved_entry"]
    # The entry may be gone by now, and a default that names nothing would be the newest kernel.
    return {"saved_entry": before} if before in [entry["id"] for entry in listed] else {}


def left_behind(host: Host, _newest: str) -> str:
    """The kernel that restarts boot when nothing of ours is there any more."""
    wanted = settings(host, "").get("saved_entry") or _grub_env.values(_grub_env.read(host, ENVIRONMENT).text).get(
        "saved_entry"
    )
    release: str = chosen(host, wanted or "")["release"]
    return release


def apply(host: Host, release: str, _judge: Optional[Callable[[str], None]] = None) -> None:
    """Write (or, for '', remove) the files; on failure all is as it was. No menu is made that could be judged."""
    planned = changes(host, release)
    try:
        for change in planned:
            _put(host, change["path"], change["after"], change["mode"])
    except HostError:
        for change in planned:
            _put(host, change["path"], change["before"], change["mode"])
        raise


def _put(host: Host, path: str, text: str, mode: int) -> None:
    if text:
        host.write(path, text, mode)
        return
    host.remove(path)
    if path == RECORD:
        host.remove_empty(STATE_DIR)
