# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis as an operator runs it: real ansible-playbook processes, on this machine and on logs that stand for other machines."""

from __future__ import annotations

import json
import pathlib
import stat
import subprocess
import sys
import typing as t

import pytest
import yaml

from unit.plugins.module_utils.crash import samples

DIAGNOSE = "kernelops.panic_hardening.diagnose"
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Nothing of this machine's own past is to be seen.
NEVER = "2999-01-01"
HOSTS: dict[str, dict[str, t.Any]] = {
    "here": {**HERE, "panic_hardening_diagnose_since": NEVER, "panic_hardening_diagnose_kinds": ["panic-init"]},
    "broken": {**HERE, "panic_hardening_diagnose_since": "yesterday"},
    "gone": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
}
Play = t.Callable[..., "subprocess.CompletedProcess[str]"]
# A line of the kernel that nobody who reads it may run, nor a terminal obey.
HOSTILE = "Kernel panic - not syncing: {{ 6 * 7 }} {% raw %} \x1b]0;x\x07\u202e{{ lookup('pipe', 'touch pwned') }}\n"


@pytest.fixture
def hosts() -> dict[str, dict[str, t.Any]]:
    return HOSTS


def report(folder: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((folder / "incidents.json").read_text()))


def verdicts(folder: pathlib.Path) -> dict[str, str]:
    found = {host["host"]: host["verdict"] for host in report(folder)["hosts"]}
    # How this machine's last boot ended, and what its user may read, is no matter of ours.
    return {host: "looked at" if host == "here" and verdict != "failed" else verdict for host, verdict in found.items()}


WANTED = {"here": "looked at", "broken": "failed", "gone": "unreachable"}


def test_a_fleet_with_a_broken_and_an_unreachable_host(play: Play, tmp_path: pathlib.Path) -> None:
    done = play("-vvv", DIAGNOSE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == WANTED
    assert "broken  failed      panic_hardening_diagnose_since: 'yesterday' must be a date" in done.stdout
    assert stat.S_IMODE((tmp_path / "incidents.json").stat().st_mode) == 0o600
    # the broken one is refused before anything is sent, and nothing is copied unasked
    executions = [line for line in done.stdout.splitlines() if line.startswith("Using module file")]
    assert [line.rsplit("/", 1)[1] for line in executions] == ["crash_info.py"]


def test_in_check_mode_and_one_by_one_it_does_the_same_and_ends_with_two(play: Play, tmp_path: pathlib.Path) -> None:
    """With a serial of 1 two whole batches fail; the report must come all the same."""
    done = play("--check", "-e", '{"panic_hardening_fail_on_incidents": true, "panic_hardening_serial": 1}', DIAGNOSE)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "of 3 hosts are not clear; see " in done.stdout + done.stderr
    assert verdicts(tmp_path) == WANTED


def test_a_limit_narrows_the_fleet(play: Play, tmp_path: pathlib.Path) -> None:
    done = play("--limit", "here", DIAGNOSE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == {"here": "looked at"}
    done = play("--limit", "here", "-e", "panic_hardening_incidents_file=/proc/none/x.json", DIAGNOSE)
    assert done.returncode == 2
    assert "panic_hardening_incidents_file: /proc/none/x.json could not be written" in done.stdout + done.stderr


LOGS = "{{ playbook_dir }}/logs/"
OF_HOST = {"here": ["null.log", "hostile.log"], "broken": ["null.log", "cut.gz"], "gone": ["quiet.log"]}
LOOK: dict[str, t.Any] = {
    "kernelops.panic_hardening.crash_info": {"paths": "{{ of_host[inventory_hostname] | map('regex_replace', '^', logs) }}"},
    "vars": {"of_host": OF_HOST, "logs": LOGS},
    "register": "crashes",
}  # fmt: skip
COPY: dict[str, t.Any] = {
    "kernelops.panic_hardening.evidence_fetch": {"incidents": "{{ crashes.incidents }}", "dest": "copies"},
    "register": "copies",
    # Here the variables of the diagnosis are not the subject.
    "vars": {"panic_hardening_diagnose_since": ""},
}
REPORT: dict[str, t.Any] = {
    "kernelops.panic_hardening.incident_report": {"register": "crashes", "copies": "copies"},
    "run_once": True,
    "register": "told",
}
SEE: dict[str, t.Any] = {
    "ansible.builtin.copy": {"dest": "{{ playbook_dir }}/seen.json", "content": "{{ told.bugs | to_json }}"},
    "run_once": True,
}


@pytest.fixture
def book(tmp_path: pathlib.Path) -> pathlib.Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "null.log").write_text(samples.stamped(samples.X86_NULL))
    (logs / "hostile.log").write_text("[   12.000000] " + HOSTILE)
    (logs / "quiet.log").write_text("[    1.000000] usb 1-1: new device\n")
    (logs / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00\x00")
    local = {**HERE, "ansible_port": 22}
    path = tmp_path / "book.yml"
    path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "vars": local, "tasks": [LOOK, COPY, REPORT, SEE]}]))  # fmt: skip
    return path


def test_bugs_of_a_fleet_their_evidence_and_hostile_words(
    play: Play, tmp_path: pathlib.Path, book: pathlib.Path
) -> None:
    extra = json.dumps(HERE)
    done = play("-e", extra, book)
    assert done.returncode == 0, done.stdout + done.stderr
    found = report(tmp_path)
    assert {host["host"]: host["verdict"] for host in found["hosts"]} == {
        "here": "crashed",
        "broken": "crashed",
        "gone": "clear",
    }
    assert found["bugs"][0]["hosts"] == ["broken", "here"]
    assert "this bug on 2 hosts, 2 times: null-deref, fatal: BUG: kernel NULL pointer" in done.stdout
    assert "cut.gz: damaged after " in done.stdout

    hostile = next(bug for bug in found["bugs"] if bug["kind"] == "panic-other")
    assert "{{ 6 * 7 }} {% raw %}" in hostile["title"]
    assert json.loads((tmp_path / "seen.json").read_text()) == found["bugs"]
    assert not list(tmp_path.rglob("pwned"))
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)

    copy = next(host["copies"] for host in found["hosts"] if host["host"] == "here")
    assert copy["folder"] == str(tmp_path / "copies/here")
    for one in copy["copied"]:
        assert pathlib.Path(one["path"]).read_bytes() == pathlib.Path(one["source"]).read_bytes()
        assert stat.S_IMODE(pathlib.Path(one["path"]).stat().st_mode) == 0o600
    assert len(copy["copied"]) == 2
    assert stat.S_IMODE((tmp_path / "copies").stat().st_mode) == 0o700
