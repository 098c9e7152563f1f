# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on an unprepared machine changes nothing and predicts exactly; a second run changes nothing; remove gives all back."""

from __future__ import annotations

import re
import time

import playbooks
from lab.machine import Machine
from machines import ALL
from playbooks import ALL_ROLES, FEW_ROLES

HARDWARE = ("watchdog", "smartmontools", "lm_sensors", "rasdaemon")
# All roles in `make test-full`.
POLICY = ALL_ROLES if ALL else FEW_ROLES
MOST_EXECUTIONS = 40  # of modules, in a second run of all roles

# Values that the kernel or the pseudo terminals of ssh change by themselves.
RESTLESS = "random|pty/nr|ns_last_pid|/inode-|/dentry-state|file-nr|aio-nr|nf_conntrack_count|stat_refresh|sched_domain|fs/quota"
FOLDERS = "/etc /boot /var/lib/kernelops-panic_hardening"
FINGERPRINT = rf"""
{{ find {FOLDERS} -xdev -printf '%p %y %m %u %l\n'; find {FOLDERS} -xdev -type f -exec sha256sum {{}} +; }} 2>/dev/null | sort
find /proc/sys -type f -readable 2>/dev/null | grep -vE '{RESTLESS}' | sort | xargs grep -sH ''
true
"""


def fingerprint(machine: Machine) -> set[str]:
    """Every file with its mode and checksum, and every kernel parameter, as lines."""
    done = machine.ssh(FINGERPRINT, timeout=120)
    assert len(done.stdout.splitlines()) > 1000, done.stderr
    return set(done.stdout.splitlines())


def counted(playbook: str, machine: Machine) -> tuple[playbooks.Run, int]:
    """A run, and how many modules ran on the machine."""
    began = time.monotonic()
    run = playbooks.run(playbook, [machine], "-vvv", "--diff", variables=POLICY)
    executions = len(re.findall(r"(?m)^Using module file ", run.output))
    seconds, roles = time.monotonic() - began, len(POLICY["panic_hardening_roles"])
    print(f"{playbook} with {roles} roles: {executions} module executions, {seconds:.0f} s")
    return run, executions


def test_check_mode_is_honest_and_the_second_run_quiet(stock: Machine) -> None:
    """The roles that watch hardware find none here."""
    stock.ssh("update-grub", timeout=120)  # the menu as this machine writes it, to compare with in the end
    before = fingerprint(stock)

    predicted = playbooks.run("harden", [stock], "--check", "--diff", variables=POLICY)
    assert predicted.returncode == 0, predicted.output
    assert fingerprint(stock) ^ before == set()

    real, _executions = counted("harden", stock)
    assert real.returncode == 0, real.output
    assert real.changed == predicted.changed != []
    assert [task for task in real.changed if any(f".{role} :" in task for role in HARDWARE)] == []
    hardened = fingerprint(stock)
    assert hardened != before

    again, executions = counted("harden", stock)
    assert (again.returncode, again.changed) == (0, []), again.output
    assert 0 < executions <= MOST_EXECUTIONS
    assert fingerprint(stock) ^ hardened == set()

    audit, executions = counted("audit", stock)
    assert executions == 1
    watched = {f["status"] for f in audit.host["findings"] if f["role"] in HARDWARE}
    assert watched == ({"not_applicable"} if ALL else set()), audit.output

    removed = playbooks.run("remove", [stock])
    assert removed.returncode == 0, removed.output
    assert fingerprint(stock) ^ before == set()
    assert playbooks.run("remove", [stock]).changed == []
