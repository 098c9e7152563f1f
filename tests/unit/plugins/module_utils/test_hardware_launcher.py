# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of the hardware roles runs on a host by itself. Runs on every Python from 3.6 on."""

import json
import os
import subprocess
import sys
from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_launcher,
    _hardware_program,
    _program,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost


@pytest.fixture
def launcher(tmp_path: Any) -> str:
    """The program, installed below a folder, and its launcher pointing there."""
    for path, file in dict(_hardware_launcher.launcher(sys.executable), **_hardware_launcher.program()).items():
        place = str(tmp_path) + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        text = file.text
        if path == _hardware_launcher.LAUNCHER:
            text = text.replace(_hardware_launcher.PROGRAM, str(tmp_path) + _hardware_launcher.PROGRAM)
        with open(place, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        os.chmod(place, file.mode)
    return str(tmp_path) + _hardware_launcher.LAUNCHER


def call(launcher: str, *arguments: str, given: str = "") -> Result:
    # From a strange folder and without an environment, as a daemon would.
    # No newer parameters of run: Python 3.6 runs this too.
    process = subprocess.Popen(
        [launcher] + list(arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PYTHONPATH": "/nowhere"},
    )
    out, err = process.communicate(given.encode(), timeout=60)
    return Result(process.returncode, out.decode(), err.decode())


def test_it_starts_without_the_collection(launcher: str) -> None:
    done = call(launcher, "no-such-verb")
    assert done.rc == 2, done.err
    assert done.err.startswith("kernelops-hardware alarm|")


@pytest.mark.parametrize("given", ["", "{", "[]", "{}", '{"summary": "x", "severity": "loud"}'])
def test_what_is_no_event_is_refused(launcher: str, given: str) -> None:
    done = call(launcher, "alarm", given=given)
    assert done.rc == 2
    assert done.err.startswith("no alarm: ")


def test_it_leaves_no_compiled_files(launcher: str) -> None:
    call(launcher, "no-such-verb")
    folder = launcher[: -len(_hardware_launcher.LAUNCHER)]
    found = [os.path.join(at, name) for at, _folders, names in os.walk(folder) for name in names]
    assert sorted(found) == [folder + _hardware_launcher.PROGRAM, folder + _hardware_launcher.LAUNCHER]


def test_it_holds_all_that_watches_and_none_of_what_writes() -> None:
    found = set(_program.sources(_hardware_launcher.NAME))
    assert {"_alarm", "_host", "_files", "_hardware_program"} <= found
    assert not [name for name in found if name.endswith(("_controls", "_setup", "_plan"))]


@pytest.mark.parametrize("mode, current", [(0o644, True), (0o600, False)])
def test_the_audit_asks_for_the_program_as_it_would_be_written(make_host: Any, mode: int, current: bool) -> None:
    host: FixtureHost = make_host()
    assert _hardware_launcher.is_current(host) is False
    (file,) = _hardware_launcher.program().values()
    host.write(_hardware_launcher.PROGRAM, file.text, mode)
    assert _hardware_launcher.is_current(host) is current


def test_the_verb_comes_before_what_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    order: List[str] = []

    def fail(_host: Any) -> int:
        order.append("verb")
        raise HostError("x")

    monkeypatch.setitem(_hardware_program.VERBS, "disks", fail)
    monkeypatch.setattr(_hardware_program._alarm, "send_again", lambda host: order.append("again"))
    assert _hardware_program.run(["disks"]) == 1
    assert order == ["verb", "again"]


def test_a_test_that_does_not_get_out_ends_with_an_error(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    outcomes: List[Dict[str, str]] = [{"journal": "journal"}, {"journal": "journal", "command": "failed: x"}]
    monkeypatch.setattr(_hardware_program._alarm, "test", lambda host: outcomes[0])
    assert _hardware_program.run(["test"]) == 0
    assert json.loads(capsys.readouterr().out) == outcomes.pop(0)
    assert _hardware_program.run(["test"]) == 1
