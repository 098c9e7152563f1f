# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of a hardware role is built and refused on the controller; the module and its program are sent whole."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_launcher, _program

PROBE = """
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _hardware_launcher, _program

AnsibleModule(argument_spec={}).exit_json(texts=_program.sources(_hardware_launcher.NAME))
"""


def ansible(tmp_path: pathlib.Path, arguments: dict[str, t.Any], **variables: t.Any) -> dict[str, t.Any]:
    """In check mode on this very machine."""
    program = pathlib.Path(sys.executable).parent / "ansible"
    command = [str(program), "localhost", "-i", "localhost,", "-c", "local", "--check"]
    command += ["-m", "kernelops.panic_hardening.hardware_setup", "-a", json.dumps(arguments)]
    command += ["-e", json.dumps({"ansible_python_interpreter": sys.executable, **variables})]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    return answer(done.stdout)


def answer(printed: str) -> dict[str, t.Any]:
    """What a module returned, as ansible prints it."""
    return t.cast("dict[str, t.Any]", json.JSONDecoder().raw_decode(printed[printed.index("=> {") + 3 :])[0])


def test_the_module_runs_as_ansible_sends_it(tmp_path: pathlib.Path) -> None:
    done = ansible(tmp_path, {"role": "watchdog"})
    assert not done.get("failed"), done
    assert done["applicable"] is not bool(done["reason"])


def test_the_program_is_whole_in_what_ansible_sends(tmp_path: pathlib.Path) -> None:
    """There the code lies in an archive, and only what a module imports is in it."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "probe.py").write_text(PROBE)
    program = pathlib.Path(sys.executable).parent / "ansible"
    command = [
        str(program),
        "localhost",
        "-i",
        "localhost,",
        "-c",
        "local",
        "-o",
        "-M",
        str(tmp_path / "library"),
        "-m",
        "probe",
    ]
    command += ["-e", json.dumps({"ansible_python_interpreter": sys.executable})]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert answer(done.stdout)["texts"] == _program.sources(_hardware_launcher.NAME)


def test_a_bad_variable_is_refused_before_the_host_is_touched(tmp_path: pathlib.Path) -> None:
    done = ansible(tmp_path, {"role": "watchdog"}, watchdog_timeout=1)
    assert done["msg"].startswith("watchdog_timeout: 1 is not")
    done = ansible(tmp_path, {"role": "watchdog"}, watchdog_timeou=100)
    assert "watchdog_timeou: is not a variable" in done["msg"]
    done = ansible(tmp_path, {"role": "watchdog"}, panic_hardening_alert_command=["tell"])
    assert done["msg"].startswith("panic_hardening_alert_command: ")
