# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reports on a fleet share: hosts without an answer, and a file that is whole or not there."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _report

DATA = {"hosts": [{"host": "web1", "verdict": "clear"}], "text": "Gr\u00f6\u00dfe"}


@pytest.mark.parametrize(
    "result, said",
    [
        ({"unreachable": True, "msg": "timed out", "found": []}, {"verdict": "unreachable", "message": "timed out"}),
        ({"failed": True, "msg": "bad"}, {"verdict": "failed", "message": "bad"}),
        ({}, {"verdict": "failed", "message": "the look left no result"}),
        ({"found": []}, None),
    ],
)
def test_who_gave_no_answer_has_a_verdict_all_the_same(result: dict[str, t.Any], said: dict[str, str] | None) -> None:
    assert _report.silent(result, "found", "the look") == said


def test_hosts_that_left_the_play_are_counted() -> None:
    variables = {"ansible_play_hosts_all": ["a", "b"], "hostvars": {"a": {"mine": {"found": []}}, "b": {}, "c": {}}}
    assert _report.registered(variables, "mine") == {"a": {"found": []}, "b": {}}


def test_the_variable_that_names_the_file_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _report.save("x_file", "a.json", DATA) == str(tmp_path / "a.json")
    with pytest.raises(PolicyError, match=r"^x_file: .*/none/a.json could not be written: No such file"):
        _report.save("x_file", "none/a.json", DATA)


def test_the_file_is_whole_private_and_replaced_in_one_step(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("an older and much longer report" * 1000)
    _report.write(str(path), DATA)
    assert json.loads(path.read_text()) == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_report_that_cannot_be_written_leaves_the_older_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("older")
    with pytest.raises(TypeError):
        _report.write(str(path), {("no", "key"): 1})
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_folder_that_is_not_there_or_a_folder_as_the_file(tmp_path: pathlib.Path) -> None:
    for path in (tmp_path / "none/report.json", tmp_path):
        with pytest.raises(OSError):
            _report.write(str(path), DATA)
    assert os.listdir(tmp_path) == []
