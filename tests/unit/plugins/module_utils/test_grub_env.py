# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's environment block against what a real grub-editenv wrote. Runs on every Python from 3.6 on."""

import os
from typing import Any, Dict, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _grub_env
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost

PATH = "/boot/grub/grubenv"
UUID = "4d6cf51c-c07a-4ac7-bfd3-af681f8b75c2"
OLD = "gnulinux-advanced-%s>gnulinux-6.1.0-53-cloud-amd64-advanced-%s" % (UUID, UUID)


def real(name: str) -> str:
    with open(os.path.join(FIXTURES, "grub-editenv", name)) as stream:
        return stream.read()


def block(text: str) -> _grub_env.Block:
    return _grub_env.Block(PATH, text, len(text) == 1024)


def test_what_the_real_program_wrote_is_read() -> None:
    assert _grub_env.values(real("create")) == {}
    assert _grub_env.values(real("set")) == {"saved_entry": OLD, "odd": "a\\b=c", "next_entry": ""}
    assert _grub_env.values(real("unset")) == {"saved_entry": "0", "next_entry": "", "recordfail": "1"}


def test_the_same_block_is_written_to_the_byte() -> None:
    text = real("create")
    # One after the other, as the program was told: it appends what is new.
    for name, value in (("saved_entry", OLD), ("odd", "a\\b=c"), ("next_entry", "")):
        text = _grub_env.edit(block(text), {name: value})
    assert text == real("set")
    assert _grub_env.edit(block(text), {"recordfail": "1", "odd": None, "saved_entry": "0"}) == real("unset")


@pytest.mark.parametrize("value", ["a\\", "a\nb", "\\\n", "=", "a#b", "#"])
def test_every_value_comes_back(value: str) -> None:
    text = _grub_env.edit(block(real("set")), {"x": value, "y": "after"})
    assert len(text) == 1024
    assert _grub_env.values(text)["x"] == value
    assert _grub_env.values(text)["y"] == "after"


def test_a_block_of_an_old_grub_gets_no_line_that_it_did_not_have() -> None:
    old = (_grub_env.SIGNATURE + "saved_entry=0\n").ljust(1024, "#")
    assert _grub_env.edit(block(old), {}) == old


@pytest.mark.parametrize("text", ["", "rubbish", "saved_entry=0\n".ljust(1024, "#"), "# GRUB Environment Block\n"])
def test_a_missing_or_damaged_block_is_made_anew(empty: FixtureHost, text: str) -> None:
    empty.put(PATH, text)
    damaged = _grub_env.read(empty, PATH)
    assert not damaged.whole
    _grub_env.write(empty, PATH, _grub_env.edit(damaged, {"next_entry": OLD}))
    after = _grub_env.read(empty, PATH)
    assert after.whole
    assert _grub_env.values(after.text) == {"next_entry": OLD}
    # A new file is found by way of the journal alone.
    assert empty.settled == ([] if len(text) == 1024 else ["/boot/grub"])


@pytest.mark.parametrize("more", ["\n", "#" * 1024])
def test_what_an_editor_left_of_another_size_loses_nothing(empty: FixtureHost, more: str) -> None:
    """GRUB takes it, too."""
    text = real("set") + more
    empty.put(PATH, text)
    assert _grub_env.read(empty, PATH).whole
    found = _grub_env.Block(PATH, text, True)
    after = _grub_env.edit(found, {"x": "1"})
    assert len(after) == 1024
    assert _grub_env.values(after) == {"saved_entry": OLD, "odd": "a\\b=c", "next_entry": "", "x": "1"}


def test_too_much_is_refused_and_named() -> None:
    with pytest.raises(HostError, match="^/boot/grub/grubenv: has no room for next_entry; "):
        _grub_env.edit(block(real("set")), {"next_entry": "x" * 1000})


def test_a_whole_block_is_written_in_place(empty: FixtureHost) -> None:
    """GRUB knows only where the bytes lie: another file in its place might not be found after a crash."""
    empty.put(PATH, real("create"))
    place = os.stat(empty.root + PATH).st_ino
    changes: Dict[str, Optional[str]] = {"next_entry": OLD}
    _grub_env.write(empty, PATH, _grub_env.edit(_grub_env.read(empty, PATH), changes))
    assert os.stat(empty.root + PATH).st_ino == place
    assert empty.text(PATH) == _grub_env.edit(block(real("create")), changes)


def test_a_link_stays_a_link(empty: FixtureHost) -> None:
    """On RHEL 8 with UEFI the block lies on the EFI system partition."""
    empty.put("/boot/efi/EFI/redhat/grubenv", real("create"))
    empty.link("/boot/grub2/grubenv", "../efi/EFI/redhat/grubenv")
    _grub_env.write(empty, "/boot/grub2/grubenv", real("set"))
    assert empty.text("/boot/efi/EFI/redhat/grubenv") == real("set")
    assert empty.readlink("/boot/grub2/grubenv") == "../efi/EFI/redhat/grubenv"


def test_what_was_not_written_is_an_error(empty: FixtureHost, monkeypatch: Any) -> None:
    empty.put(PATH, real("create"))
    monkeypatch.setattr(empty, "overwrite", lambda path, text: None)
    with pytest.raises(HostError, match="^/boot/grub/grubenv: does not hold what was written"):
        _grub_env.write(empty, PATH, real("set"))


def test_it_is_shown_as_the_real_program_lists_it() -> None:
    assert _grub_env.shown(real("set")) == "saved_entry=%s\nodd=a\\b=c\nnext_entry=\n" % OLD
    assert _grub_env.shown("rubbish") == ""
