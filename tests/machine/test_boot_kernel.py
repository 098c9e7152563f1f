# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel is tried once; whatever becomes of it, the next boot is the known-good one."""

from __future__ import annotations

import typing as t

import pytest

import playbooks
from lab.machine import Machine
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")


class Kernels(t.NamedTuple):
    """A machine with two kernels: the one it had, and a newer one that it has never booted."""

    machine: Machine
    good: str
    new: str

    def running(self) -> str:
        return self.machine.ssh("uname -r").stdout.strip()

    def arm(self) -> None:
        answer = playbooks.module("boot_kernel", self.machine, trial=self.new, retry=True)
        assert answer.get("trial", {}).get("status") == "armed", answer["msg"]

    def restart_into(self, mark: str) -> str:
        """Restart in the orderly way; the trial leaves its mark on the console. Returns what the console said."""
        boot, offset = self.machine.boot_id(), self.machine.serial_size()
        self.machine.ssh("systemctl reboot")
        self.machine.wait_new_boot(boot, timeout=240)
        said = self.machine.serial(offset)
        assert mark in said, said[-1500:]
        return said


@pytest.fixture(scope="module", params=RELEASES)
def kernels(request: pytest.FixtureRequest) -> t.Iterator[Kernels]:
    machine = make(f"kernels-{request.param}", request.param)
    good = machine.ssh("uname -r").stdout.strip()
    install = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq linux-image-cloud-amd64"
    assert machine.ssh(install, timeout=600).returncode == 0
    # The role fallback_kernel would choose kernels by itself.
    done = playbooks.run("harden", [machine], variables={"panic_hardening_roles": ["panic_sysctl"]})
    assert done.returncode == 0, done.output
    answer = playbooks.module("boot_kernel", machine, known_good="running")
    assert answer.get("changed"), answer["msg"]
    assert answer["newest"] != good
    yield Kernels(machine, good, answer["newest"])
    machine.stop()


def test_an_ordinary_restart_boots_the_known_good_kernel(kernels: Kernels) -> None:
    """Debian's own default is the newest one."""
    assert not playbooks.module("boot_kernel", kernels.machine, known_good="running")["changed"]
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.good


def test_a_trial_is_booted_once(kernels: Kernels) -> None:
    kernels.arm()
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.new
    assert playbooks.module("boot_kernel", kernels.machine)["trial"]["status"] == "running"
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.good
    assert playbooks.module("boot_kernel", kernels.machine)["trial"]["status"] == "failed"
    refused = playbooks.module("boot_kernel", kernels.machine, trial=kernels.new)
    assert "was tried and left again" in refused["msg"]


def test_a_power_cut_in_a_trial_ends_it(kernels: Kernels) -> None:
    kernels.arm()
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.new
    boot = kernels.machine.boot_id()
    kernels.machine.cut_power()
    kernels.machine.wait_new_boot(boot, timeout=240)
    assert kernels.running() == kernels.good


def test_a_trial_that_panics_is_left_again(kernels: Kernels) -> None:
    kernels.arm()
    kernels.machine.reboot_seconds()
    crash = kernels.machine.crash("sysrq-c")
    kernels.machine.wait_new_boot(crash.boot_id, timeout=240, since=crash.struck_at)
    assert kernels.running() == kernels.good


@pytest.mark.parametrize(
    ("spoil", "mark"),
    [
        pytest.param("mv /boot/vmlinuz-{0} /root/", "not found", id="image-gone"),
        pytest.param("mv /boot/initrd.img-{0} /root/", "not found", id="initrd-gone"),
        pytest.param(
            "cp /boot/initrd.img-{0} /root/ && truncate -s 2M /boot/initrd.img-{0}", "panic", id="initrd-cut-off"
        ),
    ],
)
def test_a_trial_without_its_files_is_left_again(kernels: Kernels, spoil: str, mark: str) -> None:
    """The files go after the trial was armed: before, the module would have refused it."""
    kernels.arm()
    assert kernels.machine.ssh(spoil.format(kernels.new) + " && sync").returncode == 0
    try:
        kernels.restart_into(mark)
        assert kernels.running() == kernels.good
    finally:
        kernels.machine.ssh("mv /root/vmlinuz-* /root/initrd.img-* /boot/; sync")


def test_confirmed_it_is_the_known_good_one(kernels: Kernels) -> None:
    kernels.arm()
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.new
    playbooks.module("boot_kernel", kernels.machine, known_good="running")
    kernels.machine.reboot_seconds()
    assert kernels.running() == kernels.new
    taken_back = playbooks.module("boot_kernel", kernels.machine, state="absent")
    assert taken_back.get("changed"), taken_back["msg"]
