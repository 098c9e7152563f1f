# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import our modules from the archive that Ansible sends, none compiled twice, and none that nobody uses.

There is nothing compiled in an archive, so that a host compiles all anew at every run: on a slow one most of an audit.
"""

import importlib.util
import sys
import zipimport
from typing import Any, Optional

PACKAGE = __name__.rpartition(".")[0]


class Importer(zipimport.zipimporter):
    """Finds the modules in one folder of an archive."""

    def get_filename(self, fullname: str) -> str:
        """The path of a module. Python's own compiles it for that: https://github.com/python/cpython/issues/141276."""
        end = "/__init__.py" if self.is_package(fullname) else ".py"
        return "%s/%s%s%s" % (self.archive, self.prefix, fullname.rpartition(".")[2], end)


class LazyImporter(Importer):
    """Has a module compiled when something of it is used, and not before. Needs Python 3.10."""

    def find_spec(self, fullname: str, target: Any = None) -> Optional[Any]:
        """Where a module is, and who loads it."""
        spec = super().find_spec(fullname, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def install() -> None:
    """From now on import our modules so; nothing changes where they do not come from an archive."""
    importer = LazyImporter if hasattr(zipimport.zipimporter, "exec_module") else Importer
    for path in sys.modules[PACKAGE].__path__:
        if isinstance(sys.path_importer_cache.get(path), zipimport.zipimporter):
            sys.path_importer_cache[path] = importer(path)
