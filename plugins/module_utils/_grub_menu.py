# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's menu as grub-mkconfig wrote it: entries in their order, what a default picks, what GRUB does on its own."""

import re
from typing import List, NamedTuple, Optional, Tuple

HEAD = re.compile(r"^\s*(menuentry|submenu)\s+(?:'([^']*)'|\"([^\"]*)\")(.*)\{\s*$")
IDENT = re.compile(r"(?:menuentry_id_option|--id)\s+['\"]?([^'\"\s]+)")
KERNEL = re.compile(r"^\s*(?:linux|linuxefi|linux16|module2?)\s+(\S*/(?:vmlinu|kernel-)\S+)\s*(.*)$")
SECTION = re.compile(r"^### BEGIN /etc/grub\.d/(\S+) ###")


class Place(NamedTuple):
    """Where an entry stands in one level of the menu."""

    number: int
    ident: str
    title: str


class Item(NamedTuple):
    """A menu entry; C(places) leads to it from the top, C(kernel) is '' for one that starts no Linux."""

    places: Tuple[Place, ...]
    kernel: str
    arguments: str
    initrd: bool
    generator: str

    @property
    def ident(self) -> str:
        return self.places[-1].ident

    @property
    def title(self) -> str:
        return self.places[-1].title

    @property
    def path(self) -> str:
        """What grub-reboot would be told; a C(>) in an id is written twice."""
        return ">".join(place.ident.replace(">", ">>") for place in self.places)


class _Reader:
    """Reads lines; a stack of open braces says where the reader is."""

    def __init__(self) -> None:
        self.items: List[Item] = []
        self.generator = ""
        self.stack: List[str] = []
        self.places: List[Place] = []
        self.counts = [0]

    def line(self, line: str) -> None:
        section = SECTION.match(line)
        if section:
            self.generator = section.group(1)
        head = HEAD.match(line) if "menu" in line else None
        if head:
            self._open(head.group(1), head.group(2) or head.group(3) or "", head.group(4))
        elif line.rstrip().endswith("{"):
            self.stack.append("other")
        elif line.strip() == "}" and self.stack:
            self._close()
        elif "menuentry" in self.stack:
            self._inside(line)

    def _open(self, kind: str, title: str, rest: str) -> None:
        found = IDENT.search(rest)
        self.places.append(Place(self.counts[-1], found.group(1) if found else title, title))
        self.counts[-1] += 1
        self.stack.append(kind)
        if kind == "submenu":
            self.counts.append(0)
        else:
            self.items.append(Item(tuple(self.places), "", "", False, self.generator))

    def _close(self) -> None:
        kind = self.stack.pop()
        if kind == "submenu":
            self.counts.pop()
        if kind != "other":
            self.places.pop()

    def _inside(self, line: str) -> None:
        item = self.items[-1]
        kernel = KERNEL.match(line)
        if kernel and not item.kernel:
            self.items[-1] = item._replace(kernel=kernel.group(1), arguments=kernel.group(2).strip())
        elif re.match(r"^\s*initrd(?:efi|16)?\s+\S", line):
            self.items[-1] = item._replace(initrd=True)


def parse(text: str) -> List[Item]:
    """All entries of a grub.cfg, in the menu's order, those of submenus in their places."""
    reader = _Reader()
    for line in text.splitlines():
        reader.line(line)
    return reader.items


def select(items: List[Item], choice: str) -> Optional[Item]:
    """What GRUB boots for a default: a number, an id, a title, or a path of them; the first entry where it matches nothing."""
    candidates, level, parts = items, 0, _parts(choice)
    while candidates:
        part = parts[level] if level < len(parts) else ""
        matching = [item for item in candidates if _fits(item.places[level], part)]
        chosen = (matching or candidates)[0].places[level]
        candidates = [item for item in candidates if item.places[level] == chosen]
        level += 1
        if len(candidates[0].places) == level:
            return candidates[0]
    return None


def matches(items: List[Item], choice: str) -> bool:
    """Whether a default names an entry at all, and is not turned into the first one."""
    found, parts = select(items, choice), _parts(choice)
    return found is not None and len(parts) <= len(found.places) and all(map(_fits, found.places, parts))


def _parts(choice: str) -> List[str]:
    return [part.replace("\0", ">") for part in choice.replace(">>", "\0").split(">")]


def _fits(place: Place, part: str) -> bool:
    # GRUB takes whatever begins with a digit for a number, and does not look at the rest.
    number = re.match(r"[0-9]+", part)
    return int(number.group()) == place.number if number else part in (place.ident, place.title)


def default(text: str) -> str:
    """The default that grub.cfg sets without a one-time choice; C(${saved_entry}) stands for the environment's."""
    found = re.findall(r'(?m)^\s*set default="([^"]*)"', text)
    values = [value for value in found if value != "${next_entry}"]
    return values[-1] if values else "0"


def fallback(text: str) -> str:
    """Where GRUB goes when an entry cannot be loaded, '' where it waits for a key."""
    found = re.findall(r'(?m)^\s*set fallback="?([^"\s]*)"?\s*$', text)
    return found[-1] if found else ""


def waits(text: str) -> bool:
    """Whether the menu waits for a person, for ever."""
    return re.search(r"(?m)^\s*set timeout=\"?-", text) is not None
