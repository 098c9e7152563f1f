# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of causes and first steps says what crash_info says, and names a source for each."""

from __future__ import annotations

import pathlib
import re
import string

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._cases import CASES
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._messages import MESSAGES
from house import incident_docs
from house.sources import TOP

ENTRIES = {**KINDS, **{case.name: case.entry for case in CASES}}
KERNEL_FILE = re.compile(r"(?:Documentation|arch|block|drivers|fs|init|kernel|lib|mm)/[\w./-]+\.(?:c|rst)")


def test_the_page_is_what_the_table_says() -> None:
    said = (TOP / incident_docs.PAGE).read_text(encoding="utf-8")
    assert said == incident_docs.page(), "run: PYTHONPATH=tests .venv/bin/python -m house.incident_docs"


def test_the_page_has_one_row_for_each_kind() -> None:
    rows = re.findall(r"(?m)^\| `([\w-]+)`( †)? \| (\w+) \| [^|]+ \| [^|]+ \| [^|]+ \|$", incident_docs.page())
    assert [(name, bool(mark), suspect) for name, mark, suspect in rows] == [
        (name, kind.lethal, kind.suspect) for name, kind in KINDS.items()
    ]


def test_another_table_makes_another_page(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "oom", KINDS["oom"]._replace(cause="Nobody|knows{users}."))
    incident_docs.main(tmp_path)
    written = (tmp_path / "docs/incidents.md").read_text(encoding="utf-8")
    assert "| Nobody\\|knows: *the biggest processes*. |" in written
    assert written != (TOP / incident_docs.PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_kind_names_files_of_the_kernel_as_its_source(name: str) -> None:
    for path in ENTRIES[name].source.split(", "):
        assert KERNEL_FILE.fullmatch(path), path
    assert ENTRIES[name].suspect in ("software", "hardware", "configuration", "resources", "unknown")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_text_uses_only_words_that_are_filled_in(name: str) -> None:
    for text in (ENTRIES[name].cause, ENTRIES[name].first_step):
        fields = {field for _text, field, _spec, _conversion in string.Formatter().parse(text) if field}
        assert fields <= set(incident_docs.WORDS)
        assert text.rstrip().endswith((".", ")")), text


def test_every_kind_has_messages_and_every_message_a_kind() -> None:
    # How a log begins again shows an unexpected reboot, not a message.
    assert {kind for kind, _messages in MESSAGES} == set(KINDS) - {"unexpected-reboot"}
