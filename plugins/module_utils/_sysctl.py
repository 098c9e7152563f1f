# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters: the live value, and the one that systemd-sysctl will set at the next boot.

The rules are those of sysctl.d(5) and of systemd's sysctl.c: a file name is taken once, from the highest
directory; the chosen files apply in byte order of their names; the last explicit assignment wins, and any
explicit one beats a glob.
"""

import fnmatch
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _drop_ins
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

SYSCTL_CONF = "/etc/sysctl.conf"
# Once set it keeps every crash kernel from being loaded, until the next boot.
KEXEC_KEY = "kernel.kexec_load_disabled"
KEY = re.compile(r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9_/-]+)+\Z")
VALUE = re.compile(r"^[A-Za-z0-9_,:. \t-]+\Z")


class Assignment(NamedTuple):
    """One line of one file: C(value) is None for a line C(-key), which takes the key out of globs."""

    key: str
    value: Optional[str]
    source: str
    line: int
    glob: bool


def drop_in(name: str) -> str:
    """The file of a profile; it sorts behind 99-sysctl.conf, the link to /etc/sysctl.conf."""
    return "/etc/sysctl.d/99-zz-%s.conf" % name


def proc_path(key: str) -> str:
    """The file of a key, e.g. kernel.panic -> /proc/sys/kernel/panic; a slash in a key stands for a dot."""
    return "/proc/sys/" + key.replace("/", "\0").replace(".", "/").replace("\0", ".")


def normalize_key(text: str) -> str:
    """The dotted form of a key; the first separator decides how the others are read, as in systemd."""
    separators = [c for c in text if c in "./"]
    if separators and separators[0] == "/":
        return text.replace("/", "\0").replace(".", "/").replace("\0", ".")
    return text


def same(one: Optional[str], other: Optional[str]) -> bool:
    """Whether two values mean the same to the kernel (0x10 and 16; white space; a trailing remark)."""
    return one is not None and other is not None and _canonical(one) == _canonical(other)


def _canonical(value: str) -> str:
    text = " ".join(value.split("#", 1)[0].split())
    # The kernel reads a leading 0 as octal, which Python refuses unless it is told so.
    if re.match(r"^-?0[0-7]+\Z", text):
        return str(int(text, 8))
    try:
        return str(int(text, 0))
    except ValueError:
        return text


def parse(text: str, source: str) -> List[Assignment]:
    """The assignments of one file; a value of None is a line C(-key), which takes a key out of globs."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        key, separator, value = line.partition("=")
        key = key.strip()
        ignored = key.startswith("-")
        if not separator and not ignored:
            continue
        key = normalize_key(key.lstrip("-").strip())
        is_glob = any(c in key for c in "*?[")
        found.append(Assignment(key, value.strip() if separator else None, source, number, is_glob))
    return found


def files(host: Host, more: Tuple[str, ...] = ()) -> List[str]:
    """The files that are read at boot, in the order in which they apply, C(more) as if they were there."""
    return _drop_ins.files(host, "sysctl.d", more)


def assignments(host: Host, instead: Optional[Dict[str, str]] = None) -> List[Assignment]:
    """All assignments of all files read at boot, in the order in which they apply; raises Unreadable.

    C(instead) holds texts to take for files below /etc/sysctl.d, to foresee what writing them would do.
    """
    found: List[Assignment] = []
    texts = instead or {}
    for path in files(host, tuple(texts)):
        found.extend(parse(texts[path] if path in texts else host.read(path) or "", path))
    return found


def shown(host: Host, assignment: Assignment) -> str:
    """Where an assignment stands, for people: file:line, with the file behind a link."""
    place = "%s:%d" % (assignment.source, assignment.line)
    target = host.resolve(assignment.source)
    return place if target == assignment.source else "%s (a link to %s)" % (place, target)


def persisted(found: List[Assignment], key: str) -> Tuple[Optional[Assignment], List[Assignment]]:
    """The assignment that wins at boot for C(key), and those it beats; None where no file sets it."""
    explicit = [a for a in found if not a.glob and a.key == key]
    if explicit:
        # A last line C(-key) takes the key out of everything before it, globs included.
        beaten = [a for a in explicit[:-1] if a.value is not None]
        return (explicit[-1], beaten) if explicit[-1].value is not None else (None, beaten)
    globs = [a for a in found if a.glob and a.value is not None and _glob_matches(a.key, key)]
    return (globs[-1], globs[:-1]) if globs else (None, [])


def _glob_matches(pattern: str, key: str) -> bool:
    # As in glob(7), a star does not cross a directory below /proc/sys.
    parts, names = pattern.split("."), key.split(".")
    return len(parts) == len(names) and all(fnmatch.fnmatchcase(n, p) for n, p in zip(names, parts))


def live(host: Host, key: str) -> Optional[str]:
    """The value of the running kernel, None where this kernel lacks the key; raises Unreadable."""
    text = host.read(proc_path(key))
    return None if text is None else " ".join(text.split())


def set_live(host: Host, key: str, value: str) -> None:
    """Set the running kernel's value and read it back; raises HostError when it did not take."""
    host.write_kernel(proc_path(key), value)
    now = live(host, key)
    if not same(now, value):
        raise HostError("%s: the kernel took '%s' but shows '%s'" % (proc_path(key), value, now))
