# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot loader entries of the RHEL family: grubby for the kernels installed, two files for those to come."""

import json
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

ENTRIES = "/boot/loader/entries"
DEFAULTS = "/etc/default/grub"
KERNEL_CMDLINE = "/etc/kernel/cmdline"


def state_file(name: str) -> str:
    """What stood on the entries before our first change: these files are shared, so removal must give it back."""
    return "%s/kernel_cmdline-%s.json" % (STATE_DIR, name)


def entries(host: Host) -> List[Dict[str, Any]]:
    """The entries as grubby lists them; needs root; raises CommandError."""
    found = []
    for block in host.run(["grubby", "--info=ALL"]).out.split("index=")[1:]:
        pairs: Dict[str, str] = dict(re.findall(r'(?m)^(\w+)="?(.*?)"?$', block))
        if "kernel" not in pairs:
            continue
        ident: str = pairs.get("id") or pairs.get("title") or pairs["kernel"]
        found.append(
            {
                "id": ident,
                "title": pairs.get("title", ident),
                "kernel": pairs["kernel"],
                "arguments": pairs.get("args", ""),
                "recovery": "rescue" in ident or "0-rescue-" in pairs["kernel"],
                "source": "%s/%s.conf" % (ENTRIES, ident),
            }
        )
    return found


def assignments(host: Host) -> List[Dict[str, Any]]:
    """What kernels to come take: /etc/kernel/cmdline where it exists, else /etc/default/grub."""
    text = host.read(KERNEL_CMDLINE)
    if text is not None:
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return [dict(_cmdline.Assignment(KERNEL_CMDLINE, 1, "cmdline", " ".join(lines), False)._asdict())]
    return [dict(a._asdict()) for a in _cmdline.parse_shell(host.read(DEFAULTS) or "", DEFAULTS)]


def _edit_defaults(text: str, arguments: _cmdline.Arguments, drop: List[str]) -> str:
    pattern = re.compile(r'(?m)^(\s*GRUB_CMDLINE_LINUX=)(["\']?)(.*?)(["\']?)\s*$')
    match = pattern.search(text)
    if not match:
        return text + ('GRUB_CMDLINE_LINUX="%s"\n' % _cmdline.render(arguments) if arguments else "")
    line = _cmdline.replace(match.group(3), arguments, tuple(drop))
    if line == match.group(3):
        return text
    return text[: match.start()] + '%s"%s"' % (match.group(1), line) + text[match.end() :]


class Record(NamedTuple):
    """The arguments that are ours, and what those had before that were there already."""

    ours: List[str]
    before: _cmdline.Arguments


def _record(host: Host, name: str) -> Record:
    path = state_file(name)
    try:
        record = json.loads(host.read(path) or "{}")
        return Record(list(record.get("arguments", [])), dict(record.get("before", {})))
    except (ValueError, TypeError, AttributeError) as error:
        raise HostError(
            "%s: is damaged (%s); remove it, then look at the boot entries by hand" % (path, error)
        ) from None


def _edit_cmdline(text: str, arguments: _cmdline.Arguments, drop: List[str]) -> str:
    lines = text.splitlines()
    remarks = [line for line in lines if line.startswith("#")]
    line = " ".join(line for line in lines if not line.startswith("#"))
    after = _cmdline.replace(line, arguments, tuple(drop))
    return text if after.split() == line.split() else "\n".join(remarks + [after]) + "\n"


def files(
    host: Host, name: str, arguments: Optional[_cmdline.Arguments], _unique: bool = False
) -> List[Dict[str, str]]:
    """The files that a change would write, before and after ('' for a file that is not there)."""
    record = _record(host, name)
    wanted, drop = _change(record, arguments)
    changes = []
    for path, edit in ((DEFAULTS, _edit_defaults), (KERNEL_CMDLINE, _edit_cmdline)):
        text = host.read(path)
        if text is not None:
            changes.append({"path": path, "before": text, "after": edit(text, wanted, drop)})
    text = _record_text(host, record, arguments) if arguments is not None else ""
    changes.append({"path": state_file(name), "before": host.read(state_file(name)) or "", "after": text})
    return changes


def _change(record: Record, arguments: Optional[_cmdline.Arguments]) -> Tuple[_cmdline.Arguments, List[str]]:
    if arguments is None:
        return record.before, [key for key in record.ours if key not in record.before]
    # An argument that is no longer asked for goes, or goes back to what it was.
    dropped = [key for key in record.ours if key not in arguments]
    back = dict((key, record.before[key]) for key in dropped if key in record.before)
    return dict(back, **arguments), [key for key in dropped if key not in back]


def _record_text(host: Host, record: Record, arguments: _cmdline.Arguments) -> str:
    before = dict((key, value) for key, value in record.before.items() if key in arguments)
    line = (assignments(host) or [{"text": ""}])[-1]["text"].strip("\"'")
    for key in arguments:
        found = _cmdline.effective(line, key)
        if key not in record.ours and found is not None:
            before[key] = found or None
    return json.dumps({"arguments": sorted(arguments), "before": before}, sort_keys=True) + "\n"


def foresee(host: Host, _name: str, arguments: _cmdline.Arguments, unique: bool = False) -> None:
    """No later file is read over what grubby writes; raises HostError where it could not write an argument itself."""
    # Its --args changes the first of several, also where that is one it has just added.
    normal = [entry["arguments"] for entry in entries(host) if not entry["recovery"]]
    for name, value in sorted(arguments.items()):
        there = [
            line for line in normal if len(_cmdline.values(line, name)) > 1 and not _cmdline.has(line, {name: value})
        ]
        if len(_cmdline.each(value)) > 1 or (there and not unique):
            raise HostError(
                "grubby cannot handle %s several times on one entry: set it by hand, on the entries in %s and in %s; "
                "nothing was changed" % (name, ENTRIES, KERNEL_CMDLINE)
            )


def apply(host: Host, name: str, arguments: Optional[_cmdline.Arguments], unique: bool = False) -> None:
    """Change every installed normal entry and the files for kernels to come; on failure the files are as before."""
    changes = files(host, name, arguments)
    wanted, drop = _change(_record(host, name), arguments)
    # /etc/kernel/cmdline last: kernel-install rewrites it when it is older than /etc/default/grub.
    try:
        for change in changes:
            _put(host, change["path"], change["after"], change["before"])
        for entry in entries(host):
            if not entry["recovery"]:
                _update_entry(host, entry, wanted, drop, unique)
    except HostError:
        for change in changes:
            _put(host, change["path"], change["before"], change["after"])
        raise


def _update_entry(host: Host, entry: Dict[str, Any], wanted: _cmdline.Arguments, drop: List[str], unique: bool) -> None:
    command = ["grubby", "--update-kernel=%s" % entry["kernel"]]
    if wanted and not _cmdline.has(entry["arguments"], wanted, unique):
        twice = [key for key in sorted(wanted) if len(_cmdline.values(entry["arguments"], key)) > 1]
        if unique and twice:
            # Its --args changes the first of several, and leaves the others.
            host.run(command + ["--remove-args=%s" % " ".join(twice)])
        host.run(command + ["--args=%s" % _cmdline.render(wanted)])
    present = [key for key in drop if _cmdline.effective(entry["arguments"], key) is not None]
    if present:
        host.run(command + ["--remove-args=%s" % " ".join(present)])


def _put(host: Host, path: str, text: str, other: str) -> None:
    if text == other:
        return
    if text:
        host.write(path, text, host.mode(path))
    else:
        host.remove(path)
        host.remove_empty(STATE_DIR)
