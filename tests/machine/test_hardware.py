# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watchdog in software leaves behind, and what a machine check.

What simulated hardware shows is in molecule/hardware; where there is none, in test_check_mode.py.
"""

from __future__ import annotations

import json
import time

import pytest

import playbooks
from machines import ALL, RELEASES, make


@pytest.mark.skipif(not ALL, reason="runs with `make test-full`")
@pytest.mark.skipif("debian12" not in RELEASES, reason="the machine with a kernel for real hardware is a Debian 12")
class TestFullKernel:
    """A kernel with the drivers of real hardware, on a machine that has little of it."""

    def test_softdog_is_set_up_and_taken_back_only_by_its_name(self) -> None:
        machine = make("softdog", "hardware12", snapshot=False)
        try:
            variables = {
                "panic_hardening_roles": ["watchdog"],
                "watchdog_driver": "softdog",
                "watchdog_timeout": 30,
                "watchdog_pretimeout": 0,
            }
            # QEMU's chipset has a watchdog too, and systemd feeds the first one.
            taken = playbooks.run("harden", [machine], variables=variables)
            assert taken.returncode == 2, taken.output
            assert "which iTCO_wdt drives" in taken.output
            machine.ssh("echo 'blacklist iTCO_wdt' > /etc/modprobe.d/lab.conf")
            machine.reboot_seconds()
            before = machine.ssh("find /etc /usr/local -printf '%p %m\\n' | sort").stdout
            assert playbooks.run("harden", [machine], variables={"panic_hardening_roles": ["watchdog"]}).changed == []
            predicted = playbooks.run("harden", [machine], "--check", variables=variables)
            real = playbooks.run("harden", [machine], variables=variables)
            assert real.returncode == 0, real.output
            assert real.changed == predicted.changed != []
            assert machine.ssh("cat /sys/class/watchdog/watchdog0/state").stdout.strip() == "active"
            again = playbooks.run("harden", [machine], variables=variables)
            assert (again.returncode, again.changed) == (0, []), again.output
            removed = playbooks.run("remove", [machine], variables=variables)
            assert removed.returncode == 0, removed.output
            assert machine.ssh("cat /sys/class/watchdog/watchdog0/state").stdout.strip() == "inactive"
            assert machine.ssh("find /etc /usr/local -printf '%p %m\\n' | sort").stdout == before
        finally:
            machine.stop()

    def test_a_machine_check_is_found_by_the_diagnosis(self) -> None:
        machine = make("mce", "hardware12", snapshot=False)
        try:
            # A corrected error of bank 4, as a memory controller reports one; "sw" only has the kernel believe it.
            inject = (
                "modprobe mce-inject && mount -t debugfs none /sys/kernel/debug 2>/dev/null; cd /sys/kernel/debug/mce-inject && "
                "echo sw > flags && echo 0x9c00000000000000 > status && echo 0x12345000 > addr && echo 4 > bank"
            )
            done = machine.ssh(inject)
            assert done.returncode == 0, done.stderr
            # Corrected errors are logged when the kernel polls for them.
            deadline = time.monotonic() + 330
            while (
                time.monotonic() < deadline and "Hardware Error" not in machine.ssh("journalctl -k --no-pager").stdout
            ):
                time.sleep(10)
            assert "Hardware Error" in machine.ssh("journalctl -k --no-pager").stdout
            answer = playbooks.module("crash_info", machine)
            found = [(incident["kind"], incident["suspect"]) for incident in answer["incidents"]]
            assert any(suspect == "hardware" for _kind, suspect in found), json.dumps(answer)[:2000]
        finally:
            machine.stop()
