# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Whose machine it is, and whether that process still lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import processes
from lab.processes import Process


@pytest.mark.parametrize(
    ("command", "owns"),
    [
        (["/x/.venv/bin/python", "/x/.venv/bin/molecule", "test", "-s", "default"], True),
        (["/x/.venv/bin/molecule", "test"], True),
        (["python3", "-m", "molecule", "test"], True),
        (["molecule", "--debug", "test", "--destroy", "always"], True),
        (
            ["molecule", "create", "-s", "test"],
            True,
        ),  # a scenario named test: its machine ends too early, never too late
        (["molecule", "create"], False),
        (["molecule", "test", "--destroy=never"], False),
        (["molecule", "test", "--destroy", "never", "-s", "default"], False),
        (["vi", "tests/molecule/test.yml"], False),
        (["grep", "-r", "x", "molecule", "test"], False),
        ([], False),
    ],
)
def test_only_a_molecule_test_owns_machines(command: list[str], owns: bool) -> None:
    assert processes.owns_machines(command) is owns


def test_ancestors_end_at_init_and_survive_a_loop() -> None:
    parents = {5: 4, 4: 3, 3: 1}
    assert processes.ancestors(5, lambda pid: parents.get(pid, 0)) == [4, 3]
    assert processes.ancestors(5, lambda pid: 6 if pid == 5 else 5) == [6, 5]


def test_the_owner_is_found_above_us(tmp_path: Path) -> None:
    """Through a shell, as Ansible puts one between molecule and us."""
    molecule = tmp_path / "molecule"
    molecule.write_text(
        "import subprocess, sys\n"
        "code = 'from lab import processes; print(processes.find_owner().pid)'\n"
        "shell = subprocess.run(['sh', '-c', f'{sys.executable} -c \"{code}\"; true'], capture_output=True, text=True)\n"
        "import os; print(os.getpid(), shell.stdout, shell.stderr)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(processes.__file__).parent.parent)}
    command = [sys.executable, str(molecule), "test"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    owner, found = done.stdout.split()
    assert owner == found


def test_a_process_is_alive_until_it_ends() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = processes.identify(child.pid)
    assert process.alive()
    child.kill()
    deadline = time.monotonic() + 10
    while process.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    # Not waited for yet: a zombie holds no machine.
    assert not process.alive()
    child.wait()
    assert not process.alive()


def test_a_later_process_with_the_same_pid_is_another() -> None:
    assert processes.identify(os.getpid()).alive()
    assert not Process(os.getpid(), "1").alive()
    assert not Process(0, "").alive()


def test_a_command_name_with_brackets_and_blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = ["S", "42", *[str(number) for number in range(2, 20)], "777"]
    (tmp_path / "7").mkdir()
    (tmp_path / "7/stat").write_text(f"7 (a) b) c) {' '.join(fields)}\n")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert processes.parent_of(7) == 42
    assert processes.start_time(7) == fields[19]
