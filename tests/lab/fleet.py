# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Several machines at once: all of them or none, and only one's own are ended."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lab import images, paths, processes
from lab.errors import LabError
from lab.machine import Machine
from lab.processes import Process
from lab.state import State, all_states, busy

PEER = "10.0.2.100"  # in QEMU's network for guests, where nothing else is


def parse_links(words: Sequence[str]) -> dict[str, str]:
    """Return who reaches whom from `NAME=OTHER` words."""
    pairs = [word.partition("=")[::2] for word in words]
    for word, (name, other) in zip(words, pairs, strict=True):
        if not name or not other or name == other:
            raise LabError(f"--reach is {word!r}: write NAME=OTHER, for NAME to find OTHER's ssh at {PEER}.")
    return dict(pairs)


def parse(words: Sequence[str], image: str | None) -> dict[str, str]:
    """Return image by host from `NAME=IMAGE` words, or from names and one image."""
    wanted: dict[str, str] = {}
    for word in words:
        name, _, own = word.partition("=")
        source = own or image
        if not source:
            raise LabError(f"Which image is {name} made from? Write {name}=IMAGE or --image IMAGE.")
        wanted[name] = source
    return wanted


def owner(word: str) -> Process | None:
    """Return the owner that a user named: a pid, `none`, or `auto` for the `molecule test` above us."""
    if word == "none":
        return None
    if word == "auto":
        return processes.find_owner()
    found = processes.identify(int(word)) if word.isdigit() else None
    if not found or not found.alive():
        raise LabError(f"--owner is {word!r}: it must be the pid of a running process, `auto` or `none`.")
    return found


def up(
    wanted: Mapping[str, str], *, prefix: str = "", reach: Mapping[str, str] | None = None, **options: Any
) -> dict[str, Machine]:
    """Start machines, then wait for all of them; if one fails, none is left.

    `reach` says who finds whose ssh at PEER: its values are started before its keys.
    """
    links = reach or {}
    strange = sorted({*links, *links.values()} - set(wanted))
    if strange:
        raise LabError(f"--reach names {strange[0]}, which is not one of the machines to start.")
    for image in dict.fromkeys(wanted.values()):
        images.ensure(image)
    machines: dict[str, Machine] = {}
    try:
        for host in sorted(wanted, key=lambda name: name in links):
            peer = {PEER: machines[links[host]].address.port} if host in links else None
            machines[host] = Machine.begin(prefix + host, wanted[host], reach=peer, **options)
        for machine in machines.values():
            machine.ready()
    except BaseException:
        for machine in machines.values():
            if machine.state.folder.exists():
                machine.stop()
        raise
    return machines


def down(names: Sequence[str], *, everything: bool = False, force: bool = False) -> None:
    """End machines, or what dead ones left; refuse those that belong to another live run."""
    states = all_states() if everything else [State(paths.state_dir(name)) for name in names]
    mine = {os.getpid(), *processes.ancestors(os.getpid())}
    for state in states:
        if not state.folder.exists():
            continue
        belongs = state.owner()
        if state.alive() and belongs and belongs.alive() and belongs.pid not in mine and not force:
            raise LabError(busy(str(state.read().get("name")), state, mine))
        if state.alive():
            Machine(state).stop()
        else:
            state.remove()
