# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two parts of one answer at the same time, and in this process alone where that does not go."""

import os
import signal
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _side_by_side
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError

PARENT = os.getpid()


def process() -> Dict[str, Any]:
    return {"process": os.getpid()}


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture(autouse=True)
def nothing_left() -> Any:
    before = os.listdir("/proc/self/fd")
    yield
    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_second_is_made_by_another_process() -> None:
    first, second = _side_by_side.both(process, process)
    assert first["process"] == os.getpid() != second["process"]


def test_they_are_made_at_the_same_time() -> None:
    ours, theirs = os.pipe()
    back, forth = os.pipe()

    def here() -> Dict[str, Any]:
        os.write(forth, b"go")
        return {"heard": os.read(ours, 5).decode()}

    def beside() -> Dict[str, Any]:
        heard = os.read(back, 2).decode()
        os.write(theirs, b"there")
        return {"heard": heard}

    assert _side_by_side.both(here, beside) == ({"heard": "there"}, {"heard": "go"})
    for handle in (ours, theirs, back, forth):
        os.close(handle)


def test_an_answer_larger_than_a_pipe_arrives_whole() -> None:
    long = {"text": "\udcff\u20ac" * 500000, "list": [1, None, True]}
    assert _side_by_side.both(process, lambda: long)[1] == long


def test_an_error_of_either_is_raised_here() -> None:
    def refuse() -> Dict[str, Any]:
        raise PolicyError("kdump_crash_size: no")

    for parts in ((process, refuse), (refuse, process), (refuse, lambda: {"text": "x" * 500000})):
        with pytest.raises(PolicyError, match="kdump_crash_size"):
            _side_by_side.both(*parts)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_process_that_is_killed_is_replaced(how: int) -> None:
    def killed() -> Dict[str, Any]:
        if os.getpid() != PARENT:
            os.kill(os.getpid(), how)
        return process()

    assert _side_by_side.both(process, killed) == (process(), process())


def test_an_answer_that_is_no_json_is_made_again() -> None:
    assert _side_by_side.both(process, lambda: {"bytes": b"x"})[1] == {"bytes": b"x"}


def test_one_processor_or_no_room_for_a_process_needs_none(monkeypatch: Any) -> None:
    def refuse() -> int:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert _side_by_side.both(process, process) == (process(), process())
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(os, "fork", None)
    assert _side_by_side.both(process, process) == (process(), process())
