# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the removal /etc is as it was, nothing of it is left, and nothing resets the machine any more."""

from __future__ import annotations

import typing as t


def test_files_packages_and_units_are_gone(host: t.Any) -> None:
    # The lab's own module, which hung the machine, is not ours to remove.
    ours = "-path /usr/local/lib/kernelops-lab -prune -o -name '*kernelops*' -print"
    left = host.run(
        f"find /etc /usr/local /run/kernelops-panic_hardening /var/lib/kernelops-panic_hardening {ours}"
    ).stdout
    assert left.split() == []
    for package in ("smartmontools", "lm-sensors"):
        assert not host.package(package).is_installed, package
    assert "kernelops-" not in host.run("systemctl list-units --all --no-legend --plain 'kernelops-*'").stdout


def test_etc_is_as_it_was(host: t.Any) -> None:
    done = host.run("/usr/local/bin/lab-etc | diff /var/log/lab-etc-before -")
    assert (done.rc, done.stdout) == (0, "")


def test_the_watchdog_is_disarmed(host: t.Any) -> None:
    assert set(host.run("cat /sys/class/watchdog/*/state").stdout.split()) == {"inactive"}
    assert "RuntimeWatchdogUSec=0" in host.run("systemctl show -p RuntimeWatchdogUSec").stdout
