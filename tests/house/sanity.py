# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Run `ansible-test sanity` on a copy of what users get: it wants a real path that ends in ansible_collections/..."""

from __future__ import annotations

import argparse
import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from house import sources

PIP_SETTING = re.compile(r"(?P<section>[^.]+)\.(?P<key>[^=]+)=(?P<value>.*)")

# ansible-test fetches a pip from the internet to begin with. The one that Python brings along will do, and is here.
BOOTSTRAP = """
import ensurepip
ensurepip.bootstrap()
"""


def copy(top: Path, parent: Path) -> Path:
    place = parent / "ansible_collections" / "kernelops" / "panic_hardening"
    # Its rules for tests are those of ansible-test's own; ours, and their fixtures, are judged by the other steps.
    kept = [name for name in sources.listed(top) if sources.is_shipped(name) or name.name == "galaxy.yml"]
    kept += [name.relative_to(top) for name in (top / "tests" / "sanity").glob("ignore-*.txt")]
    for name in kept:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(top / name, place / name, follow_symlinks=False)
    return place


def pip_settings(listing: str) -> configparser.RawConfigParser:
    """What `pip config list` says, as a file. ansible-test drops PIP_* variables, and we change its home."""
    settings = configparser.RawConfigParser()
    settings.add_section("global")
    for line in listing.splitlines():
        if match := PIP_SETTING.fullmatch(line):
            section = "global" if match["section"] == ":env:" else match["section"]
            if not settings.has_section(section):
                settings.add_section(section)
            settings.set(section, match["key"], str(ast.literal_eval(match["value"])))
    return settings


def pip_version() -> str:
    from ansible_test._internal.python_requirements import get_venv_packages  # type: ignore[import-untyped]

    class Python:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"

    return str(get_venv_packages(Python())["pip"])


def prepare_home(home: Path) -> None:
    """ansible-test's own home, kept between runs: the environments of its tests are cached there."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{pip_version().replace('.', '_')}.py").write_text(BOOTSTRAP)
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    with (home / ".pip.conf").open("w") as file:
        pip_settings(listing).write(file)
    (home / ".pip").mkdir(exist_ok=True)
    (home / ".pip.conf").replace(home / ".pip" / "pip.conf")


def ansible_test(top: Path, arguments: list[str]) -> int:
    home = top / ".venv" / "ansible-test-home"
    prepare_home(home)
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ANSIBLE_HOME")}
    environment["HOME"] = str(home)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with tempfile.TemporaryDirectory(prefix="kernelops-sanity-") as parent:
        place = copy(top, Path(parent))
        argv = ["ansible-test", "sanity", "--local", "--requirements", "--python", version, "--color", "no"]
        return subprocess.run([*argv, *arguments], cwd=place, env=environment, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="only make the environments of its tests, once")
    arguments, for_ansible_test = parser.parse_known_args()
    if not arguments.prepare:
        return ansible_test(sources.TOP, for_ansible_test)
    prepared = sources.TOP / ".venv" / "ansible-test-home" / "prepared"
    if prepared.exists():
        return 0
    code = ansible_test(sources.TOP, ["--prime-venvs", *for_ansible_test])
    if code == 0:
        prepared.touch()
    return code


if __name__ == "__main__":
    sys.exit(main())
