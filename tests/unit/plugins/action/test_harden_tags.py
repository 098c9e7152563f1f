# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tag that only looks works without the tasks that change: a real run on this machine, which changes nothing."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

# Everything this machine might fail is waived, so that the verdict does not depend on where the tests run.
VARIABLES = {
    "ansible_python_interpreter": sys.executable,
    "panic_hardening_become": False,
    "panic_hardening_waivers": {"panic_sysctl.*": {"reason": "only a test", "until": "2099-12-31"}},
}


def test_verify_alone_observes_and_changes_nothing(tmp_path: pathlib.Path) -> None:
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    command: list[str | pathlib.Path] = [program, "-i", "localhost,", "-c", "local", "kernelops.panic_hardening.harden"]
    command += ["-e", json.dumps(VARIABLES), "--tags", "panic_sysctl_verify"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    assert "Stop where something still works against the policy" in done.stdout
