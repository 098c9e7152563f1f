# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock machine that panics hangs; a hardened one comes back by itself, whatever killed it."""

from __future__ import annotations

import re

import pytest

import playbooks
from lab import faults
from lab.machine import Machine
from machines import ALL

KERNEL_PANIC = 10  # seconds, the default of the profile availability
# sysrq-c is struck by molecule's scenario kdump.
FAULTS = faults.all_faults() if ALL else [f for f in faults.one_of_each_class() if f.name != "sysrq-c"]


@pytest.mark.skipif(not ALL, reason="runs with `make test-full`")
def test_a_stock_machine_hangs(stock: Machine) -> None:
    """Longer than a hardened one needs to be back."""
    plain = stock.reboot_seconds()
    stock.crash("sysrq-c")
    assert stock.stays_dead(2 * plain + KERNEL_PANIC)
    assert "end Kernel panic - not syncing" in stock.serial()


@pytest.fixture(scope="module")
def plain_reboot(hardened: Machine) -> float:
    """Seconds of an orderly restart, to compare with."""
    return hardened.reboot_seconds()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_hardened_machine_comes_back(hardened: Machine, plain_reboot: float, fault: faults.Fault) -> None:
    crash = hardened.crash(fault)
    back = hardened.wait_new_boot(crash.boot_id, timeout=180, since=crash.struck_at)
    allowed = 2 * plain_reboot + KERNEL_PANIC
    console = hardened.serial(crash.serial_offset)
    print(f"{fault.name}: back after {back:.1f} s, a plain reboot takes {plain_reboot:.1f} s")
    assert back < allowed, (
        f"{back:.1f} s; allowed: twice {plain_reboot:.1f} s and {KERNEL_PANIC}; console:\n{console[-1500:]}"
    )
    words = [rf"Rebooting in {KERNEL_PANIC} seconds", "Rebooting automatically due to panic="]
    if fault.may_reset:
        words.append("Kernel panic - not syncing")
    assert re.search("|".join(words), console)


def test_it_is_still_hardened(hardened: Machine) -> None:
    """After all those crashes nothing has to be done again."""
    assert "panic=10" in hardened.ssh("cat /proc/cmdline").stdout.split()
    audit = playbooks.run("audit", [hardened], variables=playbooks.FEW_ROLES)
    assert audit.host["verdict"] == "hardened", audit.output
