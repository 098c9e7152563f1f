# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules share: typed errors end in fail_json, once."""

import json
from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _writer
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    CommandError,
    Host,
    HostError,
    Unreadable,
)


class Left(Exception):
    """The module has ended, as AnsibleModule does it."""


class Module:
    """Only the two ways out of an AnsibleModule."""

    def __init__(self) -> None:
        self.ends: List[Dict[str, Any]] = []

    def exit_json(self, **result: Any) -> None:
        self.ends.append(result)
        raise Left()

    def fail_json(self, msg: str, **result: Any) -> None:
        self.ends.append(dict(result, msg=msg, failed=True))
        raise Left()


def ends(run: Any) -> List[Dict[str, Any]]:
    module = Module()
    with pytest.raises(Left):
        _writer.main(module, run, Host())
    return module.ends


def test_a_result_leaves_once() -> None:
    assert ends(lambda module, host: {"changed": True}) == [{"changed": True}]


@pytest.mark.parametrize("user", [0, 1000])
@pytest.mark.parametrize("kind", [PolicyError, HostError, Unreadable, CommandError])
def test_a_typed_error_is_a_message(kind: Any, user: int, monkeypatch: Any) -> None:
    def run(module: Any, host: Host) -> Dict[str, Any]:
        raise kind("/etc/x: no; do y")

    monkeypatch.setattr("os.geteuid", lambda: user)
    hint = "; it is for root alone: set become: true" if kind is Unreadable and user else ""
    assert ends(run) == [{"msg": "/etc/x: no; do y" + hint, "failed": True}]


def test_a_bug_is_not_hidden() -> None:
    def run(module: Any, host: Host) -> Dict[str, Any]:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        _writer.main(Module(), run, Host())


def test_what_is_no_utf_8_is_cleaned_at_the_edge() -> None:
    def fail(module: Any, host: Host) -> Dict[str, Any]:
        raise HostError("/etc/x: \udcff")

    result = {"diff": [{"before": "Gr\udcf6", "after": ""}], "state": {"\udcff": "\udcff", "n": 1, "none": None}}
    for end in ends(lambda module, host: result) + ends(fail):
        json.dumps(end, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("name", ["panic", "panic_sysctl", "a-1", "x" * 64])
def test_good_owners(name: str) -> None:
    assert _writer.owner(name) == name


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "1a", "a b", "a\n", "a.b", "-a", "x" * 65, "\u00e4"])
def test_an_owner_that_is_no_safe_file_name(name: str) -> None:
    with pytest.raises(PolicyError, match="^name: '"):
        _writer.owner(name)


def test_a_change_needs_root(monkeypatch: Any) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(HostError, match="needs root: set become: true"):
        _writer.need_root()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    _writer.need_root()


def test_nothing_printable_steers_a_terminal() -> None:
    assert _writer.printable("Gr\u00f6\u00dfe \u5927") == "Gr\u00f6\u00dfe \u5927"
    hostile = "\x1b[2J\n\r\x9b31m\u202e\u2028\x00\udcff\t"
    assert _writer.printable(hostile).isprintable()
    assert _writer.printable(hostile).startswith("\\x1b[2J\\n\\r\\x9b31m\\u202e")
