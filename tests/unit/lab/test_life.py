# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""A machine's life under its real supervisor; only QEMU itself is a small program that acts like it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import fleet, launch, paths, processes, qemu, resources
from lab import machine as machines
from lab.errors import LabError
from lab.images import Image
from lab.launch import Wish
from lab.machine import Machine
from lab.processes import Process
from lab.state import State

FAKE_QEMU = """#!{python}
import json, os, re, socket, sys, threading
forward = re.search(r"127.0.0.1:(\\d+)-:22", " ".join(sys.argv))
ssh = socket.socket()
ssh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    ssh.bind(("127.0.0.1", int(forward[1])))
except OSError:
    sys.exit("qemu-system-x86_64: Could not set up host forwarding rule 'tcp:127.0.0.1:...'")
open("serial.log", "w").write("hello from the console\\n")
control = socket.socket(socket.AF_UNIX)
if os.path.exists("qmp.sock"):
    os.unlink("qmp.sock")
control.bind("qmp.sock")
control.listen()
resets = 0
while True:
    client, _ = control.accept()
    client.sendall(b'{{"QMP": {{}}}}\\n')
    for line in client.makefile():
        client.sendall(b'{{"event": "RTC_CHANGE"}}\\n{{"return": {{}}}}\\n')
        order = json.loads(line)["execute"]
        if order == "quit":
            sys.exit(0)
        resets += order == "system_reset"
        if resets == 2:
            open("serial.log", "a").write("GRUB\\n")
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a cache of its own, an image, and a QEMU that does not emulate anything."""
    for name, text in (("qemu-system-x86_64", FAKE_QEMU.format(python=sys.executable)), ("qemu-img", "#!/bin/sh\n")):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(text)
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("KERNELOPS_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(resources, "require_memory", lambda *_: None)
    yield tmp_path
    for path in (tmp_path / "cache/run").glob("*"):
        State(path).stop()


def start(name: str = "one", owner: Process | None = None) -> State:
    return launch.start(Wish(name, Image("debian12", Path("/none"), "k"), qemu.Hardware(), owner))


def wait(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def program(state: State) -> Process:
    found = state.process("machine")
    assert found
    assert found.alive()
    return found


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


@pytest.mark.usefixtures("lab")
def test_a_stopped_machine_leaves_its_log_and_nothing_else() -> None:
    state = start()
    machine = program(state)
    kept = Path(state.read()["keep_log"])
    state.stop()
    assert not machine.alive()
    assert not state.folder.exists()
    assert kept.read_text() == "hello from the console\n"


@pytest.mark.usefixtures("lab")
def test_the_owners_end_is_the_machines_end(sleeper: subprocess.Popen[bytes]) -> None:
    state = start(owner=processes.identify(sleeper.pid))
    machine = program(state)
    sleeper.kill()
    assert wait(lambda: not machine.alive() and not state.folder.exists())


@pytest.mark.usefixtures("lab")
def test_the_machine_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MAX_SECONDS", "1")
    state = start()
    assert wait(lambda: not state.folder.exists())


@pytest.mark.usefixtures("lab")
def test_the_machine_ends_with_a_killed_supervisor_and_the_next_run_cleans_up() -> None:
    state = start()
    machine, supervisor = program(state), state.process("supervisor")
    assert supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    assert wait(lambda: not machine.alive())
    assert state.folder.exists()
    again = start()
    assert program(again) != machine


@pytest.mark.usefixtures("lab")
def test_a_ctrl_c_in_the_callers_terminal_does_not_reach_the_machine() -> None:
    state = start()
    machine = program(state)
    assert os.getsid(machine.pid) != os.getsid(0)


@pytest.mark.usefixtures("lab")
def test_a_taken_port_is_left_to_its_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    free = qemu.free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        ports = iter([holder.getsockname()[1], free])
        monkeypatch.setattr(qemu, "free_port", lambda: next(ports))
        state = start()
        assert state.read()["port"] == free
        program(state)


def test_what_a_program_said_before_it_failed_is_shown(lab: Path) -> None:
    (lab / "bin/qemu-system-x86_64").write_text("#!/bin/sh\necho this machine cannot be >&2\nexit 3\n")
    with pytest.raises(LabError, match="this machine cannot be"):
        start()
    assert not list((lab / "cache/run").iterdir())


@pytest.mark.usefixtures("lab")
def test_a_running_machines_name_is_taken() -> None:
    machine = program(start())
    with pytest.raises(LabError, match=r"cli\.py down one"):
        start()
    assert machine.alive()


@pytest.mark.usefixtures("lab")
def test_another_runs_machine_is_left_alone_unless_forced(sleeper: subprocess.Popen[bytes]) -> None:
    state = start(owner=processes.identify(sleeper.pid))
    machine = program(state)
    for attempt in (start, lambda: fleet.down(["one"])):
        with pytest.raises(LabError, match=rf"another run, process {sleeper.pid} .*LAB_RUN_ID"):
            attempt()
    assert machine.alive()
    fleet.down(["one"], force=True)
    assert not machine.alive()


@pytest.mark.usefixtures("lab")
def test_down_takes_what_is_there_and_minds_nothing_else() -> None:
    first, second = start("one"), start("two")
    fleet.down(["one", "never-was"])
    assert not first.folder.exists()
    assert second.alive()
    fleet.down([], everything=True)
    assert not second.folder.exists()


@pytest.mark.usefixtures("lab")
def test_two_runs_beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = start()
    monkeypatch.setenv("LAB_RUN_ID", "beside")
    theirs = start()
    assert mine.folder != theirs.folder
    fleet.down([], everything=True)
    assert mine.alive()
    assert not theirs.folder.exists()


@pytest.mark.usefixtures("lab")
def test_a_machine_that_ended_by_itself_says_so() -> None:
    state = start()
    with qemu.Qmp(state.folder) as control:
        control._socket.sendall(b'{"execute": "quit"}\n')
    assert wait(lambda: not state.alive())
    with pytest.raises(LabError, match="No machine called one is running"):
        Machine.open("one")
    assert "ended by itself" in state.ended_file.read_text()


@pytest.mark.usefixtures("lab")
def test_the_console_is_read_from_a_position() -> None:
    machine = Machine(start())
    assert wait(lambda: machine.serial_size() == 23)
    assert machine.serial(6) == "from the console\n"


@pytest.mark.usefixtures("lab")
def test_a_reset_that_hangs_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "FIRST_WORD_SECONDS", 0.5)
    machine = Machine(start())
    assert wait(lambda: machine.serial_size() == 23)
    machine.cut_power()
    assert machine.serial(23) == "GRUB\n"


def test_a_killed_program_is_started_again_and_boots_from_its_disk(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_provide_disk", lambda *_: None)
    wish = Wish("one", Image("debian12", Path("/none"), "k"), qemu.Hardware(), snapshot=Path("/none"))
    machine = Machine(launch.start(wish))
    before = program(machine.state)
    assert "-loadvm" in processes.command_line(before.pid)
    machine.kill()
    after = program(machine.state)
    assert (before.alive(), after.alive(), machine.alive()) == (False, True, True)
    assert "-loadvm" not in processes.command_line(after.pid)
    os.kill(after.pid, signal.SIGKILL)
    assert wait(lambda: not machine.alive()), "that was not asked for"


def test_the_control_socket_works_below_a_very_long_path(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERNELOPS_LAB_CACHE", str(lab / ("long" * 30)))
    state = start()
    assert len(str(state.folder)) > 120
    program(state)
    with qemu.Qmp(state.folder) as control:
        assert control.execute("query-status") == {}
    state.stop()
    assert paths.cache_dir() == lab / ("long" * 30)
