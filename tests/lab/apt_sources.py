# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Find where this host gets Debian from, so that the lab needs no mirror of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

DEBIAN_SUITES = re.compile(
    r"(buster|bullseye|bookworm|trixie|forky|sid|(old){0,2}stable|testing|unstable)(-updates|-security|/updates)?"
)
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/etc/apt/trusted.gpg.d/debian-archive-keyring.gpg"),
)


@dataclass(frozen=True)
class Entry:
    """One archive and suite that apt would read."""

    uri: str
    suite: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Mirror:
    """Where Debian comes from; `security` is empty where the host has none."""

    main: str
    security: str

    def lines(self, suite: str) -> list[str]:
        """Return one-line apt sources for a suite."""
        lines = [f"deb {self.main} {suite} main"]
        if self.security:
            lines += [f"deb {self.main} {suite}-updates main", f"deb {self.security} {suite}-security main"]
        return lines


def parse_one_line(text: str) -> list[Entry]:
    """Read the one-line format: `deb [options] URI suite components`."""
    entries = []
    for raw in text.splitlines():
        line = re.sub(r"\[[^]]*\]", " ", raw.partition("#")[0], count=1)
        fields = line.split()
        if len(fields) >= 3 and fields[0] == "deb":
            entries.append(Entry(fields[1], fields[2], tuple(fields[3:])))
    return entries


def _stanzas(text: str) -> Iterable[dict[str, str]]:
    current: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if current:
                yield current
            current, key = {}, ""
        elif line[0] in " \t" and key:
            current[key] += " " + line.strip()
        elif ":" in line:
            key = line.partition(":")[0].strip().lower()
            current[key] = line.partition(":")[2].strip()


def parse_deb822(text: str) -> list[Entry]:
    """Read the deb822 format: stanzas with Types, URIs, Suites, Components."""
    entries = []
    for stanza in _stanzas(text):
        if stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in stanza.get("types", "").split():
            continue
        components = tuple(stanza.get("components", "").split())
        for uri in stanza.get("uris", "").split():
            entries += [Entry(uri, suite, components) for suite in stanza.get("suites", "").split()]
    return entries


def read_entries(root: Path = Path("/etc/apt")) -> list[Entry]:
    """Read every source of this host, in apt's order."""
    files = [root / "sources.list", *sorted((root / "sources.list.d").glob("*"))]
    entries: list[Entry] = []
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        entries += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return entries


def choose(entries: Iterable[Entry], environ: Mapping[str, str] = os.environ) -> Mirror:
    """Pick Debian's archive among the sources; LAB_MIRROR overrides what the host has."""
    if environ.get("LAB_MIRROR"):
        return Mirror(environ["LAB_MIRROR"].rstrip("/"), environ.get("LAB_MIRROR_SECURITY", "").rstrip("/"))
    main = security = ""
    for entry in entries:
        if "main" not in entry.components or not DEBIAN_SUITES.fullmatch(entry.suite):
            continue
        if entry.suite.endswith(("-security", "/updates")):
            security = security or entry.uri.rstrip("/")
        else:
            main = main or entry.uri.rstrip("/")
    if not main:
        raise LabError(
            "No Debian archive among this host's apt sources (an Ubuntu archive cannot serve Debian): "
            "set LAB_MIRROR to a Debian mirror's URL, and LAB_MIRROR_SECURITY to its security archive if it has one."
        )
    return Mirror(main, security)


def keyring(candidates: Iterable[Path] = KEYRINGS) -> Path:
    """Return Debian's archive keyring."""
    for path in candidates:
        if path.is_file():
            return path
    raise LabError("Debian's archive keyring is missing: apt-get install debian-archive-keyring")
