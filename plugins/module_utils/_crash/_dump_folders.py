# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the dumps of a host are: each distribution has a default, and a setting of its own."""

import re
from typing import Iterator, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_tools
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kdump_backends import BACKENDS

CRASH = "/var/crash"
# SUSE's file has the form of Debian's, and names places as URLs, of which only those of the host itself are read.
SUSE = "/etc/sysconfig/kdump"
OF_SUSE = re.compile(r"(?:file://)?(/.*)\Z")


def of(host: Host, warnings: List[str]) -> Tuple[str, ...]:
    """The directories below which dumps are, the default first."""
    found = [CRASH]
    try:
        for path in _configured(host):
            path = "/" + path.strip("/")
            if path not in found and path != "/":
                found.append(path)
    except HostError as error:
        warnings.append("where dumps go could not be read: %s" % error)
    return tuple(found)


def _configured(host: Host) -> Iterator[str]:
    for name in sorted(BACKENDS):
        config = BACKENDS[name].effective(host)
        # Where dumps go elsewhere, this is only the place to which that is mounted.
        if BACKENDS[name].target(config) == "local":
            yield BACKENDS[name].directory(config)
    for place in _kdump_tools.parse(host.read(SUSE) or "").get("KDUMP_SAVEDIR", ("",))[0].split():
        match = OF_SUSE.match(place)
        if match:
            yield match.group(1)
