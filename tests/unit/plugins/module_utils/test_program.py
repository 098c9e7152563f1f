# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for a host is made of the modules as they are, and runs by itself. Runs on every Python from 3.6 on."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_program, _program
from unit.plugins.module_utils.fixture_host import FixtureHost

NAME = "_fallback_kernel_program"


def write(path: Path) -> Path:
    path.write_bytes(_program.archive(NAME).encode("utf-8", "surrogateescape"))
    return path


def test_it_holds_all_that_is_imported_and_nothing_else() -> None:
    found = _program.sources(NAME)
    assert {NAME, "_host", "_files", "_boot_kernel", "_grub_env", "_fallback_kernel_health"} <= set(found)
    assert not [name for name in found if name.startswith(("_kdump", "_panic_sysctl", "_crash"))]
    with open(str(_fallback_kernel_program.__file__)) as stream:
        assert found[NAME] == stream.read()


def test_equal_modules_make_an_equal_archive() -> None:
    first = _program.archive(NAME)
    _program.archive.cache_clear()
    assert _program.archive(NAME) == first


@pytest.mark.parametrize(
    "spoil, current",
    [
        (lambda text: text, True),
        (lambda text: None, False),
        (lambda text: "", False),
        (lambda text: text[:-100], False),
        (lambda text: _program.archive("_host"), False),
        (lambda text: text.replace("<%d>%s", "<%d>%r"), False),
    ],
)
def test_whether_an_archive_is_that_of_now(spoil: Any, current: bool) -> None:
    assert _program.current(spoil(_program.archive(NAME)), NAME) is current


def test_an_archive_with_a_module_that_is_gone_is_old() -> None:
    text = _program.archive(NAME).replace("_grub_menu.py", "_grub_mena.py")
    assert _program.current(text, NAME) is False


def test_it_needs_no_ansible_and_a_person_can_read_it(tmp_path: Path) -> None:
    path = write(tmp_path / "program.pyz")
    with zipfile.ZipFile(str(path)) as stream:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in stream.infolist())
    assert b"The program that a host runs without Ansible" in path.read_bytes()
    # -I and an empty environment: nothing of this checkout is on its path.
    command = [sys.executable, "-I", "-S", str(path), "arm", "--no-such-option"]
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=str(tmp_path), env={})
    _out, err = done.communicate(timeout=60)
    assert done.returncode == 2
    assert b"unrecognized arguments: --no-such-option" in err
    assert [entry.name for entry in tmp_path.iterdir()] == ["program.pyz"], "no compiled files beside it"


def test_out_of_an_archive_it_is_the_same(tmp_path: Path) -> None:
    """On a host the modules come from Ansible's own archive, here from one with what makes the program."""
    path = tmp_path / "ansible.zip"
    path.write_bytes(_program.archive("_program").encode("utf-8", "surrogateescape"))
    with zipfile.ZipFile(str(path), "a") as stream:
        folder = "/".join(_program.PACKAGE.split("."))
        for name in set(_program.sources(NAME)) - set(_program.sources("_program")):
            stream.writestr("%s/%s.py" % (folder, name), _program.sources(NAME)[name])
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from %s import _program as p; assert 'ansible.zip' in p.__file__; "
        "sys.stdout.buffer.write(p.archive(%r).encode('utf-8', 'surrogateescape'))" % (_program.PACKAGE, NAME)
    )
    command = [sys.executable, "-I", "-S", "-c", script, str(path)]
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={})
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, b"")
    assert out.decode("utf-8", "surrogateescape") == _program.archive(NAME)


def test_the_system_s_own_interpreter_is_taken(make_host: Any) -> None:
    host: FixtureHost = make_host()
    assert _program.python(host) == sys.executable
    host.put("/usr/libexec/platform-python", "")
    assert _program.python(host) == "/usr/libexec/platform-python"
    host.put("/usr/bin/python3", "")
    assert _program.python(host) == "/usr/bin/python3"
