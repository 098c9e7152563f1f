# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that the tests of module_utils look at. Runs on every Python from 3.6 on."""

import os
from pathlib import Path
from typing import Callable, List

import pytest

from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost, copy_tree
from unit.plugins.module_utils.fixture_programs import Grubby, GrubMkconfig

Maker = Callable[..., FixtureHost]


@pytest.fixture
def make_host(tmp_path: Path) -> Maker:
    """Calls give a host made of the named trees, later ones over earlier ones; no tree for an empty machine."""
    made: List[Path] = []

    def make(*trees: str) -> FixtureHost:
        root = tmp_path / ("host%d" % len(made))
        root.mkdir()
        for tree in trees:
            copy_tree(os.path.join(FIXTURES, tree), str(root))
        made.append(root)
        host = FixtureHost(str(root))
        if "/boot/grub/grub.cfg" in host.snapshot():
            host.programs["grub-mkconfig"] = GrubMkconfig(host)
        return host

    return make


@pytest.fixture
def empty(make_host: Maker) -> FixtureHost:
    """A machine without a single file."""
    return make_host()


@pytest.fixture
def debian12(make_host: Maker) -> FixtureHost:
    return make_host("debian12/stock")


@pytest.fixture
def rhel9(make_host: Maker) -> FixtureHost:
    host = make_host("rhel9")
    host.programs["grubby"] = Grubby(host)
    return host
