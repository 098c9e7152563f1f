# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A templar and a loader of the installed ansible-core, as an action plugin has them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.kernelops.panic_hardening.plugins.plugin_utils import _policy

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 trusts all text

    def trust_as_template(value: str) -> str:
        return value


@pytest.fixture
def template() -> t.Callable[[str], str]:
    """Text as an inventory gives it: Ansible may run the templates in it."""
    return trust_as_template


@pytest.fixture
def build() -> t.Callable[..., dict[str, t.Any]]:
    """_policy.build for these host variables."""

    def call(
        task_vars: dict[str, t.Any] | None = None,
        explicit: dict[str, t.Any] | None = None,
        subset: list[str] | None = None,
    ) -> dict[str, t.Any]:
        loader = DataLoader()
        variables = task_vars or {}
        templar = Templar(loader=loader, variables=variables)
        return t.cast("dict[str, t.Any]", _policy.build(loader, templar, variables, explicit or {}, subset or []))

    return call
