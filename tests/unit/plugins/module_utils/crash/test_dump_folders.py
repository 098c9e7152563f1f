# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps are looked for where the host is told to put them."""

import os
from typing import List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _copy, _dump_folders, _evidence
from unit.plugins.module_utils.crash import samples
from unit.plugins.module_utils.crash.test_evidence import entry, put, with_journal
from unit.plugins.module_utils.crash.test_merge import CRASH, OOPS, TEN
from unit.plugins.module_utils.fixture_host import FixtureHost

DEBIAN, RED_HAT, SUSE = "/etc/default/kdump-tools", "/etc/kdump.conf", "/etc/sysconfig/kdump"


@pytest.mark.parametrize(
    "path, text, more",
    [
        (DEBIAN, 'USE_KDUMP=1\nKDUMP_COREDIR="/srv/dumps/"\n', ["/srv/dumps"]),
        (DEBIAN, 'KDUMP_COREDIR="/var/crash"\n', []),
        (DEBIAN, "#KDUMP_COREDIR=/srv/dumps\n", []),
        (DEBIAN, 'KDUMP_COREDIR="/"\n', []),
        # There it is only mounted while a dump is taken.
        (DEBIAN, 'KDUMP_COREDIR="/mnt/dumps"\nNFS="store:/dumps"\n', []),
        (RED_HAT, "path /srv/dumps\ncore_collector makedumpfile -l\n", ["/srv/dumps"]),
        (RED_HAT, "nfs store:/dumps\npath /dumps\n", []),
        (SUSE, 'KDUMP_SAVEDIR="file:///srv/dumps"\n', ["/srv/dumps"]),
        (SUSE, 'KDUMP_SAVEDIR="ssh://store/dumps /srv/dumps"\n', ["/srv/dumps"]),
        (SUSE, 'KDUMP_COMMANDLINE_REMOVE="quiet"\n', []),
    ],
)
def test_where_dumps_are(empty: FixtureHost, path: str, text: str, more: List[str]) -> None:
    empty.put(path, text)
    assert _dump_folders.of(empty, []) == tuple(["/var/crash"] + more)


def test_a_setting_that_may_not_be_read_is_named(empty: FixtureHost) -> None:
    empty.put(RED_HAT, "path /srv/dumps\n")
    empty.denied.add(RED_HAT)
    found = _evidence.of_host(empty, 0)
    assert found.warnings == ["where dumps go could not be read: /etc/kdump.conf: Permission denied"]


def test_a_dump_there_is_one_incident_with_the_journal_s(empty: FixtureHost) -> None:
    """And it is told apart from the one beside it, as below the default."""
    empty.put(DEBIAN, 'KDUMP_COREDIR="/srv/dumps"\n')
    dumps = ["/srv/dumps/20260105100%d/dmesg.20260105100%d" % (minute, minute) for minute in (0, 5)]
    for number, dump in enumerate(dumps):
        put(empty, dump, CRASH.encode(), TEN + 85 + number * 30)
    with_journal(empty, ["", OOPS], [entry("x")])
    found = sorted([one["source"]] + one["evidence"] for one in _evidence.of_host(empty, 10).incidents)
    assert found == [[dumps[0], "journal of boot -1"], [dumps[1]]]


def test_what_users_put_there_proves_nothing(empty: FixtureHost) -> None:
    empty.put(DEBIAN, 'KDUMP_COREDIR="/srv/dumps"\n')
    path = "/srv/dumps/202601051000/dmesg.202601051000"
    put(empty, path, samples.X86_NULL.encode())
    empty.owners[os.path.dirname(path)] = 1000
    found = _evidence.of_host(empty, 0)
    assert (found.incidents, len(found.warnings)) == ([], 1)
    copies = _copy.read(empty, [dict(source=path, evidence=[])], 1048576)
    assert (copies.pieces, len(copies.left_out)) == ([], 1)
