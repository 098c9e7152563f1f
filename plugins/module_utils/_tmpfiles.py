# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which line of tmpfiles.d decides how long the files below a directory stay: of several for one path the first counts."""

import re
from typing import NamedTuple, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _drop_ins, _systemd
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

# What may stand before an age: which of the times of a file count, and that the first level stays.
AGE_PREFIX = re.compile(r"^~?(?:[abcmABCM]+:)?~?")


class Age(NamedTuple):
    """How long files stay: as it is written ('-' for ever), in seconds (None for ever), and C(file:line)."""

    text: str
    seconds: Optional[float]
    source: str


def age(host: Host, path: str) -> Optional[Age]:
    """What decides for a directory, None where no line names it; raises HostError."""
    for source in _drop_ins.files(host, "tmpfiles.d"):
        for number, line in enumerate((host.read(source) or "").splitlines(), 1):
            fields = line.split(None, 6)
            # Only lines for directories hold an age; w, z and their like may name the same path.
            if len(fields) < 2 or fields[0][:1] not in "dDevqQ" or fields[1].rstrip("/") != path:
                continue
            text = fields[5] if len(fields) > 5 else "-"
            place = "%s:%d" % (source, number)
            if text == "-":
                return Age(text, None, place)
            seconds = _systemd.seconds(AGE_PREFIX.sub("", text))
            if seconds is None:
                raise HostError("%s: '%s' is no age" % (place, text))
            return Age(text, seconds, place)
    return None
