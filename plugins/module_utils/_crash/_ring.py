# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of the running kernel (/dev/kmsg, Documentation/ABI/testing/dev-kmsg): an oops that the host survived is there at once."""

import re
from typing import Iterable, Iterator, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _virtualization
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan, _when
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._places import Found
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

KMSG = "/dev/kmsg"
# Priority and facility, number, microseconds since the boot, flags; with CONFIG_PRINTK_CALLER the task or CPU.
RECORD = re.compile(rb"(\d{1,9}),\d{1,20},(\d{1,18}),[^;,]{0,8}(?:,caller=([TC]\d{1,9}))?[^;]{0,200};")
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
# More than the largest buffer of a distribution's kernel.
LIMIT = 64 * 1024 * 1024
BOOTED = re.compile(r"(?m)^btime (\d{1,12})$")


def incidents(host: Host) -> Found:
    """What the running kernel has told of since it booted, as far as its buffer reaches back."""
    if not host.exists(KMSG) or _virtualization.observe(host)["kind"] == "container":
        # A container would see its host's crashes.
        return Found([], [])
    lacks: List[str] = []
    try:
        found = _scan.incidents(lines(_limited(host.records(KMSG))), lacks)
    except HostError as error:
        return Found([], ["the messages of the running kernel could not be read: %s" % error])
    began = booted(host)
    for incident in found:
        incident["source"] = KMSG
        if began and incident["seconds"] is not None:
            incident["at"] = _when.utc(began + incident["seconds"])
    return Found(found, ["%s: %s" % (KMSG, lack) for lack in lacks])


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The kernel's own messages as dmesg writes them; what programs wrote into the buffer is left out."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield b"".join(_message(line) for line in whole)


def _message(line: bytes) -> bytes:
    match = RECORD.match(line)
    # The kernel lets no program write with facility 0.
    if match is None or int(match.group(1)) >> 3:
        return b""
    micros = int(match.group(2))
    head = b"[%5d.%06d] " % (micros // 1000000, micros % 1000000)
    head += b"[%s] " % match.group(3) if match.group(3) else b""
    text = ESCAPED.sub(lambda found: bytes((int(found.group(1), 16),)), line[match.end() :])
    return b"".join(head + part + b"\n" for part in text.split(b"\n"))


def _limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > LIMIT:
            return


def booted(host: Host) -> int:
    """When the kernel's clock stood at 0, in the machine's time; 0 where nobody says."""
    try:
        match = BOOTED.search(host.read("/proc/stat") or "")
    except HostError:
        return 0
    return int(match.group(1)) if match else 0
