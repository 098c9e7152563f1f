# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""tests/setup and .ci/run on imitated machines: what is asked of apt and Python, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from house.sources import TOP

TOOLS = ("bash", "dirname", "env", "flock", "grep", "mkdir", "mktemp", "rm", "sed", "tail", "tee", "timeout")
DPKG_QUERY = "for name; do :; done; case $name in here*) echo installed ;; *) exit 1 ;; esac"
PYTHON = 'case $* in *print*) echo True ;; -m*) echo "$*" >>$LOG ;; esac'


class Machine:
    """A checkout and a PATH of its own; every imitated tool that matters writes its arguments into the log."""

    def __init__(self, folder: Path) -> None:
        self.top, self.bin, self.log = folder / "checkout", folder / "bin", folder / "log"
        (self.top / "tests" / "lab").mkdir(parents=True)
        (self.top / ".ci").mkdir()
        (self.top / ".venv" / "ansible-test-home").mkdir(parents=True)
        (self.top / ".venv" / "ansible-test-home" / "prepared").touch()
        self.bin.mkdir()
        self.log.touch()
        for name in ("tests/setup", ".ci/run"):
            shutil.copy2(TOP / name, self.top / name)
        (self.top / "tests" / "packages.txt").write_text("# a comment\nhere-1  # why\naway-1   # why\n")
        (self.top / "tests" / "lab" / "packages.txt").write_text("here-2\naway-2\n")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.imitate("id", "echo 0")
        self.imitate("dpkg-query", DPKG_QUERY)
        self.imitate("apt-get", 'echo "apt-get $*" >>$LOG')
        self.imitate("python3", PYTHON)
        self.imitate("df", "echo Avail; echo 90000")
        self.imitate("awk", "echo 8000")

    def imitate(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        path.chmod(0o755)

    def call(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "LOG": str(self.log), "HOME": str(self.top)}
        environment["KERNELOPS_PYTHON"] = str(self.bin / "python3")
        return subprocess.run(
            [self.top / script, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def setup(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.call("tests/setup", *arguments)

    def asked(self, program: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if program in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "arguments, environments",
    [
        ([], "main targets core-2.16 core-newest"),
        (["audit"], "main"),
        (["fast"], "main"),
        (["lab"], "main"),
        (["versions"], "main core-2.16 core-newest"),
        (["bench"], "main bench"),
    ],
)
def test_each_purpose_gets_its_environments(machine: Machine, arguments: list[str], environments: str) -> None:
    done = machine.setup(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.asked("house") == [f"-m house.environments {environments}"]


def test_missing_packages_are_named_first_and_installed_in_one_call(machine: Machine) -> None:
    machine.imitate("apt-get", 'echo "apt-get $*" >>$LOG; echo noise')
    done = machine.setup("lab")
    assert done.stdout == "installing system packages: away-1 away-2\n"
    assert len(machine.asked("apt-get")) == 1
    assert machine.asked("apt-get")[0].endswith(" away-1 away-2")
    assert "here" not in machine.asked("apt-get")[0]


@pytest.mark.parametrize("purpose, lists", [("audit", 0), ("fast", 1), ("lab", 2)])
def test_a_purpose_installs_no_more_than_it_needs(machine: Machine, purpose: str, lists: int) -> None:
    machine.setup(purpose)
    assert machine.log.read_text().count("away-") == lists


def test_package_lists_are_renewed_only_when_an_install_fails(machine: Machine) -> None:
    machine.imitate("apt-get", 'echo "apt-get $1" >>$LOG; [ "$1" = update ] && touch $HOME/fresh; [ -e $HOME/fresh ]')
    machine.bin.joinpath("touch").symlink_to(str(shutil.which("touch")))
    assert machine.setup("fast").returncode == 0
    assert machine.asked("apt-get") == ["apt-get install", "apt-get update", "apt-get install"]


def test_a_failing_apt_is_quoted_and_nothing_more_is_done(machine: Machine) -> None:
    machine.imitate("apt-get", '[ "$1" = update ] || { echo "E: held lock"; exit 100; }')
    done = machine.setup("fast")
    assert done.returncode == 1
    assert "apt-get install away-1 failed: E: held lock" in done.stderr
    assert machine.asked("house") == []


def test_without_root_and_sudo_it_says_what_root_must_do(machine: Machine) -> None:
    machine.imitate("id", "echo 1000")
    done = machine.setup("lab")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("As root: apt-get install away-1 away-2")
    assert machine.log.read_text() == ""


def test_sudo_is_used_when_it_asks_nothing(machine: Machine) -> None:
    machine.imitate("id", "echo 1000")
    machine.imitate("sudo", 'echo "sudo $*" >>$LOG; [ "$1" != -n ] || shift; case $1 in true) ;; *) "$@" ;; esac')
    assert machine.setup("fast").returncode == 0
    assert [line for line in machine.asked("apt-get") if line.startswith("sudo env ")]


def test_another_distribution_is_told_what_it_needs(machine: Machine) -> None:
    (machine.bin / "dpkg-query").unlink()
    done = machine.setup("fast")
    assert done.returncode == 1
    assert "only Debian and Ubuntu" in done.stderr
    assert "here-1 away-1" in done.stderr


def test_an_audit_needs_neither_root_nor_apt(machine: Machine) -> None:
    machine.imitate("id", "echo 1000")
    (machine.bin / "apt-get").unlink()
    (machine.bin / "dpkg-query").unlink()
    assert machine.setup("audit").returncode == 0


@pytest.mark.parametrize("answer", ["echo False", "exit 1", "true"])
def test_a_named_python_that_will_not_do_is_refused_by_name(machine: Machine, answer: str) -> None:
    machine.imitate("python3", answer)
    done = machine.setup("audit")
    assert done.returncode == 1
    assert "KERNELOPS_PYTHON=" in done.stderr
    assert "3.11" in done.stderr


def test_an_unknown_purpose_is_refused(machine: Machine) -> None:
    done = machine.setup("labb")
    assert done.returncode == 1
    assert "unknown: labb" in done.stderr
    assert machine.log.read_text() == ""


@pytest.mark.parametrize(
    "tool, script, words",
    [("df", "echo Avail; echo '  3999'", ("3999", "KERNELOPS_LAB_CACHE")), ("awk", "echo 2999", ("2999", "memory"))],
)
def test_too_little_room_for_machines_is_refused(machine: Machine, tool: str, script: str, words: list[str]) -> None:
    machine.imitate(tool, script)
    done = machine.setup("lab")
    assert done.returncode == 1
    assert all(word in done.stderr for word in words)
    assert machine.asked("house") == []
    assert machine.setup("fast").returncode == 0


@pytest.mark.parametrize(
    "make, last, code",
    [
        ("echo '12 passed, 0 failed'", "12 passed, 0 failed", 0),
        ("echo '11 passed, 1 failed'; echo 'make: *** Error 1' >&2; exit 2", "11 passed, 1 failed", 1),
        ("echo 'tests/setup: no root' >&2; exit 2", "0 passed, 1 failed", 1),
        ("true", "0 passed, 1 failed", 1),
        ("echo '3 passed, 0 failed in a step'; exit 2", "0 passed, 1 failed", 1),
    ],
)
def test_ci_ends_with_the_count_and_its_code(machine: Machine, make: str, last: str, code: int) -> None:
    machine.imitate("make", make)
    done = machine.call(".ci/run")
    assert done.stdout.splitlines()[-1] == last
    assert done.returncode == code
