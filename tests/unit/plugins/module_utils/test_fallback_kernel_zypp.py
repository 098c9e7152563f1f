# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernels zypper leaves, and how it is told. Runs on every Python from 3.6 on."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_zypp as zypp
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _zypp
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_keep import Keep
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernels import Kernel
from unit.plugins.module_utils.fixture_host import FixtureHost

N42, N38, N33 = RELEASES = ["6.4.0-150600.23.%d-default" % number for number in (42, 38, 33)]
KERNELS = [Kernel(release, "", "", 0, []) for release in RELEASES]
SEVERAL = "\nmultiversion = provides:multiversion(kernel)\n"
LINE = "multiversion.kernels = latest,latest-1,running\n"


def keep(retain: int = 2, known_good: str = "", releases: Any = None) -> Keep:
    return Keep(RELEASES if releases is None else releases, KERNELS, N42, known_good, retain)


@pytest.fixture(params=["leap", "usrmerged"])
def host(request: Any, make_host: Any) -> FixtureHost:
    made: FixtureHost = make_host(*["suse/leap", "suse/usrmerged"][: 2 if request.param == "usrmerged" else 1])
    if request.param == "usrmerged":
        made.remove(_zypp.FILE)
    return made


def give(host: FixtureHost, wanted: Keep) -> str:
    """Have the file as wanted; returns it, and shows that nothing is left to do."""
    ((path, text),) = zypp.wanted(host, wanted).items()
    if text:
        host.put(path, text)
    assert zypp.wanted(host, wanted) == {path: text}
    return text


def test_as_suse_has_it_an_older_kernel_goes(host: FixtureHost) -> None:
    assert zypp.observe(host, KERNELS, N42).kept == [N42, N38]
    assert zypp.observe(host, KERNELS, N33).kept == RELEASES
    assert "\nmultiversion.kernels = latest,latest-1,running,latest-2\n" in give(host, keep())
    assert zypp.observe(host, KERNELS, N42).kept == RELEASES


def test_all_is_given_back(host: FixtureHost) -> None:
    before = {path: host.read(path) or "" for path in zypp.without(host)}
    assert give(host, keep(3, N33)) not in before.values()
    assert zypp.without(host) == before


def test_what_the_distribution_keeps_is_enough(host: FixtureHost) -> None:
    assert give(host, keep(1, "", [N42, N38])) == (host.read(_zypp.FILE) or "")


def test_the_known_good_kernel_is_named_by_its_package(host: FixtureHost) -> None:
    text = give(host, keep(1, N33))
    assert "\nmultiversion.kernels = latest,latest-1,running,6.4.0-150600.23.33.2\n" in text
    assert zypp.observe(host, KERNELS, N42).kept == RELEASES


def test_one_that_has_no_place_is_named_too(host: FixtureHost) -> None:
    assert ",running,6.4.0-150600.23.33.2\n" in give(host, keep(1))


def test_a_kernel_of_no_package_is_removed_by_nobody(host: FixtureHost) -> None:
    own = Kernel("6.9.0-own", "", "", 0, [])
    assert zypp.observe(host, KERNELS + [own], N42).kept == [N42, N38, "6.9.0-own"]


class TestSettingsOfTheOperator:
    def put(self, host: FixtureHost, old: str, new: str) -> None:
        path = _zypp.VENDOR_FILE if _zypp.merges(host) else _zypp.FILE
        assert old in host.text(path)
        host.put(path, host.text(path).replace(old, new))

    def test_their_words_stay(self, host: FixtureHost) -> None:
        self.put(host, LINE, "multiversion.kernels = oldest, latest , 6.4.0-1.2\n")
        text = give(host, keep(1, "", [N42, N38]))
        assert "\nmultiversion.kernels = oldest,latest,6.4.0-1.2,latest-1,running\n" in text

    def test_where_nothing_is_removed_nothing_is_set(self, host: FixtureHost) -> None:
        self.put(host, LINE, "")
        assert zypp.observe(host, KERNELS, N42).kept is None
        assert give(host, keep()) == (host.read(_zypp.FILE) or "")

    def test_where_an_update_takes_the_place_of_a_kernel(self, host: FixtureHost) -> None:
        self.put(host, SEVERAL, "\nmultiversion = foo\n")
        assert zypp.observe(host, KERNELS, N42).kept == []
        assert "\nmultiversion = foo,provides:multiversion(kernel)\n" in give(host, keep())
        assert zypp.observe(host, KERNELS, N42).kept == RELEASES

    def test_a_file_in_multiversion_d_counts(self, host: FixtureHost) -> None:
        self.put(host, SEVERAL, "\n")
        host.put(_zypp.MULTIVERSION_DIR + "/kernel", "# ours\nprovides:multiversion(kernel)\n")
        assert zypp.observe(host, KERNELS, N42).kept == [N42, N38]
        assert "\nmultiversion = " not in give(host, keep())


def test_a_file_whose_end_is_of_another_section_is_left_alone(make_host: Any) -> None:
    host = make_host("suse/leap")
    assert zypp.obstacle(host, keep()) == ""
    text = host.text(_zypp.FILE) + "[other]\nkey = value\n"
    host.put(_zypp.FILE, text)
    assert zypp.wanted(host, keep()) == {_zypp.FILE: text}
    assert zypp.obstacle(host, keep()) == zypp.observe(host, KERNELS, N42).obstacle == zypp.BY_HAND
    assert zypp.obstacle(host, keep(1, "", [N42])) == ""


def test_a_part_of_ours_goes_when_libzypp_has_learnt_of_drop_ins(make_host: Any) -> None:
    host = make_host("suse/leap")
    before = host.text(_zypp.FILE)
    host.put(_zypp.FILE, zypp.wanted(host, keep())[_zypp.FILE])
    host.put(_zypp.VENDOR_FILE, "[main]\n")
    wanted = dict(zypp.without(host), **zypp.wanted(host, keep()))
    assert wanted[_zypp.FILE] == before
    assert "latest-2" in wanted[zypp.DROP_IN]
