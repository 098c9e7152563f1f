# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps that fail, a new kernel, drift, and the way back: each on a machine that really crashes.

What succeeds is in molecule/kdump. These take ten minutes a release: only where all faults are asked for.
"""

from __future__ import annotations

import json
import typing as t

import pytest

import playbooks
from lab import fleet
from lab.machine import Machine
from machines import ALL, RELEASES, make

pytestmark = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")

REBOOT_OK = {"kdump_reboot_ok": True}
FOLDERS = "/etc /boot /usr/local"
FINGERPRINT = rf"""
find {FOLDERS} -xdev -printf '%p %y %m %u %l\n' | sort
find {FOLDERS} -xdev -type f -exec sha256sum {{}} + | sort
dpkg-query -W -f '${{db:Status-Abbrev}} ${{Package}} ${{Version}}\n'
"""
# Made anew by any package's installation and removal, and by the machine itself.
RESTLESS = (
    "/etc/ld.so.cache",
    "/etc/.pwd.lock",
    "/etc/mtab",
    "/etc/kernel/",
    "/boot/grub/grubenv",
    "  /boot/initrd.img-",
)
# What the packages needed; apt would keep what any other package merely suggests.
CLEAN = (
    "apt-get -o APT::AutoRemove::RecommendsImportant=0 -o APT::AutoRemove::SuggestsImportant=0 autoremove --purge --yes"
)


@pytest.fixture(scope="module", params=RELEASES)
def kdumped(request: pytest.FixtureRequest) -> t.Iterator[Machine]:
    """A machine with a loaded crash kernel, shared by the tests of this module."""
    machine = make(f"kdumped-{request.param}", request.param, memory=1024)
    done = playbooks.run("harden", [machine], variables=REBOOT_OK)
    assert done.returncode == 0, done.output
    yield machine
    machine.stop()


def harden(machine: Machine, **variables: t.Any) -> playbooks.Run:
    done = playbooks.run("harden", [machine], variables={**REBOOT_OK, **variables})
    assert done.returncode == 0, done.output
    return done


def drill(machine: Machine, **variables: t.Any) -> playbooks.Run:
    """The deliberate crash, with everything it asks for."""
    consent = {"kdump_drill_consent": machine.name, "kdump_drill_console": "the lab", "kdump_drill_timeout": 300}
    return playbooks.run("drill", [machine], variables={**consent, **variables})


def test_a_hand_edited_setting_and_an_unloaded_kernel_are_drift(kdumped: Machine) -> None:
    kdumped.ssh(
        "echo 'MAKEDUMP_ARGS=\"-d 0\"' >> /etc/default/kdump-tools; chmod 755 /var/crash; systemctl stop kdump-tools",
        timeout=120,
    )
    failed = playbooks.run("audit", [kdumped]).failed()
    assert {"kdump.configuration", "kdump.kernel_loaded", "kdump.target_private"} == set(failed)
    assert (
        "MAKEDUMP_ARGS is '-d 0', not '-c -d 31' (/etc/default/kdump-tools:" in failed["kdump.configuration"]["reason"]
    )
    done = harden(kdumped)
    assert [task.rpartition(" | ")[2] for task in done.changed] == ["Set up the dump"]
    assert playbooks.run("audit", [kdumped]).host["verdict"] == "hardened"
    assert harden(kdumped).changed == []


def test_the_drill_asks_before_it_crashes(kdumped: Machine) -> None:
    boot = kdumped.boot_id()
    for missing in (
        {"kdump_drill_consent": "all"},
        {"kdump_drill_console": ""},
    ):
        refused = drill(kdumped, **missing)
        assert refused.returncode == 2
        assert "No drill" in refused.output
    checked = playbooks.run(
        "drill",
        [kdumped],
        "--check",
        variables={"kdump_drill_consent": kdumped.name, "kdump_drill_console": "the lab"},
    )
    assert "No drill" in checked.output
    kdumped.ssh("systemctl stop kdump-tools", timeout=120)
    unready = drill(kdumped)
    kdumped.ssh("systemctl start kdump-tools", timeout=120)
    assert "kdump.kernel_loaded: no crash kernel is loaded" in unready.output
    assert kdumped.boot_id() == boot


def test_a_full_target_still_ends_in_a_restart_and_says_why(kdumped: Machine) -> None:
    """The dump's own small file system, which the estimate of the role takes for large enough."""
    small = "dd if=/dev/zero of=/small bs=1M count=12 && mkfs.ext4 -q /small && mkdir -p /srv/small && mount -o loop /small /srv/small"
    fstab = "echo '/small /srv/small ext4 loop,nofail 0 0' >> /etc/fstab"
    assert kdumped.ssh(f"{small} && {fstab}").returncode == 0
    done = harden(kdumped, kdump_directory="/srv/small")
    assert "Set up the dump" in done.output
    audit = playbooks.run("audit", [kdumped], variables={"kdump_directory": "/srv/small"})
    assert "kdump.target_space" in audit.failed()
    crash = kdumped.crash("sysrq-c")
    back = kdumped.wait_new_boot(crash.boot_id, timeout=300, since=crash.struck_at)
    said = kdumped.ssh("journalctl -b -1 -u kdump-tools-dump.service -o cat --no-pager").stdout
    console = kdumped.serial(crash.serial_offset)
    print(f"full target: back after {back:.0f} s")
    assert "No space left on device" in said + console
    kdumped.ssh("sed -i '/small/d' /etc/fstab; umount /srv/small; rm -r /small /srv/small")
    harden(kdumped)


def test_a_target_that_does_not_answer_still_ends_in_a_restart_and_says_why(kdumped: Machine) -> None:
    policy = {
        "kdump_target": "ssh",
        "kdump_ssh": f"dumps@{fleet.PEER}",
        "kdump_ssh_known_hosts": [
            f"{fleet.PEER} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHqWnHnqyBXf3FqyqNpfZ7N0sI7nyyZWNp3Rj1bFeeA"
        ],
    }
    harden(kdumped, **policy)
    audit = playbooks.run("audit", [kdumped], variables=policy)
    status = {f["control"]: f["status"] for f in audit.host["findings"]}
    assert status["kdump.target_writable"] == "unknown"
    crash = kdumped.crash("sysrq-c")
    back = kdumped.wait_new_boot(crash.boot_id, timeout=600, since=crash.struck_at)
    print(f"no answer: back after {back:.0f} s")
    said = kdumped.ssh("journalctl -b -1 -u kdump-tools-dump.service -o cat --no-pager").stdout
    assert "Unable to reach remote server" in said + kdumped.serial(crash.serial_offset)
    harden(kdumped)


def test_a_capture_kernel_that_hangs_is_given_up(kdumped: Machine) -> None:
    """A dump that never ends, here because its program sleeps: the bound of the role restarts the machine."""
    harden(kdumped, kdump_capture_timeout=30)
    hang = "mv /usr/bin/makedumpfile /usr/bin/makedumpfile.real && printf '#!/bin/sh\\nsleep 9999\\n' > /usr/bin/makedumpfile"
    assert kdumped.ssh(f"{hang} && chmod 755 /usr/bin/makedumpfile").returncode == 0
    crash = kdumped.crash("sysrq-c")
    back = kdumped.wait_new_boot(crash.boot_id, timeout=300, since=crash.struck_at)
    print(f"hanging dump: back after {back:.0f} s")
    kdumped.ssh("mv -f /usr/bin/makedumpfile.real /usr/bin/makedumpfile")
    harden(kdumped)


def test_a_new_kernel_gets_its_crash_kernel_without_the_role(kdumped: Machine) -> None:
    before = kdumped.ssh("uname -r").stdout.strip()
    installed = kdumped.ssh(
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq linux-image-cloud-amd64",
        timeout=600,
    )
    assert installed.returncode == 0, installed.stderr
    kdumped.reboot_seconds()
    assert kdumped.ssh("uname -r").stdout.strip() != before
    audit = playbooks.run("audit", [kdumped])
    assert audit.host["verdict"] == "hardened", audit.output
    done = drill(kdumped)
    assert done.returncode == 0, done.output
    proof = json.loads(kdumped.ssh("cat /var/lib/kernelops-panic_hardening/kdump-drill.json").stdout)
    assert proof["kernel"] != before


def test_a_small_machine_gets_no_kdump_and_is_told_why(stock: Machine) -> None:
    done = playbooks.run("harden", [stock])
    assert done.returncode == 0, done.output
    audit = playbooks.run("audit", [stock])
    kdump = [f for f in audit.host["findings"] if f["role"] == "kdump"]
    assert {f["status"] for f in kdump} == {"not_applicable"}
    assert all("512 MiB of memory are too little" in f["reason"] for f in kdump)
    assert stock.ssh("dpkg -l kdump-tools 2>/dev/null | grep ^ii").returncode != 0


@pytest.mark.parametrize("release", RELEASES)
def test_check_mode_predicts_and_remove_gives_all_back(release: str) -> None:
    machine = make(f"back-{release}", release, memory=1024)
    try:
        machine.ssh("update-grub", timeout=120)
        before = fingerprint(machine)
        predicted = playbooks.run("harden", [machine], "--check", variables=REBOOT_OK)
        assert predicted.returncode == 0, predicted.output
        assert fingerprint(machine) == before
        real = harden(machine)
        assert real.changed == predicted.changed != []
        assert harden(machine).changed == []
        removed = playbooks.run("remove", [machine])
        assert removed.returncode == 0, removed.output
        assert machine.ssh(CLEAN, timeout=300).returncode == 0
        left = {line for line in fingerprint(machine) ^ before if not any(path in line for path in RESTLESS)}
        assert left == set()
        machine.reboot_seconds()
        assert machine.ssh("cat /sys/kernel/kexec_crash_size").stdout.strip() == "0"
    finally:
        machine.stop()


def fingerprint(machine: Machine) -> set[str]:
    """Every file with its mode and checksum, as lines."""
    done = machine.ssh(FINGERPRINT, timeout=120)
    assert len(done.stdout.splitlines()) > 500, done.stderr
    return set(done.stdout.splitlines())
