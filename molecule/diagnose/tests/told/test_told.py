# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the crashes left is on the machine's own disk, where an operator would look for it too."""

from __future__ import annotations

import typing as t


def test_the_last_words_of_the_panics_are_archived(host: t.Any) -> None:
    found = host.run("grep -rls 'Kernel panic - not syncing' /var/lib/systemd/pstore").stdout.split()
    assert found
    assert host.run("ls -A /sys/fs/pstore").stdout == "", "room for the next ones"


def test_the_journals_of_all_boots_are_there(host: t.Any) -> None:
    boots = host.run("journalctl --list-boots --no-pager --quiet").stdout.splitlines()
    # The first one, the orderly restart, the power cut, and at least one more for each crash.
    assert len(boots) >= 8
