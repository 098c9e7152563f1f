# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of one crash in several places, and a diagnosis without root. The kinds of crashes are in molecule/diagnose.

These take minutes a release: only where all faults are asked for.
"""

from __future__ import annotations

import typing as t

import pytest

import playbooks
from lab import faults
from lab.machine import Machine
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")

ROLES = ["panic_sysctl", "kdump", "crash_evidence"]
POLICY = {"panic_hardening_roles": ROLES, "kdump_reboot_ok": True, "crash_evidence_post_notifiers": True}
ARGUMENTS = {"crash_evidence_consoles": ["tty0", "ttyS0,115200"], "crash_evidence_pstore_kib": 32}


@pytest.fixture(scope="module", params=RELEASES)
def evident(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine with a crash kernel, that writes to pstore before it takes a dump."""
    name = f"evident-{request.param}"
    machine = make(name, request.param, memory=1024, extra=faults.DIAGNOSED_HARDWARE)
    done = playbooks.run("harden", [machine], variables=POLICY)
    assert done.returncode == 0, done.output
    yield machine
    machine.stop()


def test_it_is_hardened_and_pstore_has_a_place(evident: Machine) -> None:
    audit = playbooks.run("audit", [evident], variables=POLICY)
    status = {finding["control"]: finding["status"] for finding in audit.host["findings"]}
    assert audit.host["verdict"] == "hardened", audit.output
    assert status["crash_evidence.pstore_backend"] == "pass"
    assert status["crash_evidence.post_notifiers"] == "pass"
    assert evident.ssh("cat /sys/module/pstore/parameters/backend").stdout.strip() == "erst"


def test_a_crash_in_the_dump_and_in_pstore_is_one_incident(evident: Machine) -> None:
    crash = evident.crash("null-read")
    evident.wait_new_boot(crash.boot_id, timeout=400, since=crash.struck_at)
    found = playbooks.module("crash_info", evident)
    (incident,) = found["incidents"]
    assert (incident["kind"], incident["function"], incident["module"]) == (
        "null-deref",
        "strike_null_read",
        "kernelops_crash",
    )
    assert (incident["fatal"], found["last_boot"]["ended"]) == (True, "panic")
    places = [incident["source"], *incident["evidence"]]
    assert places[0].startswith("/var/crash/")
    assert any(place.startswith("/var/lib/systemd/pstore/") for place in places), places


def test_what_a_user_puts_beside_it_is_left_out(evident: Machine) -> None:
    """As on a host where apport has opened the directory to all."""
    forged = "/var/crash/202601010000/dmesg.202601010000"
    text = "Kernel panic - not syncing: forged"
    made = f"mkdir -p {forged.rsplit('/', 1)[0]} && echo '[    1.0] {text}' > {forged}"
    assert evident.ssh(f'chmod 1777 /var/crash && setpriv --reuid 1000 --clear-groups sh -c "{made}"').returncode == 0
    found = playbooks.module("crash_info", evident)
    assert [incident["title"] for incident in found["incidents"] if "forged" in incident["title"]] == []
    assert any("belongs to the user 1000" in text for text in found["unread"])
    evident.ssh("rm -r /var/crash/202601010000; chmod 700 /var/crash")


def test_arguments_wait_for_a_restart_and_are_taken_back(evident: Machine) -> None:
    policy = {**POLICY, **ARGUMENTS}
    done = playbooks.run("harden", [evident], variables=policy)
    assert done.returncode == 0, done.output
    assert "Say that a restart is needed" in done.output
    evident.reboot_seconds()
    size = evident.ssh("cat /sys/module/pstore/parameters/kmsg_bytes").stdout.strip()
    audit = playbooks.run("audit", [evident], variables=policy)
    (finding,) = [one for one in audit.host["findings"] if one["control"] == "crash_evidence.pstore_arguments"]
    told = {"12": ("", "not_applicable"), "13": ("32768", "pass")}
    assert (size, finding["status"]) == told[evident.name[-2:]], finding
    consoles = [word for word in evident.ssh("cat /proc/cmdline").stdout.split() if word.startswith("console=")]
    assert consoles[-2:] == ["console=tty0", "console=ttyS0,115200"]
    again = playbooks.run("harden", [evident], variables=policy)
    assert (again.returncode, again.changed) == (0, []), again.output
    removed = playbooks.run("remove", [evident])
    assert removed.returncode == 0, removed.output
    assert "pstore.kmsg_bytes" not in evident.ssh("cat /boot/grub/grub.cfg").stdout
    assert evident.ssh("cat /sys/module/kernel/parameters/crash_kexec_post_notifiers").stdout.strip() == "N"
