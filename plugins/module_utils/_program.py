# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for a host, made of these very modules: one archive that its Python runs, so that no power cut leaves half of it."""

import ast
import functools
import importlib.machinery
import io
import sys
import zipfile
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

LIBRARY = "/usr/local/lib/kernelops-panic_hardening"
# Not the first python3 of a search path, which may be anybody's.
PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python")
PACKAGE = __name__.rpartition(".")[0]
START = "# Made by Ansible, kernelops.panic_hardening: changes are overwritten.\nfrom %s.%s import main\n\nmain()\n"
# A fixed date: equal modules make an equal archive.
DATE = (1980, 1, 1, 0, 0, 0)


def python(host: Host) -> str:
    """What a program runs on: the system's own Python where there is one, for that of Ansible may be gone tomorrow."""
    return next((path for path in PYTHONS if host.exists(path)), sys.executable)


@functools.lru_cache(maxsize=None)
def archive(name: str) -> str:
    """The archive that runs C(main) of the module C(name), as text of bytes (surrogateescape), as files are read here.

    Nothing in it is compressed, so that a person can read it with any pager.
    """
    texts = {"__main__.py": START % (PACKAGE, name)}
    folders = PACKAGE.split(".")
    for depth in range(1, len(folders) + 1):
        texts["/".join(folders[:depth] + ["__init__.py"])] = ""
    for module, text in sources(name).items():
        texts["/".join(folders + [module + ".py"])] = text
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as stream:
        for path, text in sorted(texts.items()):
            entry = zipfile.ZipInfo(path, DATE)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            stream.writestr(entry, text.encode("utf-8"))
    return buffer.getvalue().decode("utf-8", "surrogateescape")


def current(text: Optional[str], name: str) -> bool:
    """Whether an archive that was made for C(name) is what would be made now: equal modules import the same ones, so none is parsed."""
    try:
        with zipfile.ZipFile(io.BytesIO((text or "").encode("utf-8", "surrogateescape"))) as stream:
            held = dict((path, stream.read(path).decode("utf-8")) for path in stream.namelist())
        paths = [path for path in held if not path.endswith("__.py")]
        equal = all(held[path] == _source(path.rpartition("/")[2][: -len(".py")]) for path in paths)
    except (zipfile.BadZipFile, UnicodeDecodeError, ImportError):
        return False
    return equal and "%s/%s.py" % ("/".join(PACKAGE.split(".")), name) in paths


def sources(name: str) -> Dict[str, str]:
    """The source of a module, and of all that it imports of ours, wherever Python has them from: on a host from Ansible's own archive."""
    found: Dict[str, str] = {}
    wanted = [name]
    while wanted:
        module = wanted.pop()
        if module not in found:
            found[module] = _source(module)
            wanted.extend(_imports(found[module]))
    return found


def _source(name: str) -> str:
    full = "%s.%s" % (PACKAGE, name)
    # Importing it would compile it.
    spec = importlib.machinery.PathFinder.find_spec(full, sys.modules[PACKAGE].__path__)
    loader: Any = getattr(spec, "loader", None)
    # That of importlib.util.LazyLoader is inside.
    loader = getattr(loader, "loader", loader)
    text = loader.get_source(full) if loader else None
    if text is None:
        raise ImportError("%s: has no source" % full)
    return str(text)


def _imports(text: str) -> List[str]:
    found: List[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE + "."):
            found.append(str(node.module)[len(PACKAGE) + 1 :])
    return found
