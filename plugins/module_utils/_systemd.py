# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd as files show it: how a unit stands, what its configuration files say together, and what their values mean."""

import re
from typing import Dict, Iterable, List, NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _drop_ins
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

UNITS = "/etc/systemd/system"
# What is made of a script in /etc/init.d, and by systemd-run.
GENERATED = ("/run/systemd/generator", "/run/systemd/generator.late", "/run/systemd/transient")
SECONDS = {
    "us": 1e-6, "usec": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60,
    "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "week": 604800, "weeks": 604800, "M": 2629800, "month": 2629800, "months": 2629800, "y": 31557600,
    "year": 31557600, "years": 31557600, "": 1,
}  # fmt: skip
SPAN = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]{0,7})\s*")
SIZE = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*([KMGTPE]?)B?\s*\Z")


class Unit(NamedTuple):
    """A unit: whether it may start at all, and whether it does so at boot or with what needs it."""

    name: str
    masked: bool
    enabled: bool


class Setting(NamedTuple):
    """The value that wins, and C(file:line) of where it stands."""

    value: str
    source: str


def unit_path(name: str) -> str:
    """Where the administrator's own unit of this name lies."""
    return "%s/%s" % (UNITS, name)


def unit(host: Host, name: str) -> Unit:
    """How a unit stands, from its links; raises Unreadable."""
    pulling = [entry for entry in host.listdir(UNITS) if entry.endswith((".wants", ".requires"))]
    return Unit(
        name,
        host.readlink("%s/%s" % (UNITS, name)) == "/dev/null",
        any(host.readlink("%s/%s/%s" % (UNITS, entry, name)) is not None for entry in pulling),
    )


def active_states(host: Host, names: List[str]) -> Dict[str, str]:
    """What systemd says of units: C(active), C(inactive), C(failed) and the like; '' for no answer. Raises HostError."""
    said = host.run(["systemctl", "is-active"] + names, check=False).out.splitlines()
    return dict(zip(names, said if len(said) == len(names) else [""] * len(names)))


def with_files(host: Host, names: Iterable[str]) -> List[str]:
    """Those of the units that have a file: systemd searches for each of the others anew, and takes its time; raises Unreadable."""
    folders = _drop_ins.folders("systemd/system") + GENERATED
    there = set().union(*(host.listdir(folder) for folder in folders))
    return sorted(there.intersection(names))


def installed(host: Host, name: str) -> bool:
    """Whether a unit of this name came with the distribution."""
    return any(host.exists("%s/%s" % (folder, name)) for folder in _drop_ins.folders("systemd/system")[1:])


def settings(host: Host, name: str, section: str) -> Dict[str, Setting]:
    """What a configuration file such as journald.conf and its drop-ins set together, by key; raises Unreadable."""
    main = ["%s/%s" % (folder, name) for folder in _drop_ins.folders("systemd")]
    paths = [path for path in main if host.exists(path)][:1] + _drop_ins.files(host, "systemd/%s.d" % name)
    found: Dict[str, Setting] = {}
    for path in paths:
        inside = ""
        for number, line in enumerate((host.read(path) or "").splitlines(), 1):
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                inside = line[1:-1]
            key, equals, value = (part.strip() for part in line.partition("="))
            if inside != section or not equals or key[:1] in ("#", ";"):
                continue
            found[key] = Setting(value, "%s:%d" % (path, number))
    # An empty value is the default again.
    return dict((key, setting) for key, setting in found.items() if setting.value)


def seconds(text: str) -> Optional[float]:
    """The length of a span such as C(1h 30min); None for what is none."""
    total, position = 0.0, 0
    while position < len(text) or not text:
        match = SPAN.match(text, position)
        if match is None or match.group(2) not in SECONDS or (not match.group(2) and match.end() < len(text)):
            return None
        total += float(match.group(1)) * SECONDS[match.group(2)]
        position = match.end()
    return total


def size(text: str) -> Optional[int]:
    """The bytes of a size such as C(512M); None for what is none."""
    match = SIZE.match(text)
    if match is None:
        return None
    power = " KMGTPE".index(match.group(2) or " ")
    return int(float(match.group(1)) * 1024**power)
