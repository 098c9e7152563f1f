# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of incidents, to be carried off the host: as it is, packed, and no more of it than was asked for.

Of what is too large the lines around the incidents go.
"""

import base64
import re
import zlib
from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import (
    _dump_folders,
    _excerpt,
    _journal,
    _owners,
    _places,
    _ring,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

OF_JOURNAL = re.compile(r"journal of boot -(\d{1,6})\Z")
# The name of an excerpt ends so. It is not worth to be made for less than so many bytes.
EXCERPT = ".excerpt"
WORTH = 4096
# About what is around one incident.
EACH = 128 * 1024


class Pieces(NamedTuple):
    """What was read, packed, and what was left out, with the reason."""

    pieces: List[Dict[str, Any]]
    left_out: List[Dict[str, str]]


class _TooLarge(Exception):
    pass


def read(host: Host, incidents: List[Dict[str, Any]], limit: int) -> Pieces:
    """The evidence of the incidents, the first of them first, together at most C(limit) bytes."""
    found = Pieces([], [])
    room = limit
    for name in _names(incidents):
        try:
            data = _piece(host, name, room)
        except _TooLarge:
            reason = "larger than what is left of the limit of %d MiB" % (limit // 1048576)
            data = _excerpted(host, name, incidents, room // 2)
            reason += "; the lines around its incidents were copied" if data else ""
            found.left_out.append(dict(source=name, reason=reason))
            if not data:
                continue
            name += EXCERPT
        except HostError as error:
            found.left_out.append(dict(source=name, reason=str(error)))
            continue
        room -= len(data)
        packed = base64.b64encode(zlib.compress(data)).decode("ascii")
        found.pieces.append(dict(source=name, size=len(data), data=packed))
    return found


def _excerpted(host: Host, name: str, incidents: List[Dict[str, Any]], room: int) -> bytes:
    """What is around the first of the incidents that were found in it, as far as there is room; empty where nothing is."""
    lines = [one["line"] for one in incidents if one["source"] == name and isinstance(one.get("line"), int)]
    try:
        return _excerpt.read(host, name, lines[: 1 + room // EACH], room) if lines and room >= WORTH else b""
    except HostError:
        return b""


def _names(incidents: List[Dict[str, Any]]) -> List[str]:
    names: List[str] = []
    for incident in incidents:
        for name in [incident["source"]] + list(incident.get("evidence") or []):
            if name not in names:
                names.append(name)
    return names


def _piece(host: Host, name: str, room: int) -> bytes:
    boot = OF_JOURNAL.match(name)
    if boot:
        data = host.output(_journal.of_boot(int(boot.group(1))), room, timeout=120)
        if data is None:
            raise _TooLarge
        return data
    if name == _ring.KMSG:
        data = b"".join(_ring.lines(host.records(name)))
        if len(data) > room:
            raise _TooLarge
        return data
    place = _owners.place_of(name, _dump_folders.of(host, []) + _places.ABRT)
    doubt = _owners.doubt(host, name, place) if place else None
    if doubt:
        # A link that was put there since would have another file carried off.
        raise HostError(doubt)
    try:
        with host.open(name) as handle:
            data = handle.read(room + 1)
    except OSError as error:
        raise HostError("%s: %s" % (name, error)) from None
    if len(data) > room:
        raise _TooLarge
    return data
