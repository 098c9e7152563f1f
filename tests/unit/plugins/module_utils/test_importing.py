# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our modules out of an archive, as on a host: none is compiled twice, and where Python can wait none for nothing."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _importing

# Whoever compiles this is told so by Python's own warning about it.
TOLD = "HELD = '\\d'\n\n\ndef fail():\n    raise ValueError\n"
SCRIPT = """
import importlib, json, sys, traceback, warnings
sys.path.insert(0, sys.argv[1])
{package} = importlib.import_module("{package}._importing")
{package}.install()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from {package} import used, unused, folder
    used.HELD
    try:
        used.fail()
    except ValueError:
        trace = traceback.format_exc()
    file, source = used.__file__, used.__spec__.loader.get_source(used.__name__)
    place = folder.__file__
try:
    from {package} import missing
except ImportError as error:
    print(json.dumps(dict(
        compiled=[warning.filename for warning in said], file=file, source=source, trace=trace, folder=place, missing=str(error)
    )))
"""


@pytest.fixture
def seen(tmp_path: Path) -> Dict[str, Any]:
    """What a program sees that has two such modules and a package, and uses one module."""
    archive = tmp_path / "ansible.zip"
    with open(str(_importing.__file__)) as stream:
        text = stream.read()
    with zipfile.ZipFile(str(archive), "w", zipfile.ZIP_DEFLATED) as made:
        for name, source in (("__init__", ""), ("_importing", text), ("used", TOLD), ("unused", TOLD)):
            made.writestr("ours/%s.py" % name, source)
        made.writestr("ours/folder/__init__.py", "")
    command = [sys.executable, "-I", "-S", "-c", SCRIPT.replace("{package}", "ours"), str(archive)]
    return dict(json.loads(subprocess.check_output(command, cwd=str(tmp_path)).decode()), archive=str(archive))


def test_what_is_used_is_compiled_once(seen: Dict[str, Any]) -> None:
    assert seen["compiled"].count(seen["archive"] + "/ours/used.py") == 1


def test_what_nobody_uses_is_not_compiled_where_python_can_wait(seen: Dict[str, Any]) -> None:
    expected = 0 if sys.version_info >= (3, 10) else 1
    assert seen["compiled"].count(seen["archive"] + "/ours/unused.py") == expected


def test_modules_are_what_they_are_without_it(seen: Dict[str, Any]) -> None:
    assert seen["file"] == seen["archive"] + "/ours/used.py"
    assert seen["folder"] == seen["archive"] + "/ours/folder/__init__.py"
    assert seen["source"] == TOLD
    assert 'ansible.zip/ours/used.py", line 5, in fail' in seen["trace"].replace(os.sep, "/")
    assert "missing" in seen["missing"]


def test_a_directory_is_left_as_it_is() -> None:
    before = dict(sys.path_importer_cache)
    _importing.install()
    assert sys.path_importer_cache == before
