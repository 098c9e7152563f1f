# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as the role kdump wants it: settings, our own files, the dump directory, the crash kernel."""

import json
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_backends,
    _kdump_files,
    _kdump_kernel,
    _kdump_proof,
    _kdump_sizing,
    _kdump_space,
    _kernels,
    _managed_block,
    _systemd,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File, differing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

RECORD = STATE_DIR + "/kdump.json"
BLOCK = "kdump"
PRIVATE = 0o700
# Everything that any set of options may write: what the present ones do not want is removed.
OWN_FILES = (
    _kdump_files.ROTATE,
    _kdump_files.SSH_CONFIG,
    _kdump_files.drop_in("kdump-tools.service"),
    _kdump_files.drop_in("kdump-tools-dump.service"),
    _kdump_files.drop_in("kdump.service"),
    _kdump_files.drop_in("emergency.service"),
)


class Wish(NamedTuple):
    """What the host should have: whose tool, the release, the options, or None for nothing of ours."""

    backend: Any
    major: str
    options: Optional[Dict[str, Any]]


def _settings(host: Host, wish: Wish) -> Dict[str, str]:
    text = _managed_block.strip(host.read(wish.backend.CONFIG) or "", BLOCK)
    found: Dict[str, str] = wish.backend.settings(text, wish.options, wish.major, _kdump_kernel.lockdown(host))
    return found


def files(host: Host, wish: Wish) -> List[Change]:
    """The files that are not as wanted, before and after ('' for none); raises Unreadable."""
    texts: Dict[str, File] = {}
    blocks: Dict[str, List[str]] = {wish.backend.CONFIG: [], _kdump_files.KNOWN_HOSTS: []}
    if wish.options is not None:
        texts = dict(wish.backend.files(host, wish.options))
        texts[_kdump_files.ROTATE] = _kdump_files.rotation(wish.options, _room(host, wish.options["dump_level"]))
        blocks[wish.backend.CONFIG] = wish.backend.lines(_settings(host, wish))
        if wish.options["target"] == "ssh":
            blocks[_kdump_files.KNOWN_HOSTS] = wish.options["ssh_known_hosts"]
    # A proof of what is no longer there would be none.
    paths = OWN_FILES + (_kdump_proof.RECORDS if wish.options is None else ())
    found = differing(host, dict((path, texts.get(path, File(""))) for path in paths))
    for path, lines in blocks.items():
        before = host.read(path) or ""
        after = _managed_block.merge(before, BLOCK, lines, wish.backend.clashes)
        if before != after:
            found.append(Change(path, before, after, host.mode(path, 0o600 if "ssh" in path else 0o644)))
    return found


def _room(host: Host, level: int) -> int:
    # From the whole memory, in steps: the program must not change with every page that the host uses.
    rough = _kdump_space.needed({"MemTotal": _kdump_sizing.memory(host) // 4}, level)
    return -(-rough // (64 << 20)) * (64 << 20)


def record(host: Host) -> Dict[str, Any]:
    """What we changed that no file of ours tells: packages we installed, the dump directory as it was; raises HostError."""
    text = host.read(RECORD)
    if text is None:
        return {"packages": [], "directories": {}}
    try:
        found = json.loads(text)
        return {"packages": list(found["packages"]), "directories": dict(found["directories"])}
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it, and what kdump left by hand" % (RECORD, error)) from None


def directory(host: Host, wish: Wish) -> List[Change]:
    """The mode of the dump directory, or of those that are given back."""
    if wish.options is None:
        kept = record(host)["directories"]
        return [Change(path, "mode 0700", _mode(mode)) for path, mode in sorted(kept.items()) if host.exists(path)]
    path = wish.options["directory"]
    if wish.options["target"] == "ssh":
        return []
    before = host.mode(path) if host.exists(path) else None
    return [] if before == PRIVATE else [Change(path, _mode(before), _mode(PRIVATE))]


def _mode(mode: Optional[int]) -> str:
    return "absent" if mode is None else "mode %04o" % mode


def unit(host: Host, wish: Wish) -> List[Change]:
    """Whether the unit that loads the crash kernel must be enabled."""
    found = _systemd.unit(host, wish.backend.UNIT)
    if wish.options is None or found.masked or found.enabled:
        return []
    return [Change(found.name, "disabled", "enabled")]


def loading(host: Host, wish: Wish, changed: List[Change]) -> List[Change]:
    """Whether the crash kernel must be loaded anew: not while this boot has no memory for it."""
    name = wish.backend.UNIT
    if _kdump_kernel.reserved(host) == 0 or _systemd.unit(host, name).masked:
        return []
    loaded = _kdump_kernel.loaded(host)
    stale = any(change.path == wish.backend.CONFIG for change in changed)
    if wish.options is not None and loaded and not stale:
        stale = wish.backend.loads_as_configured(host, _settings(host, wish)) is False
        stale = stale or wish.backend.loaded_kernel(host) not in ("", _kernels.running(host))
    if not stale and (loaded or wish.options is None):
        return []
    return [Change(name, "loaded, with other settings" if loaded else "no crash kernel loaded", "loaded anew")]


def forgetting(host: Host, wish: Wish) -> List[Change]:
    """The record that is no longer needed."""
    # Last: until then it says what is to be given back.
    text = host.read(RECORD)
    return [Change(RECORD, text, "", 0o644)] if text is not None and wish.options is None else []


def plan(host: Host, wish: Wish) -> List[Change]:
    """Everything that is not as wanted; raises HostError."""
    written = files(host, wish)
    return written + directory(host, wish) + unit(host, wish) + loading(host, wish, written) + forgetting(host, wish)


def wish(host: Host, options: Optional[Dict[str, Any]]) -> Optional[Wish]:
    """The wish for this host, None where no tool for dumps is known on it."""
    system = _kdump_backends.system(host)
    if not system.backend:
        return None
    return Wish(_kdump_backends.BACKENDS[system.backend], system.major, options)
