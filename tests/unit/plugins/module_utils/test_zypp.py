# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libzypp's settings say, and which kernels a purge leaves. Runs on every Python from 3.6 on."""

from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _zypp
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Result
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernel_packages import (
    QUERY,
    RpmKernel,
    rpm_kernels,
)


def simple(*numbers: int) -> List[RpmKernel]:
    return [RpmKernel("1-%d-default" % number, "default", ["1-%d" % number]) for number in numbers]


BUILDS = [
    RpmKernel("5.7.8-1.g8f507a0-default", "default", ["5.7.8-1.1.g8f507a0"]),
    RpmKernel("5.7.10-3.gd1148b9-default", "default", ["5.7.10-3.1.gd1148b9"]),
    RpmKernel("5.8.1-2.g553537d-default", "default", ["5.8.1-2.1.g553537d"]),
    RpmKernel("5.8.1-3.g846658e-default", "default", ["5.8.1-3.1.g846658e"]),
]
BASE = [
    RpmKernel("5.7.8-%d-default" % n, "default", ["5.7.8-%d.1.1.1" % n, "5.7.8-%d" % n, "5.7.8-%d.1.1" % n])
    for n in (1, 2, 3)
]


# Packages, words, the running kernel, and what stays, as libzypp's own tests have it (tests/zypp/PurgeKernels_test.cc).
@pytest.mark.parametrize(
    "packages, words, running, left",
    [
        (simple(1, 2, 3, 4, 5), "running", "1-3-default", ["1-3-default"]),
        (
            simple(1, 2, 3, 4, 5),
            "oldest+1,running,latest-1",
            "1-3-default",
            ["1-2-default", "1-3-default", "1-4-default"],
        ),
        (simple(1, 2, 5), "running,1-2", "1-1-default", ["1-1-default", "1-2-default"]),
        (simple(1, 2), "latest,running", "1-1-default", ["1-1-default", "1-2-default"]),
        (BUILDS, "latest,latest-1,running", BUILDS[3].release, [BUILDS[2].release, BUILDS[3].release]),
        (BASE, "running,5.7.8-2.1.1", "5.7.8-3-default", ["5.7.8-2-default", "5.7.8-3-default"]),
    ],
)
def test_what_a_purge_leaves(packages: Any, words: str, running: str, left: List[str]) -> None:
    assert sorted(_zypp.left(words.split(","), packages, running)) == left


def test_places_count_for_each_flavour_and_only_in_their_direction() -> None:
    packages = simple(1, 2) + [RpmKernel("1-1-rt", "rt", ["1-1"])]
    assert sorted(_zypp.left(["latest", "oldest-1", "latest+1"], packages, "")) == ["1-1-rt", "1-2-default"]


def test_what_rpm_knows(make_host: Any) -> None:
    host = make_host("suse/leap")
    oldest = ("6.4.0-150600.23.33-default", "default", ["6.4.0-150600.23.33.2", "6.4.0-150600.23.33"])
    assert rpm_kernels(host)[0] == oldest
    host.answers[tuple(QUERY)] = Result(1, "no package provides kernel-uname-r\n", "")
    assert rpm_kernels(host) == []
    host.answers[tuple(QUERY)] = Result(1, "", "error: cannot open Packages database\n")
    with pytest.raises(CommandError, match="cannot open"):
        rpm_kernels(host)


def test_drop_ins_count_in_their_order(make_host: Any) -> None:
    host = make_host("suse/usrmerged")
    for folder, name, words in ((_zypp.VENDOR_DROP_INS, "50-a", "latest"), (_zypp.DROP_INS, "10-b", "oldest")):
        host.put("%s/%s.conf" % (folder, name), "[main]\nmultiversion.kernels = %s\n" % words)
    assert _zypp.settings(host, _zypp.texts(host)).words == ["latest"]
    # One of the same name in /etc takes the place of the vendor's.
    host.put(_zypp.DROP_INS + "/50-a.conf", "[other]\nmultiversion.kernels = running\n")
    assert _zypp.settings(host, _zypp.texts(host)).words == ["oldest"]
    assert _zypp.settings(host, _zypp.texts(host)).keeps_several
    host.put(_zypp.FILE, "[main]\n")
    assert not _zypp.settings(host, _zypp.texts(host)).keeps_several
