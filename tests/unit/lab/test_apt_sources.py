# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Where the lab finds Debian on hosts with all kinds of apt sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import apt_sources
from lab.apt_sources import Entry, Mirror
from lab.errors import LabError

DEB822 = """\
# written by an installer
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main contrib # and a remark
deb-src http://source.example/debian bookworm main
deb http://vendor.example/apt stable extra
deb http://mirror.example/debian-security bookworm-security main
"""
UBUNTU = [Entry("http://archive.example/ubuntu", "noble", ("main", "universe"))]


def test_deb822() -> None:
    entries = apt_sources.parse_deb822(DEB822)
    assert entries == [
        Entry("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        Entry("http://mirror.example/debian", "bookworm-updates", ("main", "contrib")),
        Entry("http://mirror.example/debian-security", "bookworm-security", ("main",)),
    ]


def test_one_line() -> None:
    entries = apt_sources.parse_one_line(ONE_LINE)
    assert [entry.uri for entry in entries] == [
        "http://mirror.example/debian/",
        "http://vendor.example/apt",
        "http://mirror.example/debian-security",
    ]
    assert entries[0].components == ("main", "contrib")


@pytest.mark.parametrize("entries", [apt_sources.parse_deb822(DEB822), apt_sources.parse_one_line(ONE_LINE)])
def test_the_archive_is_found_in_either_format(entries: list[Entry]) -> None:
    mirror = apt_sources.choose(entries, {})
    assert mirror == Mirror("http://mirror.example/debian", "http://mirror.example/debian-security")
    assert mirror.lines("trixie") == [
        "deb http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://mirror.example/debian-security trixie-security main",
    ]


def test_a_vendor_that_calls_its_suite_stable_is_not_debian() -> None:
    vendor = Entry("http://vendor.example/apt", "stable", ("extra",))
    debian = Entry("http://mirror.example/debian", "stable", ("main",))
    assert apt_sources.choose([vendor, debian], {}).main == "http://mirror.example/debian"


@pytest.mark.parametrize("entries", [[], UBUNTU])
def test_a_host_without_debian_is_told_what_to_set(entries: list[Entry]) -> None:
    with pytest.raises(LabError, match="LAB_MIRROR"):
        apt_sources.choose(entries, {})


def test_lab_mirror_wins_and_brings_no_security_archive_by_itself() -> None:
    mirror = apt_sources.choose(UBUNTU, {"LAB_MIRROR": "http://mine.example/debian/"})
    assert mirror == Mirror("http://mine.example/debian", "")
    assert mirror.lines("bookworm") == ["deb http://mine.example/debian bookworm main"]


def test_all_files_of_a_host_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    (tmp_path / "sources.list.d/b.sources").write_text(
        "Types: deb\nURIs: http://b.example\nSuites: sid\nComponents: main"
    )
    (tmp_path / "sources.list.d/c.list.save").write_text("deb http://c.example/debian bookworm main\n")
    assert [entry.uri for entry in apt_sources.read_entries(tmp_path)] == [
        "http://a.example/debian",
        "http://b.example",
    ]


def test_a_missing_keyring_names_its_package(tmp_path: Path) -> None:
    present = tmp_path / "debian-archive-keyring.gpg"
    present.touch()
    assert apt_sources.keyring([tmp_path / "no.gpg", present]) == present
    with pytest.raises(LabError, match="apt-get install debian-archive-keyring"):
        apt_sources.keyring([tmp_path / "no.gpg"])
