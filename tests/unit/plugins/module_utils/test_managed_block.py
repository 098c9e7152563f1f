# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our part of a package's configuration file: in, and out again to the last byte."""

from typing import List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _managed_block

LINES = ["path /srv", "ssh a@b"]


def nothing(_line: str) -> bool:
    return False


def paths(line: str) -> bool:
    return line.startswith("path")


def merge(text: str, lines: List[str]) -> str:
    return _managed_block.merge(text, "x", lines, paths)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\n",
        "a",
        "a\n\n\n",
        "path /var/crash\n",
        "a\npath /var/crash",
        "a\r\npath /var/crash\r\nb\r\n",
        "a\r\npath /var/crash",
        "\xff path\npath\n",
        "# BEGIN of others\npath 1\npath 2\n# END of others\n",
        "a\x0bpath b\x0cpath c\n",
    ],
)
def test_what_was_there_comes_back_to_the_last_byte(text: str) -> None:
    merged = merge(text, LINES)
    assert merged != text
    assert _managed_block.strip(merged, "x") == text
    assert merge(merged, LINES) == merged, "a second time changes nothing"
    assert _managed_block.strip(merge(merged, ["other"]), "x") == text


def test_our_lines_are_the_last_between_two_remarks() -> None:
    lines = merge("a\n", LINES).splitlines()
    assert lines[0] == "a"
    assert lines[1].startswith("# BEGIN kernelops.panic_hardening x (managed by Ansible")
    assert lines[2:] == LINES + ["# END kernelops.panic_hardening x"]


def test_a_file_without_a_last_newline_gets_one_before_ours() -> None:
    assert merge("a", LINES).splitlines()[0] == "a"
    assert merge("a", LINES).splitlines()[2:4] == LINES


def test_an_empty_file_gets_no_empty_line() -> None:
    assert merge("", LINES).startswith("# BEGIN")


def test_lines_in_the_way_are_remarks_until_we_leave() -> None:
    merged = merge("path /var/crash\nother path\n", LINES)
    assert merged.splitlines()[:2] == ["#kernelops.panic_hardening# path /var/crash", "other path"]
    assert merged.count("path /var/crash") == 1


def test_a_line_in_the_way_that_comes_later_is_set_aside_too() -> None:
    merged = merge(merge("a\n", LINES) + "path /mine\n", LINES)
    assert merged.splitlines()[:2] == ["a", "#kernelops.panic_hardening# path /mine"]
    assert _managed_block.strip(merged, "x") == "a\npath /mine\n"


def test_our_own_lines_are_never_set_aside() -> None:
    assert merge(merge("", LINES), LINES).count("#kernelops.panic_hardening# ") == 0


@pytest.mark.parametrize("old, new", [("path /srv", "path /etc"), ("ssh a@b\n", ""), ("ssh a@b", "ssh a@b\nnfs c")])
def test_a_block_that_was_edited_is_made_anew(old: str, new: str) -> None:
    merged = merge("a\n", LINES)
    edited = merged.replace(old, new)
    assert edited != merged
    assert merge(edited, LINES) == merged
    assert _managed_block.strip(edited, "x") == "a\n"


def test_the_block_of_another_name_stays() -> None:
    both = _managed_block.merge(_managed_block.merge("a\n", "other", ["o"], nothing), "x", LINES, nothing)
    assert _managed_block.strip(both, "x") == _managed_block.merge("a\n", "other", ["o"], nothing)
    assert _managed_block.strip(both, "other") == _managed_block.merge("a\n", "x", LINES, nothing)


def test_a_name_is_no_pattern() -> None:
    merged = _managed_block.merge("a\n", "x.y", LINES, nothing)
    assert _managed_block.strip(merged, "x.y") == "a\n"
    assert _managed_block.strip(merged, "x+y") == merged
    assert _managed_block.strip(_managed_block.merge("a\n", "xzy", LINES, nothing), "x.y") != "a\n"


def test_a_file_without_our_part_is_left_alone() -> None:
    assert _managed_block.strip("a\r\n# END kernelops.panic_hardening x", "x") == (
        "a\r\n# END kernelops.panic_hardening x"
    )
