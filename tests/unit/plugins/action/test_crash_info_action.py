# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the module: the task's own options, and for the rest the host's variables, unless files are named."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ansible_collections.kernelops.panic_hardening.plugins.action import crash_info

HOST = {"panic_hardening_diagnose_since": "2026-11-01", "panic_hardening_diagnose_limit": 5}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Calls run the action plugin with the task's options and the host's variables, and give what the module would get."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})

    def run(options: dict[str, t.Any], variables: dict[str, t.Any]) -> t.Any:
        plugin = object.__new__(crash_info.ActionModule)
        plugin._loader = DataLoader()
        plugin._templar = Templar(loader=plugin._loader, variables=variables)
        plugin._task = types.SimpleNamespace(args=options)
        plugin._execute_module = lambda module_args, **_keywords: module_args
        return plugin.run(None, variables)

    return run


def test_without_options_the_host_s_variables_and_the_defaults_count(sent: t.Callable[..., t.Any]) -> None:
    assert sent({}, HOST) == {"since": "2026-11-01", "boots": 10, "limit": 5, "kinds": []}


def test_the_task_s_own_options_win(sent: t.Callable[..., t.Any]) -> None:
    assert sent({"limit": 1, "since": None}, HOST) == {"since": None, "boots": 10, "limit": 1, "kinds": []}


def test_named_files_are_judged_whole_whatever_the_host_s_variables_say(sent: t.Callable[..., t.Any]) -> None:
    wrong = {**HOST, "panic_hardening_diagnose_boots": "many"}
    assert sent({"paths": ["/a"]}, wrong) == {"paths": ["/a"]}


def test_bad_variables_are_refused_without_an_exception(sent: t.Callable[..., t.Any]) -> None:
    answer = sent({}, {"panic_hardening_diagnose_boots": -1})
    assert answer["failed"] is True
    assert answer["msg"].startswith("panic_hardening_diagnose_boots: ")
