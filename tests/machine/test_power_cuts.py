# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes at random moments of the role's work and of the unit's: the machine boots, always."""

from __future__ import annotations

import os
import random
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

import playbooks
from kernels import POLICY, Kernels, prepare
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")
SEED = int(os.environ.get("LAB_SEED", "4"))
MOMENTS = 10  # of each kind


@pytest.fixture(scope="module", params=RELEASES)
def kernels(request: pytest.FixtureRequest) -> t.Iterator[Kernels]:
    made = prepare(make(f"cuts-{request.param}", request.param))
    yield made
    made.machine.stop()


def cut(kernels: Kernels, boot: str) -> None:
    """Take the power away; the machine must come back, on a kernel that is whole, by a default that has a name."""
    kernels.machine.cut_power()
    kernels.machine.wait_new_boot(boot, timeout=300)
    now = kernels.look()
    assert now["default"]["named"], now["default"]
    assert now["running"] == now["default"]["release"] in (kernels.good, kernels.new)


def test_while_the_role_works(kernels: Kernels) -> None:
    """Each run changes the menu and the units, so that there is something to be torn."""
    chance = random.Random(SEED)
    with ThreadPoolExecutor(1) as meanwhile:
        for number in range(MOMENTS):
            policy = {
                **POLICY,
                "fallback_kernel_menu_timeout": 1 + number % 2,
                "fallback_kernel_boot_timeout": 91 + number,
            }
            boot, wait = kernels.machine.boot_id(), chance.uniform(5, 45)
            run = meanwhile.submit(playbooks.run, "harden", [kernels.machine], variables=policy)
            time.sleep(wait)
            print(f"cut {number} after {wait:.1f} s")
            cut(kernels, boot)
            run.result()
    done = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert done.returncode == 0, done.output
    assert playbooks.run("harden", [kernels.machine], variables=POLICY).changed == []


def test_while_the_unit_confirms(kernels: Kernels) -> None:
    chance = random.Random(SEED + 1)
    confirmed = 0
    for number in range(MOMENTS):
        kernels.look(known_good=kernels.good)
        kernels.look(trial=kernels.new, retry=True)
        boot, _offset = kernels.restart()
        kernels.wait_for(kernels.new, boot)
        boot, wait = kernels.machine.boot_id(), chance.uniform(0, 40)
        time.sleep(wait)
        cut(kernels, boot)
        ended = kernels.running()
        print(f"cut {number} after {wait:.1f} s: {ended}")
        confirmed += ended == kernels.new
        if ended == kernels.new:
            kernels.look(known_good=kernels.good)
            boot = kernels.machine.boot_id()
            kernels.machine.cut_power()
            kernels.wait_for(kernels.good, boot)
    assert 0 < confirmed < MOMENTS, "the moments were all before or all after the confirmation"
