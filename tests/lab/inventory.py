# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""What Ansible and testinfra need to know of running machines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from lab.machine import Machine
from lab.ssh import key_file

GROUP = "lab"


def host_variables(machine: Machine) -> dict[str, object]:
    """Return a machine's connection variables.

    One shared connection a machine, at a place that the lab knows: after a crash the lab must close it, because whoever
    used it next would wait for a boot that is gone. Testinfra reads these options only from the common arguments.
    """
    shared = ["-o", "ControlMaster=auto", "-o", "ControlPersist=120s", "-o", f"ControlPath={machine.control_path()}"]
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": machine.address.port,
        "ansible_user": machine.address.user,
        "ansible_ssh_private_key_file": str(key_file()),
        "ansible_ssh_args": "",
        "ansible_ssh_common_args": " ".join([*machine.address.options(), *shared]),
        "ansible_ssh_pipelining": True,
        "ansible_python_interpreter": "/usr/bin/python3",
        "lab_machine": machine.name,
    }


def inventory(machines: Mapping[str, Machine]) -> dict[str, object]:
    """Return an inventory of machines by host name."""
    return {GROUP: {"hosts": {host: host_variables(machine) for host, machine in machines.items()}}}


def write(path: Path, machines: Mapping[str, Machine]) -> None:
    """Write the inventory whole; JSON is YAML."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(inventory(machines), indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
