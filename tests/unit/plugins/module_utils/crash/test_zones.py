# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log files bear the time of the host's own zone and do not name it; the journal is read in UTC."""

from typing import Callable

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence
from unit.plugins.module_utils.crash.test_cut_off import WARNING
from unit.plugins.module_utils.crash.test_evidence import END, entry, put, with_journal
from unit.plugins.module_utils.fixture_host import FixtureHost

LOG = "/var/log/messages"


@pytest.mark.parametrize(
    "name, local",
    [
        ("UTC0", "Jan  5 10:00:25"),
        ("EET-2EEST,M3.5.0/3,M10.5.0/4", "Jan  5 12:00:25"),
        ("EST5EDT,M3.2.0,M11.1.0", "Jan  5 05:00:25"),
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-01-05T23:00:25.000000"),
    ],
)
def test_a_log_file_and_the_journal_tell_of_one_time(
    empty: FixtureHost, zone: Callable[[str], None], name: str, local: str
) -> None:
    zone(name)
    put(
        empty, LOG, "".join("%s node1 kernel: %s\n" % (local, line) for line in WARNING.splitlines()).encode(), END + 60
    )
    with_journal(empty, [WARNING, ""], [entry("x")])
    (found,) = _evidence.of_host(empty, 10).incidents
    assert (found["at"], found["source"], found["evidence"]) == ("2026-01-05T10:00:25Z", LOG, ["journal of boot -0"])


def test_summer_time_is_that_of_the_day_of_the_crash(empty: FixtureHost, zone: Callable[[str], None]) -> None:
    zone("EET-2EEST,M3.5.0/3,M10.5.0/4")
    put(empty, LOG, b"Jul  5 13:00:25 node1 kernel: BUG: Bad page state in process x\n", END)
    assert [one["at"] for one in _evidence.of_host(empty, 0).incidents] == ["2025-07-05T10:00:25Z"]
    # A file that somebody sent is of a zone that nobody knows.
    assert [one["at"] for one in _evidence.of_files(empty, [LOG]).incidents] == ["2025-07-05T13:00:25"]
