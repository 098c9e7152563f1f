# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many kernels dnf keeps, and how it is told. Runs on every Python from 3.6 on."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_dnf as dnf
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import Keep
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_releases import N50, N53, N56, N57, RELEASES, kernels

# /etc/dnf/dnf.conf of the repository casjay-base/rhel, as it is there.
REAL = """\
[main]
gpgcheck=1
installonly_limit=2
clean_requirements_on_remove=True
fastestmirror=True
keepcache=False
metadata_timer_sync=86400
max_parallel_downloads=5
deltarpm=True
skip_if_unavailable=True
defaultyes=True
exclude=kernel-debug* kmod-kvdo*

# Optional performance tweaks
timeout=30
retries=3
ip_resolve=4
"""


@pytest.mark.parametrize(
    "text, count",
    [(None, 3), (REAL, 2), ("[main]\ninstallonly_limit=5\n", 5), ("[main]\ninstallonly_limit = 0\n", None)],
)
def test_what_dnf_keeps(empty: FixtureHost, text: Any, count: Any) -> None:
    if text:
        empty.put(dnf.FILE, text)
    found = dnf.observe(empty, kernels(), N57)
    assert (found.tool, found.kept) == ("dnf", RELEASES[:count] if count else None)
    if count == 2:
        # The running one is skipped.
        assert dnf.observe(empty, kernels(), N50).kept == [N50, N57]


def keep(known_good: str = "", retain: int = 3, *releases: str) -> Keep:
    return Keep(list(releases), kernels(), N57, known_good, retain)


@pytest.mark.parametrize("before", [REAL, "[main]\ngpgcheck=True\nbest=True", "[main]\ninstallonly_limit = 3\n"])
def test_the_limit_is_raised_and_given_back(empty: FixtureHost, before: str) -> None:
    empty.put(dnf.FILE, before)
    after = dnf.wanted(empty, keep())[dnf.FILE]
    assert "\ninstallonly_limit=4\n" in after
    assert len([line for line in after.splitlines() if dnf._sets_limit(line)]) == 1
    empty.put(dnf.FILE, after)
    assert dnf.wanted(empty, keep()) == {dnf.FILE: after}
    assert dnf.observe(empty, kernels(), N57).kept == RELEASES[:4]
    assert dnf.without(empty)[dnf.FILE] == before


@pytest.mark.parametrize(
    "wanted, limit",
    [
        (keep("", 1), 2),
        # An old kernel that must stay has no name there, only a place.
        (keep("", 1, N57, N50), 5),
        # One more kernel may be installed before the next run of the role.
        (keep(N53, 1, N57, N56, N53), 4),
        (keep(N57, 1, N57, N56), 2),
    ],
)
def test_the_limit_reaches_to_the_oldest_that_must_stay(empty: FixtureHost, wanted: Keep, limit: int) -> None:
    empty.put(dnf.FILE, "[main]\ninstallonly_limit=1\n")
    assert "\ninstallonly_limit=%d\n" % limit in dnf.wanted(empty, wanted)[dnf.FILE]


@pytest.mark.parametrize(
    "text",
    [
        "[main]\ngpgcheck=True\ninstallonly_limit=3\nbest=True\n",
        "[main]\ninstallonly_limit = 9\n",
        "[main]\ninstallonly_limit=0\n",
        "[main]\nbest=True\n",
    ],
)
def test_a_limit_that_is_enough_is_left_alone(empty: FixtureHost, text: str) -> None:
    empty.put(dnf.FILE, text)
    assert dnf.wanted(empty, keep("", 2)) == {dnf.FILE: text}
    assert dnf.obstacle(empty, keep("", 2)) == ""


def test_where_another_section_would_take_our_line_a_person_is_asked(empty: FixtureHost) -> None:
    text = REAL + "[other]\n"
    empty.put(dnf.FILE, text)
    assert dnf.wanted(empty, keep()) == {dnf.FILE: text}
    assert dnf.obstacle(empty, keep()) == dnf.observe(empty, kernels(), N57).obstacle == dnf.BY_HAND
    empty.put(dnf.FILE, text.replace("limit=2", "limit=4"))
    assert dnf.obstacle(empty, keep()) == ""
