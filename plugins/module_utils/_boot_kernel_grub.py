# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-good kernel with GRUB on Debian and Ubuntu: an entry of ours on top of the menu, which is the default."""

import re
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel_grub_files,
    _grub,
    _grub_env,
    _grub_menu,
    _kernels,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ENVIRONMENT = "/boot/grub/grubenv"
# The saved entry that was there before a known-good kernel was set: nobody has chosen against that.
EARLIER = "kernelops_saved_entry"


def entries(host: Host) -> List[Dict[str, Any]]:
    """The Linux entries of the menu; C(id) is what grub-reboot takes; raises Unreadable."""
    return [_shown(item) for item in _grub_menu.parse(host.read(_grub.GRUB_CFG) or "") if item.kernel]


def _shown(item: _grub_menu.Item) -> Dict[str, Any]:
    release = _kernels.release_of(item.kernel)
    return dict(
        _grub.entry(item),
        id=item.path,
        release=release,
        known_good=item.ident == _boot_kernel_grub_files.IDENT,
        initrd=item.initrd,
    )


def default(host: Host, environment: Dict[str, str]) -> Dict[str, Any]:
    """What a restart without a one-time choice boots, and whether GRUB could go on alone where that cannot be loaded."""
    text = host.read(_grub.GRUB_CFG) or ""
    choice = _grub_menu.default(text).replace("${saved_entry}", environment.get("saved_entry", ""))
    return dict(_picked(text, choice), fallback=_grub_menu.fallback(text), waits=_grub_menu.waits(text))


def chosen(host: Host, choice: str) -> Dict[str, Any]:
    """What GRUB boots for a one-time choice."""
    return _picked(host.read(_grub.GRUB_CFG) or "", choice)


def _picked(text: str, choice: str) -> Dict[str, Any]:
    items = _grub_menu.parse(text)
    item = _grub_menu.select(items, choice)
    return {
        "choice": choice,
        "id": item.path if item else "",
        "release": _kernels.release_of(item.kernel) if item else "",
        "named": _grub_menu.matches(items, choice),
    }


def known_good(host: Host) -> str:
    """The release that was set, '' for none."""
    found = re.search(r"(?m)^known_good='([^']*)'$", host.read(_boot_kernel_grub_files.GENERATOR) or "")
    return found.group(1) if found else ""


def changes(host: Host, release: str) -> List[Dict[str, Any]]:
    """What is not as wanted: files of ours, and the menu where it was made without them."""
    found = [
        c
        for c in _boot_kernel_grub_files.wanted(host, release)
        if c["before"] != c["after"] or _boot_kernel_grub_files.not_runnable(host, c)
    ]
    text = host.read(_grub.GRUB_CFG) or ""
    before, after = _first(text), _boot_kernel_grub_files.IDENT + ": " + release
    if release and _flaw(text, release):
        found.append({"path": _grub.GRUB_CFG, "before": before, "after": after + "\n", "mode": None})
    if not release and before.startswith(_boot_kernel_grub_files.IDENT):
        found.append({"path": _grub.GRUB_CFG, "before": before, "after": "", "mode": None})
    return found


def _first(text: str) -> str:
    items = _grub_menu.parse(text)
    return "%s: %s\n" % (items[0].ident, _kernels.release_of(items[0].kernel)) if items else ""


def _flaw(text: str, release: str) -> str:
    """What in a grub.cfg would keep the known-good kernel from being where GRUB ends up by itself."""
    items = _grub_menu.parse(text)
    if not items or items[0].ident != _boot_kernel_grub_files.IDENT or _kernels.release_of(items[0].kernel) != release:
        return "the first entry would not be the known-good kernel %s" % release
    if _grub_menu.default(text) != _boot_kernel_grub_files.IDENT:
        return "the default would be '%s'" % _grub_menu.default(text)
    if _grub_menu.fallback(text) != "0":
        return "the fallback would be '%s'" % _grub_menu.fallback(text)
    return "the menu would wait for a key" if _grub_menu.waits(text) else ""


def left_behind(_host: Host, newest: str) -> str:
    """The kernel that restarts boot when nothing of ours is there any more, by the distribution's own default."""
    return newest


def apply(host: Host, release: str, judge: Optional[Callable[[str], None]] = None) -> None:
    """Write (or, for '', remove) our files and make the menu anew; on failure, or where C(judge) refuses it, all is as it was."""
    planned = _boot_kernel_grub_files.wanted(host, release)
    modes = dict((change["path"], host.mode(change["path"], change["mode"])) for change in planned)
    try:
        for change in planned:
            _boot_kernel_grub_files.put(host, change["path"], change["after"], change["mode"])
        _grub.regenerate(host, lambda text: _refuse(text, release, judge))
    except HostError:
        for change in planned:
            _boot_kernel_grub_files.put(host, change["path"], change["before"], modes[change["path"]])
        raise


def _refuse(text: str, release: str, judge: Optional[Callable[[str], None]]) -> None:
    if judge:
        judge(text)
    flaw = _flaw(text, release) if release else ""
    if flaw:
        raise HostError(
            "%s: %s; look for another file in %s or /etc/grub.d that decides; nothing was changed"
            % (_grub.GRUB_CFG, flaw, _grub.DROP_INS)
        )


def settings(host: Host, release: str) -> Dict[str, Optional[str]]:
    """What GRUB's environment tells us, not GRUB: the default must hold where GRUB finds that empty or damaged, too."""
    if not release:
        return {EARLIER: None}
    if known_good(host):
        return {}
    return {EARLIER: _grub_env.values(_grub_env.read(host, ENVIRONMENT).text).get("saved_entry")}
