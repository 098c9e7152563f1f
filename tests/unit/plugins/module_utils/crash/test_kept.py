# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""There is room for what an operator can use, however much the logs of a host hold."""

from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence, _kept, _marks
from unit.plugins.module_utils.crash.test_evidence import END, put
from unit.plugins.module_utils.fixture_host import FixtureHost


def incident(number: int, fatal: bool = False, text: str = "") -> Dict[str, Any]:
    at = "2026-01-05T10:%02d:%02dZ" % divmod(number, 60)
    return dict(line=number, at=at, fatal=fatal, call_trace=[text], follow_ups=[], marks=_marks.NONE)


def lines(incidents: Any) -> List[int]:
    return [one["line"] for one in incidents]


def test_of_one_source_the_size_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept, "ROOM", 50000)
    kept = _kept.Kept()
    for number in range(30):
        kept.add(incident(number, number < 8, "x" * 10000))
    assert lines(kept.all()) == [5, 6, 7, 27, 28, 29]
    assert kept.lack() == "of 30 incidents only the newest 3 and older fatal ones are told"


def test_one_that_is_larger_than_the_room_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept, "ROOM", 10)
    kept = _kept.Kept()
    kept.add(incident(1))
    assert (lines(kept.all()), kept.lack()) == ([1], None)


def test_of_all_sources_the_fatal_ones_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept, "ROOM_FOR_ALL", 8 * _kept.size(incident(0)))
    pile = _kept.Pile()
    pile.add([incident(7), incident(1, fatal=True), incident(2)])
    assert (lines(pile.incidents), pile.lacks()) == ([7, 1, 2], [])
    pile.add([incident(number) for number in (3, 9, 4, 8, 5, 6)])
    assert lines(pile.incidents) == [7, 1, 9, 8, 5, 6]
    assert pile.lacks() == ["of 9 incidents only 6 are told, the fatal ones and the newest"]


def test_a_host_and_named_files_say_what_they_left_out(empty: FixtureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept, "ROOM_FOR_ALL", 20000)
    paths = ["/var/log/kern.log", "/var/log/messages"]
    for path in paths:
        text = "".join("Jan  5 %02d:00:25 n kernel: BUG: Bad page state in process x%d\n" % (n, n) for n in range(9))
        put(empty, path, text.encode(), END)
    for found in (_evidence.of_host(empty, 0), _evidence.of_files(empty, paths)):
        # The host's own two files tell of the same ones.
        assert {one["at"][:19] for one in found.incidents} == {"2026-01-05T07:00:25", "2026-01-05T08:00:25"}
        assert found.warnings == ["of 18 incidents only 4 are told, the fatal ones and the newest"]
