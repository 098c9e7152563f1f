# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot loader entries of the RHEL family: grubby for the kernels installed, two files for those to come."""

import json
import re
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ENTRIES = "/boot/loader/entries"
DEFAULTS = "/etc/default/grub"
KERNEL_CMDLINE = "/etc/kernel/cmdline"
STATE_DIR = "/var/lib/kernelops-panic_hardening"


def state_file(name: str) -> str:
    """What stood on the entries before our first change: these files are shared, so removal must give it back."""
    return "%s/kernel_cmdline-%s.json" % (STATE_DIR, name)


def entries(host: Host) -> List[Dict[str, Any]]:
    """The entries as grubby lists them; needs root; raises CommandError."""
    found = []
    for block in re.split(r"(?m)^(?=index=)", host.run(["grubby", "--info=ALL"]).out):
        pairs: Dict[str, str] = dict(re.findall(r'(?m)^(\w+)="?(.*?)"?$', block))
        if "kernel" not in pairs or "index" not in pairs:
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


def _edit_defaults(text: str, arguments: Dict[str, Optional[str]], drop: List[str]) -> str:
    pattern = re.compile(r'(?m)^(\s*GRUB_CMDLINE_LINUX=)(["\']?)(.*?)(["\']?)\s*$')
    match = pattern.search(text)
    if not match:
        return text + ('GRUB_CMDLINE_LINUX="%s"\n' % _cmdline.render(arguments) if arguments else "")
    line = _cmdline.replace(match.group(3), arguments, tuple(drop))
    if line == match.group(3):
        return text
    return text[: match.start()] + '%s"%s"' % (match.group(1), line) + text[match.end() :]


def _restored(host: Host, name: str) -> Dict[str, Optional[str]]:
    return json.loads(host.read(state_file(name)) or "{}").get("before", {})


def _ours(host: Host, name: str) -> List[str]:
    return json.loads(host.read(state_file(name)) or "{}").get("arguments", [])


def files(host: Host, name: str, arguments: Optional[Dict[str, Optional[str]]]) -> List[Dict[str, str]]:
    """The files that a change would write, before and after ('' for a file that is not there)."""
    drop = [] if arguments is not None else _ours(host, name)
    wanted = arguments if arguments is not None else _restored(host, name)
    changes = []
    for path in (DEFAULTS, KERNEL_CMDLINE):
        text = host.read(path)
        if text is None:
            continue
        if path == DEFAULTS:
            after = _edit_defaults(text, wanted, drop)
        else:
            after = _cmdline.replace(text.strip(), wanted, tuple(drop)) + "\n"
            after = text if after.split() == text.split() else after
        changes.append({"path": path, "before": text, "after": after})
    record = host.read(state_file(name)) or ""
    changes.append({"path": state_file(name), "before": record, "after": _record(host, name, record, arguments)})
    return changes


def _record(host: Host, name: str, record: str, arguments: Optional[Dict[str, Optional[str]]]) -> str:
    if arguments is None:
        return ""
    before = _restored(host, name)
    known = _ours(host, name)
    line = (assignments(host) or [{"text": ""}])[-1]["text"].strip("\"'")
    for key in arguments:
        found = _cmdline.effective(line, key)
        if key not in known and found is not None:
            before[key] = found or None
    return json.dumps({"arguments": sorted(set(known) | set(arguments)), "before": before}, sort_keys=True) + "\n"


def foresee(host: Host, name: str, arguments: Dict[str, Optional[str]]) -> None:
    """Nothing to foresee: grubby edits the entries themselves, and no later file is read over them."""


def apply(host: Host, name: str, arguments: Optional[Dict[str, Optional[str]]]) -> None:
    """Change every installed normal entry and the files for kernels to come; on failure the files are as before."""
    changes = files(host, name, arguments)
    drop = [] if arguments is not None else _ours(host, name)
    wanted = arguments if arguments is not None else _restored(host, name)
    # /etc/kernel/cmdline last: kernel-install rewrites it when it is older than /etc/default/grub.
    try:
        for change in changes:
            _put(host, change["path"], change["after"], change["before"])
        for entry in entries(host):
            if not entry["recovery"]:
                _update_entry(host, entry, wanted, [key for key in drop if key not in wanted])
    except HostError:
        for change in changes:
            _put(host, change["path"], change["before"], change["after"])
        raise


def _update_entry(host: Host, entry: Dict[str, Any], wanted: Dict[str, Optional[str]], drop: List[str]) -> None:
    command = ["grubby", "--update-kernel=%s" % entry["kernel"]]
    if wanted and not _cmdline.has(entry["arguments"], wanted):
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
