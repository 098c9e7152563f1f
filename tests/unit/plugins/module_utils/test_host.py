# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a machine, and what happens when they fail."""

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Host, Observer


def test_which_looks_only_into_the_system_folders(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/grubby").write_text("")
    (tmp_path / "grub-mkconfig").write_text("")
    assert host.which("grubby") == "/usr/sbin/grubby"
    assert host.which("grub-mkconfig") is None


class TestRun:
    """Commands are real here."""

    def test_the_streams_and_the_code(self) -> None:
        result = Host().run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
        assert result == (3, "out\n", "err\n")

    def test_a_command_is_a_list_and_no_shell(self) -> None:
        assert Host().run(["echo", "; id > /tmp/x $(id)"]).out == "; id > /tmp/x $(id)\n"

    def test_it_speaks_english_and_reads_nothing(self, monkeypatch: Any) -> None:
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        assert Host().run(["sh", "-c", "echo $LC_ALL; cat"]).out == "C\n"

    def test_a_bad_code_is_an_error_with_the_last_words(self) -> None:
        with pytest.raises(CommandError, match="sh -c .*: ended with code 4: no space"):
            Host().run(["sh", "-c", "echo no space >&2; exit 4"])

    def test_a_missing_command_is_named(self) -> None:
        with pytest.raises(CommandError, match="^no-such-command: No such file"):
            Host().run(["no-such-command"])

    def test_a_slow_command_is_ended(self) -> None:
        with pytest.raises(CommandError, match="^sleep 60: did not end within 1 seconds"):
            Host().run(["sleep", "60"], timeout=1)

    def test_a_slow_command_is_ended_with_its_children(self) -> None:
        """grub-mkconfig is a shell script: its children hold its pipes when it is gone."""
        begin = time.time()
        with pytest.raises(CommandError, match="did not end within 1 seconds"):
            Host().run(["sh", "-c", "sleep 60; echo late"], timeout=1)
        assert time.time() - begin < 30


def test_an_observer_asks_a_command_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    argv = ["sh", "-c", 'echo x >> "$1"; cat "$1"; exit 3', "sh", str(count)]
    host = Observer()
    first = host.run(argv, check=False)
    assert host.run(argv, check=False) == first
    assert count.read_text() == "x\n"
    # An error is no answer: whoever asks again gets it again, and not the answer of who did not mind.
    for _again in range(2):
        with pytest.raises(CommandError, match="code 3"):
            host.run(argv)
    assert count.read_text() == "x\n" * 3
    assert Host().run(argv, check=False).out == "x\n" * 4
