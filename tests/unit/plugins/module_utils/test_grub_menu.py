# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's menu as grub-mkconfig wrote it, and what GRUB makes of a default. Runs on every Python from 3.6 on."""

import time
from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _grub_menu
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD

UUID = "4d6cf51c-c07a-4ac7-bfd3-af681f8b75c2"
SUBMENU = "gnulinux-advanced-" + UUID


def path(release: str, kind: str = "advanced") -> str:
    return "%s>gnulinux-%s-%s-%s" % (SUBMENU, release, kind, UUID)


@pytest.fixture
def text(make_host: Any) -> str:
    found: str = make_host("debian12/kernels").text("/boot/grub/grub.cfg")
    return found


def test_all_entries_in_their_order(text: str) -> None:
    items = _grub_menu.parse(text)
    expected = ["gnulinux-simple-" + UUID]
    for release in (HALF, NEW, OLD):
        expected += [path(release), path(release, "recovery")]
    assert [item.path for item in items] == expected
    assert [tuple(place.number for place in item.places) for item in items[:4]] == [(0,), (1, 0), (1, 1), (1, 2)]
    assert [item.initrd for item in items] == [False] * 3 + [True] * 4
    assert {item.generator for item in items} == {"10_linux"}
    assert items[3].kernel == "/boot/vmlinuz-" + NEW
    assert items[3].title == "Debian GNU/Linux, with Linux " + NEW


@pytest.mark.parametrize(
    "choice, expected, named",
    [
        ("0", "gnulinux-simple-" + UUID, True),
        ("1", path(HALF), True),
        ("1>2", path(NEW), True),
        ("1>99", path(HALF), False),
        ("7", "gnulinux-simple-" + UUID, False),
        (path(OLD), path(OLD), True),
        (SUBMENU, path(HALF), True),
        ("Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux " + OLD, path(OLD), True),
        # A submenu must be named, else GRUB takes the first entry without a word.
        ("gnulinux-%s-advanced-%s" % (OLD, UUID), "gnulinux-simple-" + UUID, False),
        (path("6.1.0-1-cloud-amd64"), path(HALF), False),
        ("", "gnulinux-simple-" + UUID, False),
        ("saved", "gnulinux-simple-" + UUID, False),
        # What begins with a digit is a number.
        ("1 and more>0", path(HALF), True),
    ],
)
def test_what_a_default_boots(text: str, choice: str, expected: str, named: bool) -> None:
    items = _grub_menu.parse(text)
    found = _grub_menu.select(items, choice)
    assert found is not None
    assert found.path == expected
    assert _grub_menu.matches(items, choice) is named


def test_an_empty_menu() -> None:
    assert _grub_menu.parse("") == []
    assert _grub_menu.select([], "0") is None
    assert _grub_menu.matches([], "0") is False


def test_a_greater_sign_in_a_title_is_written_twice() -> None:
    items = _grub_menu.parse("submenu 'a>b' {\nmenuentry 'c' --id d {\nlinux /vmlinuz-1\n}\n}\n")
    assert [item.path for item in items] == ["a>>b>d"]
    assert _grub_menu.matches(items, "a>>b>d")
    assert not _grub_menu.matches(items, "a>b>d")


def test_functions_and_entries_of_others_keep_the_numbers_right() -> None:
    items = _grub_menu.parse(
        "function x {\n\tset y=1\n}\nmenuentry 'memtest' --id memtest86+ {\n\tlinux16 /boot/memtest86+x64.bin\n}\n"
        "submenu 'more' {\n\tmenuentry 'a' {\n\t\tlinux\t/vmlinuz-1 ro\n\t\tinitrd\t/initrd.img-1\n\t}\n}\n"
        "menuentry 'b' {\n\tchainloader +1\n}\n"
    )
    assert [(item.path, item.kernel, item.initrd) for item in items] == [
        ("memtest86+", "", False),
        ("more>a", "/vmlinuz-1", True),
        ("b", "", False),
    ]
    assert [item.places[0].number for item in items] == [0, 1, 2]


@pytest.mark.parametrize(
    "line, value", [("0", "0"), ("${saved_entry}", "${saved_entry}"), ("kernelops-known-good", "kernelops-known-good")]
)
def test_the_default_is_not_the_one_time_choice(text: str, line: str, value: str) -> None:
    assert _grub_menu.default(text.replace('set default="0"', 'set default="%s"' % line)) == value


def test_a_menu_without_a_default_boots_the_first_entry() -> None:
    assert _grub_menu.default("") == "0"


def test_who_waits_for_a_person(text: str) -> None:
    assert not _grub_menu.waits(text)
    assert _grub_menu.waits(text.replace("set timeout=1", "set timeout=-1"))
    assert _grub_menu.fallback(text) == ""
    assert _grub_menu.fallback(text + "set fallback=0\n") == "0"


def test_rubbish_is_read_in_linear_time() -> None:
    begin = time.time()
    _grub_menu.parse("menuentry '" + "a" * 100000 + "\n" + "}\n" * 50000 + "menuentry 'x' {\n" * 2000 + " {" * 100000)
    assert time.time() - begin < 5
