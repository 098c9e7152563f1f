# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as an operator runs them: real ansible-playbook processes on this machine, which change nothing."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

Play = t.Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def play(tmp_path: pathlib.Path, hosts: dict[str, dict[str, t.Any]]) -> Play:
    """Calls run a playbook in tmp_path with the C(hosts) of the test's own file."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(ANSIBLE_HOME=str(tmp_path / "home"), ANSIBLE_NOCOLOR="1", PWD=str(tmp_path), LC_ALL="C.UTF-8")

    def run(*arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
        command = [program, "-i", inventory, "-e", "panic_hardening_become=false", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run
