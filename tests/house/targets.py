# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Run the unit tests of what runs on a host, on every Python found here, without any Ansible."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

from house import environments, interpreters
from house.sources import TOP

PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def tests(top: Path = TOP) -> list[str]:
    """Of the modules' tests only those that import no Ansible, by their name."""
    unit = top / "tests" / "unit" / "plugins"
    return [str(unit / "module_utils"), *map(str, sorted(unit.glob("modules/test_*_pure.py")))]


def run_on(one: interpreters.Interpreter, top: Path = TOP) -> tuple[bool, str]:
    environment = environments.target(one.version)
    environments.make(environment, one.path, one.version)
    packages = top / ".venv-targets" / "packages"
    done = subprocess.run(
        [top / environment.folder / "bin" / "python", *PYTEST, *tests(top)],
        env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{top / 'tests'}"},
        cwd=top,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout


def main() -> int:
    found = interpreters.for_targets(interpreters.installed())
    environments.link_collection(TOP / ".venv-targets" / "packages")
    passed = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for one, (good, output) in zip(found, pool.map(run_on, found), strict=True):
            passed[one.name] = good
            print(f"{one.name}: {output.splitlines()[-1] if good else output}", flush=True)
    failed = [name for name, good in passed.items() if not good]
    if failed:
        print(f"failed on Python {', '.join(failed)}")
    else:
        print(f"passed on Python {', '.join(passed)}")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except environments.SetupError as error:
        sys.exit(str(error))
