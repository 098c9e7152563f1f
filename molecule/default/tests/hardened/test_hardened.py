# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hardened machine: live values, files, and the boot entries that the next restart takes."""

from __future__ import annotations

import datetime
import re
import typing as t

import pytest

DROP_IN = "/etc/sysctl.d/99-zz-panic_sysctl.conf"
VALUES = {"kernel.panic": 10, "kernel.panic_on_oops": 1, "kernel.oops_limit": 100, "vm.panic_on_oom": 0}


@pytest.mark.parametrize(("key", "value"), VALUES.items())
def test_live_values(host: t.Any, key: str, value: int) -> None:
    assert host.sysctl(key) == value


def test_the_drop_in(host: t.Any) -> None:
    file = host.file(DROP_IN)
    assert (file.user, file.mode) == ("root", 0o644)
    for key, value in VALUES.items():
        assert f"-{key} = {value}\n" in file.content_string


def test_systemd_takes_the_drop_in_last(host: t.Any) -> None:
    """What systemd itself says it will apply, not what we believe."""
    shown = host.run("/lib/systemd/systemd-sysctl --cat-config").stdout
    assert re.findall(r"(?m)^-?kernel\.panic\s*=\s*(\S+)", shown)[-1] == "10"


def test_systemd_sysctl_still_starts(host: t.Any) -> None:
    assert host.run("systemctl restart systemd-sysctl").rc == 0
    assert host.sysctl("kernel.panic") == 10


def test_normal_entries_carry_panic_and_recovery_entries_do_not(host: t.Any) -> None:
    menu = host.file("/boot/grub/grub.cfg").content_string
    lines = re.findall(r"(?m)^\s*linux\s+\S*vmlinuz\S*\s+(.*)$", menu)
    by_hand = [line for line in lines if " single" in line or " fsck.mode=force" in line]
    normal = [line.split() for line in lines if line not in by_hand]
    recovery = [line.split() for line in by_hand]
    assert len(normal) >= 2
    assert recovery
    assert all([word for word in words if word.startswith("panic=")] == ["panic=10"] for words in normal)
    assert not any(word.startswith("panic=") for words in recovery for word in words)


def test_a_kernel_to_come_gets_it_too(host: t.Any) -> None:
    """What a kernel package's installation does."""
    assert host.run("update-grub").rc == 0
    test_normal_entries_carry_panic_and_recovery_entries_do_not(host)


def test_the_journal_is_kept_and_written_often(host: t.Any) -> None:
    """What systemd itself makes of all its files."""
    shown = host.run("systemd-analyze cat-config systemd/journald.conf").stdout
    assert re.findall(r"(?m)^Storage=(.*)$", shown)[-1] == "persistent"
    assert re.findall(r"(?m)^SyncIntervalSec=(.*)$", shown)[-1] == "60s"
    assert host.run("systemctl is-active systemd-journald").stdout.strip() == "active"
    machine = host.file("/etc/machine-id").content_string.strip()
    assert host.file(f"/var/log/journal/{machine}/system.journal").exists


def test_the_archive_of_pstore_is_kept_for_a_year(host: t.Any) -> None:
    """From which day on systemd itself would leave a record alone."""
    shown = host.run("SYSTEMD_LOG_LEVEL=debug systemd-tmpfiles --clean --prefix /var/lib/systemd/pstore").stderr
    since = re.search(r'threshold for directory "/var/lib/systemd/pstore" is \w+ (\d{4}-\d\d-\d\d) ', shown)
    assert since, shown
    days = datetime.date.fromisoformat(host.check_output("date +%F")) - datetime.date.fromisoformat(since.group(1))
    assert 364 <= days.days <= 366


def test_the_running_kernel_is_the_known_good_one(host: t.Any) -> None:
    menu = host.file("/boot/grub/grub.cfg").content_string
    assert 'set default="kernelops-known-good"' in menu
    entry = menu[menu.index("'kernelops-known-good'") :]
    assert f"/boot/vmlinuz-{host.check_output('uname -r')} " in entry[: entry.index("}")]


def test_a_new_kernel_will_be_tried(host: t.Any) -> None:
    for name in ("kernelops-fallback_kernel.service", "kernelops-fallback_kernel-arm.service"):
        assert host.check_output(f"systemctl is-enabled {name}") == "enabled"
