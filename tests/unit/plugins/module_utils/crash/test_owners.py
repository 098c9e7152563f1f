# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A crash that a user could have made up is no evidence, and is said to have been left out."""

import os

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence, _owners
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.fixture_host import FixtureHost

DUMPED = "/var/crash/202601051000/dmesg.202601051000"
FOLDER = "/var/crash/202601051000"


@pytest.fixture
def host(empty: FixtureHost) -> FixtureHost:
    empty.put(DUMPED, samples.stamped(samples.X86_NULL))
    # As apport leaves it: all users may write, and only touch what is theirs.
    os.chmod(empty.root + "/var/crash", 0o3777)
    return empty


def test_what_root_and_programs_of_the_system_wrote_counts(host: FixtureHost) -> None:
    for uid in (0, 112, 999):
        host.owners[DUMPED] = uid
        found = _evidence.of_host(host, 0)
        assert ([incident["source"] for incident in found.incidents], found.warnings) == ([DUMPED], [])


@pytest.mark.parametrize("path", [DUMPED, FOLDER])
@pytest.mark.parametrize("uid", [1000, 65534])
def test_what_belongs_to_a_user_does_not(host: FixtureHost, path: str, uid: int) -> None:
    host.owners[path] = uid
    found = _evidence.of_host(host, 0)
    assert found.incidents == []
    expected = "%s: was not read, because %s belongs to the user %d, who could have made it up" % (DUMPED, path, uid)
    assert found.warnings == [expected]


@pytest.mark.parametrize("path, mode", [("/var/crash", 0o777), (FOLDER, 0o777), (DUMPED, 0o666)])
def test_what_any_user_may_write_to_does_not(host: FixtureHost, path: str, mode: int) -> None:
    os.chmod(host.root + path, mode)
    found = _evidence.of_host(host, 0)
    assert found.incidents == []
    assert found.warnings == ["%s: was not read, because any user may write to %s" % (DUMPED, path)]


def test_a_link_of_a_user_is_not_followed(host: FixtureHost) -> None:
    host.put("/srv/old/dmesg.txt", samples.stamped(samples.SOFT_LOCKUP))
    link = "/var/crash/mine"
    host.link(link, "../../srv/old")
    assert len(_evidence.of_host(host, 0).incidents) == 2
    host.owners[link] = 1000
    found = _evidence.of_host(host, 0)
    assert [incident["source"] for incident in found.incidents] == [DUMPED]
    assert link in found.warnings[0]


def test_who_names_the_file_gets_it_read(host: FixtureHost) -> None:
    host.owners[DUMPED] = 1000
    assert len(_evidence.of_files(host, [DUMPED]).incidents) == 1


def test_below_which_directory_a_path_is() -> None:
    places = ("/var/crash", "/var/spool/abrt")
    assert _owners.place_of("/var/crash/1/dmesg", places) == "/var/crash"
    assert _owners.place_of("/var/log/../crash/1", places) == "/var/crash"
    assert _owners.place_of("/var/crashed/1", places) is None
