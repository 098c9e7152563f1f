# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes at random moments of the role's work and of the unit's: the machine boots, always.

QEMU itself is killed and boots again from its disk, so that what it had not been told to flush may be lost as well.
"""

from __future__ import annotations

import os
import random
import re
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

import playbooks
from kernels import POLICY, SERVICE, Kernels, prepare
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")
SEED = int(os.environ.get("LAB_SEED", "4"))
MOMENTS = 10  # of each kind
# There while the menu is made, in the middle of what is written.
MENU = "/boot/grub/grub.cfg.panic_hardening*"


@pytest.fixture(scope="module", params=RELEASES)
def kernels(request: pytest.FixtureRequest) -> t.Iterator[Kernels]:
    made = prepare(make(f"cuts-{request.param}", request.param, cache="writeback"))
    yield made
    made.machine.stop()


def cut(kernels: Kernels, boot: str) -> None:
    """Take the power away; the machine must come back, on a kernel that is whole, by a default that has a name."""
    kernels.machine.kill()
    kernels.machine.wait_new_boot(boot, timeout=300)
    now = kernels.look()
    assert now["default"]["named"], now["default"]
    assert now["running"] == now["default"]["release"] in (kernels.good, kernels.new)


def try_the_new_one(kernels: Kernels) -> str:
    """Boot the new kernel as a trial, anew; return its boot."""
    kernels.look(known_good=kernels.good)
    kernels.look(trial=kernels.new, retry=True)
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.new, boot)
    return kernels.machine.boot_id()


def undisturbed(kernels: Kernels) -> float:
    """Seconds from the first write of a confirmation until its menu is there."""
    until = f"while {{}} && systemctl --quiet is-active {SERVICE}; do sleep 0.1; done; date +%s.%N"
    there, gone = until.format(f"! ls {MENU}"), until.format(f"ls {MENU}")
    begins, made = kernels.machine.ssh(f"({there}; {gone}) 2>/dev/null | grep -v /", timeout=300).stdout.split()
    return float(made) - float(begins)


def back_to_the_good_one(kernels: Kernels) -> None:
    """Where the new kernel has been confirmed, take that back."""
    if kernels.running() == kernels.new:
        kernels.look(known_good=kernels.good)
        boot = kernels.machine.boot_id()
        kernels.machine.cut_power()
        kernels.wait_for(kernels.good, boot)


def within_the_work(kernels: Kernels, seconds: float) -> bool:
    """Wait until the menu is made, and so many seconds more; whether it still is then."""
    watch = f"until ls {MENU} || ! systemctl --quiet is-active {SERVICE}; do sleep 0.1; done"
    done = kernels.machine.ssh(f"({watch}) >/dev/null 2>&1; sleep {seconds:.1f}; ls {MENU} 2>/dev/null", timeout=240)
    return bool(done.stdout)


def behind_the_menu(kernels: Kernels, seconds: float) -> None:
    """Wait until the menu has been made, and so many seconds more, in which not all of it need be on the disk."""
    there = f"until ls {MENU} || ! systemctl --quiet is-active {SERVICE}; do sleep 0.1; done"
    gone = f"while ls {MENU}; do sleep 0.1; done"
    kernels.machine.ssh(f"({there}; {gone}) >/dev/null 2>&1; sleep {seconds:.1f}", timeout=240)


def harden(kernels: Kernels, number: int) -> playbooks.Run:
    """A run that changes the menu and the units, so that there is something to be torn."""
    policy = {
        **POLICY,
        "fallback_kernel_menu_timeout": 1 + number % 5,
        "fallback_kernel_boot_timeout": 91 + number,
    }
    return playbooks.run("harden", [kernels.machine], variables=policy)


def test_while_the_role_works(kernels: Kernels) -> None:
    """At random moments of the whole run, and in turn at those when the menu is made."""
    chance, cuts = random.Random(SEED), []
    began = time.monotonic()
    assert harden(kernels, MOMENTS).returncode == 0
    whole = time.monotonic() - began
    with ThreadPoolExecutor(1) as meanwhile:
        for number in range(MOMENTS):
            boot = kernels.machine.boot_id()
            run = meanwhile.submit(harden, kernels, number)
            if number % 2:
                kernels.machine.ssh(
                    f"until ls {MENU}; do sleep 0.1; done; sleep {chance.uniform(0, 3):.1f}", timeout=240
                )
            else:
                time.sleep(chance.uniform(0.1, 0.8) * whole)
            cut(kernels, boot)
            ended = run.result()
            cuts.append(re.findall(r"(?m)^TASK \[(.*)\]", ended.output)[-1] if ended.returncode else "")
            print(f"cut {number}: {cuts[-1] or 'too late'}")
    assert sum(map(bool, cuts)) >= MOMENTS * 0.8, "the runs had ended before"
    assert sum("Leave kernels that do not boot" in task for task in cuts) >= MOMENTS * 0.3, "nothing was being written"
    done = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert done.returncode == 0, done.output
    assert playbooks.run("harden", [kernels.machine], variables=POLICY).changed == []


def test_while_the_unit_confirms(kernels: Kernels) -> None:
    """At random moments while the new menu is made, and in turn just behind that."""
    chance = random.Random(SEED + 1)
    try_the_new_one(kernels)
    made = undisturbed(kernels)
    print(f"undisturbed: the menu takes {made:.1f} s")
    kernels.status("confirmed")
    confirmed = at_work = 0
    for number in range(MOMENTS):
        back_to_the_good_one(kernels)
        boot = try_the_new_one(kernels)
        within = False
        # Where others slow the machine down, no two confirmations take the same time.
        wait = chance.uniform(0, 3) if number % 2 else chance.uniform(0, made / 2)
        if number % 2:
            behind_the_menu(kernels, wait)
        else:
            within = within_the_work(kernels, wait)
        cut(kernels, boot)
        ended = kernels.running()
        print(f"cut {number} {wait:.1f} s {'into' if within else 'behind'} the making of the menu: {ended}")
        at_work += within
        confirmed += ended == kernels.new
    assert at_work >= MOMENTS * 0.3, "the menu had been made before"
    assert 0 < confirmed < MOMENTS, "the moments were all before or all after the confirmation"
