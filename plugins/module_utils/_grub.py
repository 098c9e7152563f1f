# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB as Debian and Ubuntu configure it: drop-ins in /etc/default/grub.d, entries written by grub-mkconfig."""

import re
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline, _grub_menu
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

GRUB_CFG = "/boot/grub/grub.cfg"
DEFAULTS = "/etc/default/grub"
DROP_INS = "/etc/default/grub.d"
# Entries of other systems and the operator's own (os-prober, 40_custom) do not follow the drop-ins.
GENERATORS = ("10_linux", "20_linux_xen")
HEADER = """\
# Managed by Ansible, kernelops.panic_hardening.kernel_cmdline (name: %s): changes are overwritten.
# Only normal entries read this variable: recovery entries keep their own command line.
"""


def drop_in(name: str) -> str:
    """The file that holds the arguments of one owner; C(zz-) sorts behind those of images and packages."""
    return "%s/zz-%s.cfg" % (DROP_INS, name)


def drop_in_text(name: str, arguments: _cmdline.Arguments, unique: bool = False) -> str:
    """The drop-in: earlier values of the same arguments are taken away, so that each stands once.

    With C(unique) they also leave the variable that recovery entries have in common with the others.
    """
    # A loop, since neighbours share the blank between them.
    names = "|".join(re.sub(r"[-_]", "[-_]", re.escape(key).replace("\\-", "-")) for key in sorted(arguments))
    strip = "-e ':a' -e 's/(^| )(%s)(=[^ ]*)?( |$)/ /' -e 'ta'" % names
    cut = '%s="$(printf \'%%s\' "$%s" | sed -E ' + strip + ')%s"\n'
    default, common = "GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX"
    text = HEADER % name + cut % (default, default, " " + _cmdline.render(arguments))
    return text + (cut % (common, common, "") if unique else "")


def parse(text: str) -> List[Dict[str, Any]]:
    """The Linux entries that grub-mkconfig's own generators wrote into a grub.cfg."""
    return [entry(item) for item in _grub_menu.parse(text) if item.kernel and item.generator in GENERATORS]


def entry(item: _grub_menu.Item) -> Dict[str, Any]:
    """A menu entry as all boot methods show theirs."""
    found: Dict[str, Any] = {"id": item.ident, "title": item.title, "kernel": item.kernel, "arguments": item.arguments}
    return dict(found, source=GRUB_CFG, recovery=_is_recovery(found))


def _is_recovery(entry: Dict[str, Any]) -> bool:
    words = _cmdline.tokens(entry["arguments"])
    return "-recovery-" in entry["id"] or any(word in _cmdline.RECOVERY for word in words)


def entries(host: Host) -> List[Dict[str, Any]]:
    """The entries in use now; raises Unreadable."""
    return parse(host.read(GRUB_CFG) or "")


def assignments(host: Host, instead: Optional[Dict[str, str]] = None) -> List[Dict[str, Any]]:
    """What the configuration files say of the command line, in the order in which grub-mkconfig reads them.

    C(instead) holds texts to take for drop-ins, to foresee what writing them would do.
    """
    texts = instead or {}
    drop_ins = set("%s/%s" % (DROP_INS, name) for name in host.listdir(DROP_INS)) | set(texts)
    found: List[Dict[str, Any]] = []
    for path in [DEFAULTS] + sorted(path for path in drop_ins if path.endswith(".cfg")):
        text = texts[path] if path in texts else host.read(path) or ""
        found.extend(dict(a._asdict()) for a in _cmdline.parse_shell(text, path))
    return found


def foresee(host: Host, name: str, arguments: _cmdline.Arguments, unique: bool = False) -> None:
    """Raises HostError, before anything is written, where another file would keep an argument off the entries."""
    planned = assignments(host, {drop_in(name): drop_in_text(name, arguments, unique)})
    for key, value in sorted(arguments.items()):
        found, place = _cmdline.future(planned, key)
        if found != _cmdline.each(value)[-1]:
            raise HostError(
                "%s would keep %s off the boot entries: change or remove that line, then run again; nothing was changed"
                % (place, _cmdline.render({key: value}))
            )


def files(host: Host, name: str, arguments: Optional[_cmdline.Arguments], unique: bool = False) -> List[Dict[str, str]]:
    """The files that a change would write, before and after ('' for a file that is not there)."""
    path = drop_in(name)
    after = "" if arguments is None else drop_in_text(name, arguments, unique)
    return [{"path": path, "before": host.read(path) or "", "after": after}]


def apply(host: Host, name: str, arguments: Optional[_cmdline.Arguments], unique: bool = False) -> None:
    """Write (or, for None, remove) the drop-in and make the entries anew; on failure all is as it was."""
    change = files(host, name, arguments, unique)[0]
    _put(host, change["path"], change["after"])
    try:
        _regenerate(host, arguments or {}, unique)
    except HostError:
        _put(host, change["path"], change["before"])
        raise


def _put(host: Host, path: str, text: str) -> None:
    if text:
        host.write(path, text)
    else:
        host.remove(path)


def _regenerate(host: Host, arguments: _cmdline.Arguments, unique: bool) -> None:
    def judge(text: str) -> None:
        for found in parse(text):
            if not found["recovery"] and not _cmdline.has(found["arguments"], arguments, unique):
                raise HostError(_lost(host, found, arguments))

    regenerate(host, judge)


def regenerate(host: Host, judge: Callable[[str], None]) -> None:
    """Make the entries anew; C(judge) gets the new grub.cfg and raises HostError to keep the present one."""
    # The new file is judged before it takes the old one's place: grub-mkconfig leaves out entries without an error.
    target = host.resolve(GRUB_CFG)
    fresh = target + ".panic_hardening"
    # A play may meet the program that confirms a kernel.
    with host.held(target.rsplit("/", 1)[0]):
        try:
            host.run(["grub-mkconfig", "-o", fresh], timeout=600)
            text = host.read(fresh) or ""
            if all(found["recovery"] for found in parse(text)):
                text = "grub-mkconfig wrote no Linux entry; %s is unchanged; run it by hand to see why"
                raise HostError(text % GRUB_CFG)
            judge(text)
            host.move(fresh, target)
            host.settle(target.rsplit("/", 1)[0])
        finally:
            host.remove(fresh)


def _lost(host: Host, entry: Dict[str, Any], arguments: _cmdline.Arguments) -> str:
    lost = [name for name in sorted(arguments) if not _cmdline.has(entry["arguments"], {name: arguments[name]}, True)]
    winner = _cmdline.future(assignments(host), lost[0])[1] or "a script in /etc/grub.d"
    return "the boot entry '%s' would not carry %s: %s decides; change that, then run again; %s is unchanged" % (
        entry["title"],
        _cmdline.render(dict((name, arguments[name]) for name in lost)),
        winner,
        GRUB_CFG,
    )
