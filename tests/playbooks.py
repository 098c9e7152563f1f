# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the collection's playbooks against a lab machine, as an operator would, and read what they print."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import ssh
from lab.machine import Machine

NAMESPACE = "kernelops.panic_hardening"
SPECS = Path(__file__).parents[1] / "roles/panic_hardening/meta/argument_specs.yml"
CHOICES = yaml.safe_load(SPECS.read_text())["argument_specs"]["main"]["options"]["panic_hardening_roles"]["choices"]
CORES = Path(__file__).parents[1] / ".venv-core"
# Some roles are not among the default ones.
ALL_ROLES = {"panic_hardening_roles": CHOICES}
# Enough to crash and to drift: on an emulated machine each role more takes its time.
FEW_ROLES = {"panic_hardening_roles": ["panic_sysctl", "crash_evidence"]}


@dataclass(frozen=True)
class Run:
    """What a playbook printed, how it ended, and the report it left, if it was an audit or a diagnosis."""

    returncode: int
    output: str
    report: dict[str, t.Any]

    @property
    def changed(self) -> list[str]:
        """The names of the tasks that changed something, or would in check mode."""
        tasks = re.split(r"(?m)^(?:TASK|RUNNING HANDLER) \[", self.output)[1:]
        return [task.split("]", 1)[0] for task in tasks if re.search(r"(?m)^changed: ", task)]

    @property
    def recap(self) -> dict[str, int]:
        """The numbers of the recap, added up over the hosts."""
        numbers: dict[str, int] = {}
        for name, value in re.findall(r"(\w+)=(\d+)", self.output.rpartition("PLAY RECAP")[2]):
            numbers[name] = numbers.get(name, 0) + int(value)
        return numbers

    @property
    def host(self) -> dict[str, t.Any]:
        """The only host of the report."""
        (host,) = self.report["hosts"]
        return dict(host)

    def failed(self) -> dict[str, dict[str, t.Any]]:
        """The failed findings of the only host, by control."""
        return {f["control"]: f for f in self.host["findings"] if f["status"] == "fail"}


def inventory(machines: t.Sequence[Machine]) -> str:
    """An inventory of lab machines in INI form."""
    lines = []
    for machine in machines:
        options = " ".join(machine.address.options())
        lines.append(
            f"{machine.name} ansible_host=127.0.0.1 ansible_port={machine.address.port} ansible_user=root "
            f"ansible_ssh_private_key_file={ssh.key_file()} ansible_python_interpreter=/usr/bin/python3 "
            f'ansible_ssh_common_args="{options}"'
        )
    return "\n".join(lines) + "\n"


def core(name: str) -> Path:
    """Where the programs of another ansible-core are: 2.16 or newest."""
    return CORES / name / "bin"


def run(
    playbook: str,
    machines: t.Sequence[Machine],
    *options: str,
    variables: t.Mapping[str, t.Any] | None = None,
    binaries: Path = Path(sys.executable).parent,
    environment: t.Mapping[str, str] | None = None,
) -> Run:
    """Run a playbook of the collection (a name without a slash) or a file; C(binaries) holds the ansible to use."""
    with tempfile.TemporaryDirectory(prefix="kernelops-run.") as folder:
        name = playbook if "/" in playbook else f"{NAMESPACE}.{playbook}"
        command = [str(binaries / "ansible-playbook"), name, *options]
        command += ["-e", json.dumps(variables)] if variables else []
        done = _execute(command, machines, folder, {**_ansible(folder, binaries), **(environment or {})})
        report = Path(folder) / ("incidents.json" if name.endswith(".diagnose") else "audit.json")
        found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Run(done.returncode, done.stdout, found)


def module(name: str, machine: Machine, **arguments: t.Any) -> dict[str, t.Any]:
    """Run a module of the collection on a machine, and return its answer."""
    binaries = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="kernelops-run.") as folder:
        command = [str(binaries / "ansible"), "all", "-m", f"{NAMESPACE}.{name}"]
        command += ["-a", json.dumps(arguments)] if arguments else []
        done = _execute(command, [machine], folder, _ansible(folder, binaries))
    # Warnings and errors come first, with braces of their own.
    answer = re.search(r"(?m)^\S+ \| [A-Z!]+ => (?=\{)", done.stdout)
    found = json.JSONDecoder().raw_decode(done.stdout, answer.end())[0] if answer else {}
    return {"msg": done.stdout, **found}


def _execute(
    command: list[str], machines: t.Sequence[Machine], folder: str, environment: t.Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    hosts = Path(folder) / "hosts.ini"
    hosts.write_text(inventory(machines), encoding="utf-8")
    return subprocess.run(
        [command[0], "-i", str(hosts), *command[1:]],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


def _ansible(folder: str, binaries: Path) -> dict[str, str]:
    # Below the folder it would be too long for a socket where TMPDIR is deep, and one user cannot write to another's.
    return {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCAL_TEMP": folder,
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"/tmp/kernelops-cp-{os.getuid()}",
        "ANSIBLE_STDOUT_CALLBACK": "default",
    }
