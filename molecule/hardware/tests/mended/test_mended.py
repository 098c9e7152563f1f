# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mended hardware: the controls pass again, and nothing more was told."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import audit


def test_nothing_fails_and_nothing_more_was_told(host: t.Any) -> None:
    assert [name for name, item in audit.findings(host).items() if item["status"] == "fail"] == []
    assert len(audit.keys(host)) == 4
