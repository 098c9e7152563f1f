# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module without Ansible around it, and the machines that it is called on."""

from __future__ import annotations

import pathlib
import typing as t

from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost, copy_tree


class Module:
    """What the modules use of an AnsibleModule."""

    def __init__(self, params: dict[str, t.Any], check_mode: bool = False) -> None:
        self.params = params
        self.check_mode = check_mode
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def maker(folder: pathlib.Path) -> t.Callable[..., FixtureHost]:
    """What makes a host of fixture trees in this folder."""

    def make(*trees: str) -> FixtureHost:
        for tree in trees:
            copy_tree(f"{FIXTURES}/{tree}", str(folder))
        return FixtureHost(str(folder))

    return make
