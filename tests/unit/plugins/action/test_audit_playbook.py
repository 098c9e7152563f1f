# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as an operator runs it: real ansible-playbook processes on this machine, which change nothing."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

AUDIT = "kernelops.panic_hardening.audit"
# Everything this machine might fail is waived, so that the host called good is hardened wherever the tests run.
WAIVED = {"panic_sysctl.*": {"reason": "only a test", "until": "2099-12-31"}}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
HOSTS: dict[str, dict[str, t.Any]] = {
    "good": {**HERE, "panic_hardening_waivers": WAIVED},
    "broken": {**HERE, "panic_sysctl_overrides": {"kernel.panic": 0}},
    "gone": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
}
VERDICTS = {"good": "hardened", "broken": "failed", "gone": "unreachable"}
Play = t.Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hosts() -> dict[str, dict[str, t.Any]]:
    return HOSTS


def report(folder: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((folder / "audit.json").read_text()))


def verdicts(folder: pathlib.Path) -> dict[str, str]:
    return {host["host"]: host["verdict"] for host in report(folder)["hosts"]}


def test_a_fleet_with_a_broken_and_an_unreachable_host(play: Play, tmp_path: pathlib.Path) -> None:
    done = play("-vvv", AUDIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == VERDICTS
    lines = [line for line in done.stdout.splitlines() if line.startswith(("good  ", "broken  ", "gone  "))]
    assert any(line.startswith("good    hardened    ") for line in lines)
    assert any(line.startswith("gone    unreachable ") for line in lines)
    assert any("panic_sysctl_overrides['kernel.panic']: 0 leaves the host hanging" in line for line in lines)
    # one module execution for the host that was looked at; the broken one is refused before anything is sent
    executions = [line for line in done.stdout.splitlines() if line.startswith("Using module file")]
    assert len(executions) == 1
    assert executions[0].endswith("hardening_info.py")


def test_drift_in_check_mode_and_one_by_one_ends_with_two(play: Play, tmp_path: pathlib.Path) -> None:
    """With a serial of 1 two whole batches fail; the report must come all the same."""
    done = play("--check", "-e", '{"panic_hardening_fail_on_drift": true, "panic_hardening_serial": 1}', AUDIT)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "2 of 3 hosts are not hardened" in done.stdout + done.stderr
    assert verdicts(tmp_path) == VERDICTS


def test_a_limit_narrows_the_fleet_and_a_hardened_one_ends_with_zero(play: Play, tmp_path: pathlib.Path) -> None:
    done = play("--limit", "good", "-e", '{"panic_hardening_fail_on_drift": true}', AUDIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == {"good": "hardened"}


def test_a_report_that_cannot_be_written_names_the_variable(play: Play) -> None:
    done = play("--limit", "good", "-e", "panic_hardening_audit_file=/proc/none/audit.json", AUDIT)
    assert done.returncode == 2
    assert (
        "panic_hardening_audit_file: /proc/none/audit.json could not be written: No such file"
        in done.stdout + done.stderr
    )


def summary(verdict: str) -> dict[str, t.Any]:
    status = {"hardened": "pass", "drifted": "fail", "unknown": "unknown"}[verdict]
    item = {
        "control": "panic_sysctl.kernel.panic",
        "status": status,
        "severity": "critical",
        "remedy": "x",
        "reason": "y",
    }
    return {"findings": [item], "state": {}, "summary": {"verdict": verdict, status: 1}}


QUERY = "hosts[?findings[?control=='panic_sysctl.kernel.panic' && status=='fail']].host"
PROBES: list[dict[str, t.Any]] = [
    {
        "name": "unknown",
        "ansible.builtin.set_fact": {
            "audit": "{{ {'good': fine, 'broken': unsure, 'gone': fine}[inventory_hostname] }}"
        },
        "vars": {"fine": summary("hardened"), "unsure": summary("unknown")},
    },
    {
        "kernelops.panic_hardening.audit_report": {"register": "audit"},
        "vars": {"panic_hardening_fail_on_drift": True},
        "run_once": True,
        "register": "on_unknown",
        "ignore_errors": True,
    },
    {
        "name": "drift",
        "ansible.builtin.set_fact": {"audit": "{{ {'good': fine, 'broken': bad, 'gone': bad}[inventory_hostname] }}"},
        "vars": {"fine": summary("hardened"), "bad": summary("drifted")},
    },
    {
        "kernelops.panic_hardening.audit_report": {"register": "audit"},
        "vars": {"panic_hardening_query": QUERY},
        "run_once": True,
        "register": "with_query",
    },
    {
        "kernelops.panic_hardening.hardening_info": {},
        "delegate_to": "good",
        "register": "foreign",
        "ignore_errors": True,
        "when": "inventory_hostname == 'broken'",
    },
    {
        "kernelops.panic_hardening.hardening_info": {},
        "delegate_to": "{{ inventory_hostname }}",
        "register": "own",
        "when": "inventory_hostname == 'good'",
    },
    {
        "ansible.builtin.include_role": {"name": "probe"},
        "vars": {"panic_sysctl_overrides": {"kernel.panic": 9999}},
        "when": "inventory_hostname == 'good'",
    },
    {
        "ansible.builtin.copy": {"dest": "{{ playbook_dir }}/seen.json", "content": "{{ seen | to_json }}"},
        "vars": {
            "seen": {
                "on_unknown": "{{ hostvars.good.on_unknown }}",
                "with_query": "{{ hostvars.good.with_query }}",
                "foreign": "{{ hostvars.broken.foreign }}",
                "own": "{{ hostvars.good.own }}",
                "role": "{{ hostvars.good.role_result }}",
            }
        },
        "when": "inventory_hostname == 'good'",
    },
]


def test_reports_of_any_fleet_and_policies_of_any_place(play: Play, tmp_path: pathlib.Path) -> None:
    role = tmp_path / "roles/probe/tasks/main.yml"
    role.parent.mkdir(parents=True)
    probe = {"kernelops.panic_hardening.hardening_info": {}, "register": "role_result", "ignore_errors": True}
    role.write_text(yaml.safe_dump([probe]))
    book = tmp_path / "probes.yml"
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": PROBES}]))
    done = play(book)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())

    assert seen["on_unknown"]["failed"] is True
    assert seen["on_unknown"]["msg"].startswith("1 of 3 hosts are not hardened; see ")
    assert seen["on_unknown"]["changed"] is False
    assert seen["with_query"]["query"] == ["broken", "gone"]
    assert seen["with_query"]["path"] == str(tmp_path / "audit.json")
    assert seen["with_query"]["summary"]["drifted"] == 2
    assert "policy: is required with delegate_to" in seen["foreign"]["msg"]
    assert seen["own"]["summary"]["verdict"] == "hardened"
    assert seen["own"]["changed"] is False
    assert "panic_sysctl_overrides['kernel.panic']: '9999'" in seen["role"]["msg"]
