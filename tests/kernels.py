# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with several kernels, good and bad ones: made, tried, and seen to come back."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import playbooks
from lab.machine import Machine

REPACK = Path(__file__).parent / "lab" / "repack_kernel.sh"
STATUS = "/run/kernelops-panic_hardening/fallback_kernel.json"
SERVICE = "kernelops-fallback_kernel.service"
EMPTY_INITRD = 2 * 1024 * 1024  # bytes, of a size that is taken for an initrd
# Short ones, for machines that boot in half a minute.
POLICY: dict[str, t.Any] = {
    "panic_hardening_roles": ["panic_sysctl", "fallback_kernel"],
    "fallback_kernel_healthy_minutes": 0,
    "fallback_kernel_boot_timeout": 90,
    "fallback_kernel_menu_timeout": 1,
}
BACK_SECONDS = 400


def install_newest(machine: Machine) -> None:
    """Install the distribution's last kernel, which waits in the machine's own archive."""
    install = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq linux-image-cloud-amd64"
    done = machine.ssh(install, timeout=600)
    assert done.returncode == 0, done.stderr


def repack(machine: Machine, release: str, empty_bytes: int | None = None) -> None:
    """Install a package of another kernel; with `empty_bytes` one that looks whole and panics."""
    arguments = f"{release} {empty_bytes or ''}"
    done = machine.ssh(f"sh -s -- {arguments}", timeout=240, text=REPACK.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Kernels:
    """A machine with a known-good kernel and a newer one."""

    machine: Machine
    good: str
    new: str

    def running(self) -> str:
        return self.machine.ssh("uname -r").stdout.strip()

    def look(self, **wish: t.Any) -> dict[str, t.Any]:
        """The answer of boot_kernel."""
        answer = playbooks.module("boot_kernel", self.machine, **wish)
        assert "trial" in answer, answer["msg"]
        return answer

    def restart(self) -> tuple[str, int]:
        """Begin an orderly restart; return the boot that ends and where the console stands."""
        boot, offset = self.machine.boot_id(), self.machine.serial_size()
        self.machine.ssh("systemctl reboot")
        return boot, offset

    def unplug(self, offset: int, left: str) -> None:
        """Take the network's link away while the new kernel runs: from GRUB on, until the console says that it is left."""
        starts = self._heard(f"Loading Linux {self.new} ", offset)
        self.machine.monitor("set_link net0 off")
        try:
            self._heard(left, starts)
        finally:
            self.machine.monitor("set_link net0 on")

    def _heard(self, words: str, offset: int) -> int:
        """Wait until the console says something; return where that ends."""
        began = time.monotonic()
        while time.monotonic() - began < BACK_SECONDS:
            before, found, _after = self.machine.serial(offset).partition(words)
            if found:
                return offset + len((before + found).encode())
            time.sleep(0.5)
        raise AssertionError(f"the console does not say '{words}':\n{self.machine.serial(offset)[-2000:]}")

    def wait_for(self, release: str, boot: str, timeout: float = BACK_SECONDS) -> float:
        """Wait until a later boot runs that kernel and answers; others may answer before it. Returns the seconds."""
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            self.machine.wait_new_boot(boot, timeout)
            if self.running() == release:
                return time.monotonic() - began
            time.sleep(2)
        raise AssertionError(f"{release} did not come back; console:\n{self.machine.serial()[-2000:]}")

    def status(self, wanted: str, timeout: float = 180) -> dict[str, t.Any]:
        """What the file for monitoring says, as soon as it says what is wanted."""
        said, began = "", time.monotonic()
        while time.monotonic() - began < timeout:
            said = self.machine.ssh(f"cat {STATUS}").stdout
            if said and json.loads(said)["status"] == wanted:
                return dict(json.loads(said))
            time.sleep(2)
        journal = self.machine.ssh(f"journalctl -b -u {SERVICE} --no-pager").stdout
        raise AssertionError(f"not {wanted}: {said}\n{journal}")


def prepare(machine: Machine) -> Kernels:
    """Set a stock machine up with the role, then install the kernel that it is to try."""
    good = machine.ssh("uname -r").stdout.strip()
    done = playbooks.run("harden", [machine], variables=POLICY)
    assert done.returncode == 0, done.output
    install_newest(machine)
    newest = playbooks.module("boot_kernel", machine)["newest"]
    assert newest != good
    return Kernels(machine, good, newest)
