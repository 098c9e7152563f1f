# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a host as the role kdump wants it (C(_kdump_plan)), and has the crash kernel loaded anew."""

import json
from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _changes, _kdump_kernel, _kdump_plan
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError

SSH_FOLDER = "/root/.ssh"
LOAD_SECONDS = 900  # the first load builds an initrd


def apply(host: Host, wish: _kdump_plan.Wish, packages: List[str]) -> None:
    """Make it so, and read the loaded crash kernel back; a file that cannot be written leaves the others as they were."""
    written = _kdump_plan.files(host, wish)
    _remember(host, wish, packages)
    if wish.options is not None and wish.options["target"] == "ssh" and not host.exists(SSH_FOLDER):
        host.make_directory(SSH_FOLDER, _kdump_plan.PRIVATE)
    _changes.write_all(host, written)
    for change in _kdump_plan.directory(host, wish):
        _set_directory(host, change, wish)
    if any(change.path.startswith("/etc/systemd/") for change in written):
        host.run(["systemctl", "daemon-reload"])
    for change in _kdump_plan.unit(host, wish):
        host.run(["systemctl", "enable", change.path])
    if _kdump_plan.loading(host, wish, written):
        _load(host, wish)
    for change in _kdump_plan.forgetting(host, wish):
        host.remove(change.path)
    if wish.options is None:
        host.remove_empty(STATE_DIR)


def _remember(host: Host, wish: _kdump_plan.Wish, packages: List[str]) -> None:
    if wish.options is None:
        return
    found = _kdump_plan.record(host)
    before = json.dumps(found, sort_keys=True)
    found["packages"] = sorted(set(found["packages"]) | set(packages))
    path = wish.options["directory"]
    for _change in _kdump_plan.directory(host, wish):
        found["directories"].setdefault(path, host.mode(path) if host.exists(path) else None)
    after = json.dumps(found, sort_keys=True)
    if after != before:
        host.write(_kdump_plan.RECORD, after + "\n")


def _set_directory(host: Host, change: _changes.Change, wish: _kdump_plan.Wish) -> None:
    if wish.options is not None:
        host.make_directory(change.path, _kdump_plan.PRIVATE)
        return
    before = _kdump_plan.record(host)["directories"][change.path]
    if before is None:
        host.remove_empty(change.path)
    else:
        host.make_directory(change.path, before)


def _load(host: Host, wish: _kdump_plan.Wish) -> None:
    host.run(["systemctl", "restart", wish.backend.UNIT], timeout=LOAD_SECONDS)
    if wish.options is not None and not _kdump_kernel.loaded(host):
        raise HostError(
            "%s was restarted, but no crash kernel is loaded: 'journalctl -u %s' says why"
            % (wish.backend.UNIT, wish.backend.UNIT)
        )
