# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role sets up on a host: files of its own, parts of files of packages, and units; compared, made, and taken back."""

import hashlib
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _managed_block, _systemd
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import Change, File, differing
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

HEADER = "# Managed by Ansible, kernelops.panic_hardening.hardware_setup: changes are overwritten.\n"
UNIT_PROPERTIES = ("Id", "LoadState", "ActiveState", "UnitFileState")


class Block(NamedTuple):
    """Our part of a package's file: its lines, and which lines of others work against it and are set aside."""

    lines: List[str]
    clashes: Callable[[str], bool] = lambda line: False


class Owned(NamedTuple):
    """All that any policy of a role may make, units with the paths that they must be restarted for.

    What the present policy does not want of it is taken back.
    """

    files: List[str]
    blocks: List[str]
    units: Dict[str, List[str]]


class Setup(NamedTuple):
    """What a role wants on this host, units enabled and running."""

    files: Dict[str, File]
    blocks: Dict[str, Block]
    units: List[str]


# To take everything back.
NOTHING = Setup({}, {}, [])


def digest(text: str) -> str:
    """A short name of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def observe(host: Host, owned: Owned) -> Dict[str, Any]:
    """What there is of all that; raises HostError."""
    files: Dict[str, Any] = {}
    for path in owned.files:
        text = host.read(path)
        files[path] = None if text is None else {"digest": digest(text), "mode": host.mode(path)}
    blocks = dict((path, host.read(path)) for path in owned.blocks)
    return {"files": files, "blocks": blocks, "units": units(host, sorted(owned.units))}


def units(host: Host, names: List[str]) -> Dict[str, Dict[str, bool]]:
    """How these units stand, in one call; none where systemd does not run."""
    if not names or not host.exists("/run/systemd/system"):
        return {}
    asked = _systemd.with_files(host, set(host.together).union(names))
    argv = ["systemctl", "show", "--property=" + ",".join(UNIT_PROPERTIES)] + asked
    said = host.run(argv, timeout=30).out.strip("\n").split("\n\n") if asked else []
    blocks, found = dict(zip(asked, said)), {}
    for name in names:
        values = dict(line.partition("=")[::2] for line in blocks.get(name, "").splitlines())
        found[name] = {
            "there": values.get("LoadState") not in ("not-found", "masked", None),
            "masked": values.get("LoadState") == "masked",
            "enabled": values.get("UnitFileState") in ("enabled", "enabled-runtime", "static", "alias"),
            "active": values.get("ActiveState") in ("active", "activating", "reloading"),
        }
    return found


def differences(role: str, setup: Setup, found: Dict[str, Any]) -> List[str]:
    """The paths and units that are not as wanted, each with what is wrong, in words."""
    wrong = []
    for path in sorted(found["files"]):
        wanted, there = setup.files.get(path), found["files"][path]
        if wanted is None and there is not None:
            wrong.append("%s is there" % path)
        elif wanted is not None and there is None:
            wrong.append("%s is missing" % path)
        elif wanted is not None and there != {"digest": digest(wanted.text), "mode": wanted.mode}:
            wrong.append("%s is not as this role writes it" % path)
    for path, text in sorted(found["blocks"].items()):
        if (text or "") != merged(role, text or "", setup.blocks.get(path)):
            wrong.append("%s has not the settings of this role" % path)
    for name in setup.units:
        there = found["units"].get(name, {})
        wrong += ["%s is not %s" % (name, part) for part in ("enabled", "active") if not there.get(part)]
    return wrong


def merged(name: str, text: str, block: Optional[Block]) -> str:
    """A package's file as it should be: with our part, or without it."""
    block = block or Block([])
    return _managed_block.merge(text, name, block.lines, block.clashes)


def plan(host: Host, name: str, setup: Setup, owned: Owned) -> List[Change]:
    """The files that are not as wanted, before and after ('' for none); raises HostError."""
    changes = differing(host, dict((path, setup.files.get(path, File(""))) for path in owned.files))
    for path in owned.blocks:
        block = setup.blocks.get(path)
        before = host.read(path) or ""
        after = merged(name, before, block)
        if before != after:
            changes.append(Change(path, before, after, host.mode(path)))
    return changes
