# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a host as the role crash_evidence wants it: its files, and what must happen for them to count at once."""

import json
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence,
    _crash_evidence_files,
    _systemd,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import (
    Change,
    File,
    differing,
    put,
    write_all,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

RECORD = STATE_DIR + "/crash_evidence.json"
JOURNALD = "systemd-journald.service"
NETCONSOLE = _crash_evidence_files.NETCONSOLE
POST_NOTIFIERS = _crash_evidence_files.POST_NOTIFIERS
RELOAD = ["systemctl", "daemon-reload"]
Options = Optional[Dict[str, Any]]  # None for nothing of ours


def plan(host: Host, options: Options) -> List[Change]:
    """Everything that is not as wanted; raises HostError."""
    return _files(host, options) + _journal(host, options) + _post_notifiers(host, options) + _unit(host, options)


def _files(host: Host, options: Options) -> List[Change]:
    texts = _crash_evidence_files.texts(options) if options else {}
    wanted = dict((path, File(texts.get(path, ""))) for path in _crash_evidence_files.OWN)
    return differing(host, dict(wanted, **{RECORD: File(_record_after(host, options))}))


def _record(host: Host) -> Dict[str, str]:
    try:
        return dict(json.loads(host.read(RECORD) or "{}"))
    except (ValueError, TypeError) as error:
        raise HostError("%s: is damaged (%s); remove it, then run again" % (RECORD, error)) from None


def _record_after(host: Host, options: Options) -> str:
    live = (host.read(POST_NOTIFIERS) or "").strip()
    if not (options and options["post_notifiers"] and live):
        return ""
    # What the kernel had before our first change: without it a removal could only guess.
    return json.dumps({"post_notifiers": _record(host).get("post_notifiers", live)}, sort_keys=True) + "\n"


def _journal(host: Host, options: Options) -> List[Change]:
    if options is None or not options["journal"] or _crash_evidence.on_disk(host):
        return []
    return [Change(_crash_evidence.JOURNAL, "no journal of this system", "its journal")]


def _post_notifiers(host: Host, options: Options) -> List[Change]:
    live = (host.read(POST_NOTIFIERS) or "").strip()
    wanted = "Y" if options and options["post_notifiers"] else _record(host).get("post_notifiers", live)
    return [Change(POST_NOTIFIERS, live, wanted)] if live and live != wanted else []


def _unit(host: Host, options: Options) -> List[Change]:
    enabled = _systemd.unit(host, NETCONSOLE).enabled
    wanted = bool(options and options["netconsole"])
    words = {True: "enabled", False: "disabled"}
    return [Change(NETCONSOLE, words[enabled], words[wanted])] if enabled != wanted else []


def apply(host: Host, options: Options) -> None:
    """Make it so, and see that it counts; where a step fails all files are as before, so that another run begins again."""
    changes = dict((change.path, change) for change in plan(host, options))
    modes = dict((change.path, host.mode(change.path)) for change in changes.values() if change.mode is not None)
    given_back = POST_NOTIFIERS in changes and not (options and options["post_notifiers"])
    if given_back:
        # Before the record of what it was goes.
        host.write_kernel(POST_NOTIFIERS, changes[POST_NOTIFIERS].after)
    try:
        _take_effect(host, options, changes)
        if POST_NOTIFIERS in changes and not given_back:
            # Last of all: no other step can fail and take the record away.
            host.write_kernel(POST_NOTIFIERS, changes[POST_NOTIFIERS].after)
    except HostError:
        _undo(host, changes, modes)
        raise
    if options is None:
        host.remove_empty(STATE_DIR)


def _take_effect(host: Host, options: Options, changes: Dict[str, Change]) -> None:
    files = [change for change in changes.values() if change.mode is not None]
    if NETCONSOLE in changes and changes[NETCONSOLE].after == "disabled":
        host.run(["systemctl", "disable", "--now", NETCONSOLE])
    write_all(host, files)
    if _has_unit(files):
        host.run(RELOAD)
    if _crash_evidence_files.JOURNALD in changes or _crash_evidence.JOURNAL in changes:
        _restart_journald(host, bool(options and options["journal"]))
    if options and options["netconsole"] and {NETCONSOLE, _crash_evidence_files.NETCONSOLE_UNIT} & set(changes):
        host.run(["systemctl", "enable", NETCONSOLE])
        host.run(["systemctl", "restart", NETCONSOLE])


def _undo(host: Host, changes: Dict[str, Change], modes: Dict[str, int]) -> None:
    """As before a step that failed: a half of it would pass for the whole in the next run."""
    unit = changes.get(NETCONSOLE)
    if unit and unit.after == "enabled":
        host.run(["systemctl", "disable", "--now", NETCONSOLE], check=False)
    written = [changes[path] for path in modes if (host.read(path) or "") != changes[path].before]
    for change in written:
        put(host, change.path, change.before, modes[change.path])
    if _has_unit(written):
        host.run(RELOAD, check=False)
    if _crash_evidence_files.JOURNALD in [change.path for change in written]:
        host.run(["systemctl", "restart", JOURNALD], check=False)
    if unit and unit.before == "enabled":
        host.run(["systemctl", "enable", "--now", NETCONSOLE], check=False)
    elif not unit and _crash_evidence_files.NETCONSOLE_UNIT in [change.path for change in written]:
        host.run(["systemctl", "restart", NETCONSOLE], check=False)


def _has_unit(files: List[Change]) -> bool:
    return any(change.path.startswith("/etc/systemd/system/") for change in files)


def _restart_journald(host: Host, persistent: bool) -> None:
    if persistent and not host.exists(_crash_evidence.JOURNAL):
        host.make_directory(_crash_evidence.JOURNAL, 0o755)
        # Group, access list and, on btrfs, the attribute that systemd gives to it.
        host.run(["systemd-tmpfiles", "--create", "--prefix", _crash_evidence.JOURNAL], check=False)
    host.run(["systemctl", "restart", JOURNALD])
    if not persistent:
        return
    host.run(["journalctl", "--flush"])
    if not _crash_evidence.on_disk(host):
        raise HostError(
            "%s was restarted, but keeps no journal below %s: 'journalctl -u %s' says why"
            % (JOURNALD, _crash_evidence.JOURNAL, JOURNALD)
        )
