# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Run steps as process groups, report each with its time, and leave nothing running."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from house import scratch, sources
from house.sources import TOP
from house.steps import MACHINELESS, Step, batches

TAIL_LINES = 60
GRACE_SECONDS = 20  # what a step may take to end its own machines
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Outcome:
    step: Step
    passed: bool
    seconds: float
    output: str


def environment(group: str, temporary: str, top: Path = TOP) -> dict[str, str]:
    """The caller's, without what would make Ansible or Python behave differently here than elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "PYTHON", "MOLECULE_"))}
    path = [str(top / ".venv" / "bin"), *SYSTEM_PATH, *kept.get("PATH", "").split(os.pathsep)]
    kept.update(PATH=os.pathsep.join(filter(None, dict.fromkeys(path))))
    kept.update(PYTHONPATH=str(top / "tests"), PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1", PY_COLORS="0")
    kept.update(ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0")
    if group in MACHINELESS:
        # A collection of this name in the user's home would win over the checkout. Machines need it short: ssh sockets.
        kept["ANSIBLE_HOME"] = str(top / ".venv" / "ansible-home")
        kept["TMPDIR"] = temporary
    return kept


class Runner:
    """One run. `stop` may be called from anywhere, at any time."""

    def __init__(self, top: Path = TOP, grace: float = GRACE_SECONDS, say: Callable[[str], None] = print) -> None:
        self.top = top
        self.grace = grace
        self.say = say
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()

    def execute(self, step: Step, to_terminal: bool = False) -> Outcome:
        started = time.monotonic()
        with tempfile.TemporaryFile() as log, scratch.folder() as temporary:
            try:
                code, remark = self._wait(step, None if to_terminal else log, temporary)
            except (OSError, sources.NoCheckoutError) as error:
                code, remark = 127, f"{error}. Is everything set up? Run: make setup"
            log.seek(0)
            output = log.read().decode(errors="replace") + remark
        return Outcome(step, code == 0, time.monotonic() - started, output)

    def _wait(self, step: Step, log: IO[bytes] | None, temporary: str) -> tuple[int, str]:
        with self._lock:
            if self.stopping.is_set():
                return 1, "not started"
            process = subprocess.Popen(
                step.argv(),
                cwd=self.top,
                env=environment(step.group, temporary, self.top),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            return process.wait(step.minutes * 60), ""
        except subprocess.TimeoutExpired:
            end_group(process, self.grace)
            return 1, f"\nended: it took longer than {step.minutes:g} minutes"
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self) -> None:
        """End all steps that run, and let no other start."""
        with self._lock:
            self.stopping.set()
            running = list(self._running)
        for process in running:
            send(process, signal.SIGTERM)
        for process in running:
            await_end(process, self.grace)

    def run_group(self, steps: Sequence[Step], workers: int, to_terminal: bool = False) -> list[Outcome]:
        # Always in threads, one step too: an interrupt reaches only the main thread, which then ends them in order.
        outcomes = []
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            try:
                futures = [pool.submit(self.execute, step, to_terminal) for step in steps]
                for future in concurrent.futures.as_completed(futures):
                    outcomes.append(future.result())
                    self.report(outcomes[-1])
            except BaseException:
                self.stop()
                raise
        return outcomes

    def report(self, outcome: Outcome) -> None:
        lines = [line.rstrip() for line in outcome.output.splitlines() if line.strip()]
        word = "ok    " if outcome.passed else "FAILED"
        remark = lines[-1][:80] if lines and outcome.passed else ""
        self.say(f"{word} {outcome.step.name:18} {outcome.seconds:6.1f} s  {remark}".rstrip())
        if not outcome.passed:
            for line in lines[-TAIL_LINES:]:
                self.say(f"    | {line}")
            self.say(f"    alone: .venv/bin/python tests/run.py {outcome.step.name}")


def send(process: subprocess.Popen[bytes], number: int) -> bool:
    """To the whole group; False when nobody of it is left (or what is left belongs to root, under sudo)."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def await_end(process: subprocess.Popen[bytes], grace: float) -> None:
    """What is left of the group after `grace` seconds is killed; its first process may end long before its others."""
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and send(process, 0):
        process.poll()
        time.sleep(0.05)
    send(process, signal.SIGKILL)
    process.wait()


def end_group(process: subprocess.Popen[bytes], grace: float) -> None:
    send(process, signal.SIGTERM)
    await_end(process, grace)


def interrupt(number: int, frame: object) -> None:
    # Once is enough: a second signal must not interrupt the ending of what runs.
    for each in INTERRUPTS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(steps: Iterable[Step]) -> int:
    wanted = list(steps)
    for number in INTERRUPTS:
        signal.signal(number, interrupt)
    # Each step's report must be seen when it is made, also through a pipe.
    runner = Runner(say=lambda line: print(line, flush=True))
    outcomes: list[Outcome] = []
    try:
        for batch, workers in batches(wanted):
            outcomes += runner.run_group(batch, workers, to_terminal=len(wanted) == 1)
    except KeyboardInterrupt:
        print("interrupted: what ran has been ended")
        return 130
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
