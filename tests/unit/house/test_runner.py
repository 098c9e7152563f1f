# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Steps are counted, reported and ended, with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from house import runner
from house.sources import NoCheckoutError
from house.steps import Step

SECONDS = 20.0


def shell(name: str, script: str, minutes: float = 1) -> Step:
    return Step(name, "fast", "", ["sh", "-c", script], minutes)


def soon(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def number_in(path: Path) -> int:
    """The process id that a step writes; waits for it."""
    assert soon(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def one(tmp_path: Path, said: list[str]) -> runner.Runner:
    return runner.Runner(top=tmp_path, grace=5, say=said.append)


def test_one_line_for_a_step_that_passes(one: runner.Runner, said: list[str]) -> None:
    outcomes = one.run_group([shell("a", "echo first; echo last; exit 0")], 1)
    assert [outcome.passed for outcome in outcomes] == [True]
    assert len(said) == 1
    assert said[0].startswith("ok     a ")
    assert said[0].endswith("  last")


def test_a_failure_shows_the_end_of_its_output_and_how_to_repeat_it(one: runner.Runner, said: list[str]) -> None:
    outcomes = one.run_group([shell("b", "seq 1000; echo bad >&2; exit 3")], 1)
    assert [outcome.passed for outcome in outcomes] == [False]
    assert said[0].startswith("FAILED b ")
    assert said[1] == "    | 942"
    assert said[-2:] == ["    | bad", "    alone: .venv/bin/python tests/run.py b"]


def test_a_program_that_is_not_there_is_a_failure_with_a_remedy(one: runner.Runner) -> None:
    outcome = one.execute(Step("c", "fast", "", ["/does/not/exist"]))
    assert not outcome.passed
    assert "/does/not/exist" in outcome.output
    assert "make setup" in outcome.output


def test_a_command_that_cannot_even_be_named_fails_alone(one: runner.Runner) -> None:
    def broken() -> list[str]:
        raise NoCheckoutError("no git here")

    outcomes = one.run_group([Step("d", "fast", "", broken), shell("e", "true")], 1)
    assert [(outcome.step.name, outcome.passed) for outcome in outcomes] == [("d", False), ("e", True)]
    assert "no git here" in outcomes[0].output


def test_steps_run_side_by_side(one: runner.Runner) -> None:
    wait_for_each_other = "touch {0}; for i in $(seq 100); do [ -e {1} ] && exit 0; sleep 0.1; done; exit 1"
    steps = [shell("f", wait_for_each_other.format("f", "g")), shell("g", wait_for_each_other.format("g", "f"))]
    assert all(outcome.passed for outcome in one.run_group(steps, 2))


def test_a_time_limit_ends_the_step_with_its_children(one: runner.Runner, tmp_path: Path) -> None:
    outcome = one.execute(shell("h", "sleep 300 & echo $! >child; wait", minutes=0.02))
    assert not outcome.passed
    assert "longer than 0.02 minutes" in outcome.output
    assert not lives(number_in(tmp_path / "child"))


def test_a_child_may_tidy_up_after_its_parent_has_ended(one: runner.Runner, tmp_path: Path) -> None:
    child = "trap 'sleep 0.5; touch tidied; exit' TERM; echo $$ >child; while :; do sleep 0.1; done"
    one.execute(shell("i", f'sh -c "{child.replace("$", chr(92) + "$")}" & wait', minutes=0.02))
    assert (tmp_path / "tidied").exists()


def test_what_does_not_listen_is_killed(tmp_path: Path) -> None:
    one = runner.Runner(top=tmp_path, grace=0.5)
    one.execute(shell("j", "trap '' TERM; echo $$ >child; while :; do sleep 0.1; done", minutes=0.02))
    assert not lives(number_in(tmp_path / "child"))


def test_stop_ends_what_runs_and_starts_nothing_more(one: runner.Runner, tmp_path: Path) -> None:
    steps = [shell("k", "echo $$ >child; sleep 300"), shell("l", "touch started")]
    thread = threading.Thread(target=one.run_group, args=(steps, 1))
    thread.start()
    child = number_in(tmp_path / "child")
    one.stop()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert not lives(child)
    assert not (tmp_path / "started").exists()


PROGRAM = """
import sys
from house import runner
from house.sources import NoCheckoutError
from house.steps import Step
sys.exit(runner.run(Step(str(n), "fast", "", ["sh", "-c", script], 1) for n, script in enumerate(sys.argv[1:])))
"""


def program(*scripts: str) -> subprocess.Popen[str]:
    tests = Path(runner.__file__).parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *scripts],
        env={**os.environ, "PYTHONPATH": str(tests)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "scripts, last, code",
    [
        (["true", "true", "true"], "3 passed, 0 failed", 0),
        (["true", "false", "true"], "2 passed, 1 failed", 1),
        (["false"], "0 passed, 1 failed", 1),
    ],
)
def test_the_last_line_counts(scripts: list[str], last: str, code: int) -> None:
    process = program(*scripts)
    output, _none = process.communicate(timeout=SECONDS)
    assert output.splitlines()[-1] == last
    assert process.returncode == code


@pytest.mark.parametrize(
    "number, others", [(signal.SIGINT, []), (signal.SIGINT, ["true"]), (signal.SIGTERM, []), (signal.SIGHUP, ["true"])]
)
def test_an_interrupt_leaves_nothing_running(tmp_path: Path, number: signal.Signals, others: list[str]) -> None:
    path = tmp_path / "child"
    process = program(f"sleep 300 & echo $! >{path}; wait", *others)
    child = number_in(path)
    process.send_signal(number)
    output, _none = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "interrupted" in output
    assert soon(lambda: not lives(child))


def test_the_environment_is_the_checkouts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANSIBLE_CONFIG", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("LAB_FAULTS", "one")
    monkeypatch.setenv("PATH", "/shims:/usr/bin")
    made = runner.environment("fast", "/somewhere", tmp_path)
    assert "ANSIBLE_CONFIG" not in made
    assert made["PYTHONPATH"] == str(tmp_path / "tests")
    assert made["LAB_FAULTS"] == "one"
    path = made["PATH"].split(":")
    assert path[0] == str(tmp_path / ".venv/bin")
    assert path.index("/usr/bin") < path.index("/shims")
    assert made["ANSIBLE_HOME"].startswith(str(tmp_path))
    assert made["TMPDIR"] == "/somewhere"
    assert not {"ANSIBLE_HOME", "TMPDIR"} & runner.environment("machines", "/somewhere", tmp_path).keys() - set(
        os.environ
    )
