# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels that C(zypper purge-kernels) leaves on SUSE: it runs at the boot after a kernel was installed."""

from typing import Dict, List, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kernel_packages,
    _kernels,
    _managed_block,
    _zypp,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import (
    BLOCK,
    Keep,
    Retention,
    ends_in,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PROGRAM = "zypper"
DROP_IN = _zypp.DROP_INS + "/zz-fallback_kernel.conf"
HEADER = "# Managed by Ansible, kernelops.panic_hardening.fallback_kernel: changes are overwritten.\n[main]\n"
BY_HAND = "set %s in [main] of %s by hand: its last section is another one, so the role adds nothing" % (
    _zypp.KERNELS,
    _zypp.FILE,
)


def observe(host: Host, kernels: List[_kernels.Kernel], running: str) -> Retention:
    """What the next purge leaves; raises Unreadable or CommandError."""
    found = _zypp.settings(host, _zypp.texts(host))
    packages = _kernel_packages.rpm_kernels(host)
    owned = [package.release for package in packages]
    if not found.keeps_several:
        # The next update takes the place of each of them.
        staying: List[str] = []
    elif found.words is None:
        return Retention("zypper", None, _zypp.FILE)
    else:
        staying = _zypp.left(found.words, packages, running)
    kept = [kernel.release for kernel in kernels if kernel.release in staying or kernel.release not in owned]
    return Retention(
        "zypper", kept, DROP_IN if _zypp.merges(host) else _zypp.FILE, "" if _extensible(host) else BY_HAND
    )


def _body(host: Host) -> str:
    return _managed_block.strip(host.read(_zypp.FILE) or "", BLOCK)


def _extensible(host: Host) -> bool:
    return _zypp.merges(host) or ends_in(_body(host), "main")


def obstacle(host: Host, keep: Keep) -> str:
    """What a person must do where settings are missing, and cannot be added; raises Unreadable or CommandError."""
    return BY_HAND if not _extensible(host) and _lines(host, keep) else ""


def _others(host: Host) -> List[Tuple[str, str]]:
    """The files as they are without what is ours."""
    found = [(path, text) for path, text in _zypp.texts(host) if path != DROP_IN]
    return [(path, _managed_block.strip(text, BLOCK) if path == _zypp.FILE else text) for path, text in found]


def _lines(host: Host, keep: Keep) -> List[str]:
    """The settings that are missing: all words of others stay, so that nothing goes that they keep."""
    found = _zypp.settings(host, _others(host))
    lines = [] if found.keeps_several else ["%s = %s" % (_zypp.SEVERAL, ",".join(found.several + [_zypp.ALL_KERNELS]))]
    if found.words is None:
        return lines
    packages = _kernel_packages.rpm_kernels(host)
    places = ["latest"] + ["latest-%d" % number for number in range(1, keep.retain + 1)] + ["running"]
    words = found.words + [word for word in places if word not in found.words]
    named = set(keep.releases) - set(_zypp.left(words, packages, keep.running)) | {keep.known_good}
    # By its package's own version: the release of a kernel is not always one that zypp knows.
    exact = sorted(package.editions[0] for package in packages if package.release in named)
    words += [word for word in exact if word not in words]
    return lines if words == found.words else lines + ["%s = %s" % (_zypp.KERNELS, ",".join(words))]


def _key(line: str) -> str:
    return line.partition("=")[0].strip()


def wanted(host: Host, keep: Keep) -> Dict[str, str]:
    """zypp.conf, or where this libzypp reads drop-ins one of ours, as it should be; raises Unreadable or CommandError."""
    lines = _lines(host, keep)
    if _zypp.merges(host):
        return {DROP_IN: HEADER + "".join(line + "\n" for line in lines) if lines else ""}
    body = _body(host)
    if not _extensible(host):
        return {_zypp.FILE: body}
    keys = [_key(line) for line in lines]
    return {_zypp.FILE: _managed_block.merge(body, BLOCK, lines, lambda line: _key(line) in keys)}


def without(host: Host) -> Dict[str, str]:
    """The same without what is ours; raises Unreadable."""
    return {DROP_IN: "", _zypp.FILE: _body(host)}
