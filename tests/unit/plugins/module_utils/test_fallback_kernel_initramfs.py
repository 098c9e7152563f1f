# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that restarts a host which hangs in its initramfs, run by a real shell in a folder that stands for it."""

import os
import subprocess
import time
from typing import Any, Callable

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel,
    _fallback_kernel_config,
    _fallback_kernel_policy,
    _fallback_kernel_trial_judges,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_initramfs as initramfs
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import NEW, OLD, complete_machine, kernel
from unit.plugins.module_utils.test_fallback_kernel import POLICY

SECONDS = 900
ORDERS = "/proc/sysrq-trigger"
LOG = "/dev/kmsg"


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """An initramfs that was not left for an hour, and in which no process runs that may take its time."""
    host: FixtureHost = make_host()
    host.put("/proc/cmdline", "root=/dev/vda3 ro panic=10 quiet\n")
    host.put("/proc/uptime", "3600.21 1.00\n")
    for pid, name in (("1", "init"), ("80", "modprobe"), ("81", "btrfs-cleaner")):
        host.put("/proc/%s/comm" % pid, name + "\n")
    host.put(ORDERS, "")
    host.put(LOG, "")
    text = initramfs.script("# A comment\n", {"boot_timeout": SECONDS}).text
    for folder in ("/proc", "/sbin", "/cryptroot", "/dev/kmsg"):
        text = text.replace(" " + folder, " " + host.root + folder).replace(">" + folder, ">" + host.root + folder)
        text = text.replace("<" + folder, "<" + host.root + folder).replace(
            "cat " + folder, "cat " + host.root + folder
        )
    host.put("/script", text.replace("sleep 1\n", "sleep 0.05\n").replace("sleep 2\n", ""))
    return host


def run(host: FixtureHost, *arguments: str) -> None:
    subprocess.check_call(["sh", host.root + "/script"] + list(arguments), env={"PATH": os.environ["PATH"]})


def soon(seen: Callable[[], bool]) -> bool:
    ends = time.time() + 10
    while not seen() and time.time() < ends:
        time.sleep(0.02)
    return seen()


def restarted(host: FixtureHost) -> bool:
    return host.text(ORDERS) == "b\n"


def stays(host: FixtureHost) -> bool:
    """Whether it does nothing, for longer than a restart takes."""
    time.sleep(0.4)
    still = not restarted(host)
    os.unlink(host.root + "/script")
    return still


def test_a_host_that_hangs_is_restarted_and_says_why(host: FixtureHost) -> None:
    run(host)
    assert soon(lambda: restarted(host))
    assert "the initramfs was not left within 900 seconds" in host.text(LOG)


def test_update_initramfs_may_ask_for_what_it_needs(host: FixtureHost) -> None:
    run(host, "prereqs")
    assert stays(host)


@pytest.mark.parametrize(
    "argument", ["", "panic=0", "panic=10 panic=0", "panic=x", "panic=10 break", "panic=10 break=mount"]
)
def test_a_person_at_the_console_is_left_alone(host: FixtureHost, argument: str) -> None:
    host.put("/proc/cmdline", "root=/dev/vda3 ro %s\n" % argument)
    run(host)
    assert stays(host)


def test_a_negative_number_restarts_as_well(host: FixtureHost) -> None:
    host.put("/proc/cmdline", "panic=0 root=/dev/vda3 panic=-1\n")
    run(host)
    assert soon(lambda: restarted(host))


@pytest.mark.parametrize("path", ["/proc/vmcore", "/cryptroot/crypttab", "/sbin/dropbear"])
def test_a_dump_and_a_passphrase_have_their_time(host: FixtureHost, path: str) -> None:
    host.put(path, "x")
    run(host)
    assert stays(host)


@pytest.mark.parametrize("argument", ["elfcorehdr=0x1f000", "cryptopts=source=/dev/vda5"])
def test_so_they_have_where_only_the_command_line_tells(host: FixtureHost, argument: str) -> None:
    host.put("/proc/cmdline", "root=/dev/vda3 panic=10 %s\n" % argument)
    run(host)
    assert stays(host)


@pytest.mark.parametrize(
    "name", ["fsck.ext4", "e2fsck", "xfs_repair", "btrfs", "mount", "lvm", "plymouth", "askpass", "sshd"]
)
def test_what_takes_its_time_is_waited_for(host: FixtureHost, name: str) -> None:
    host.put("/proc/99/comm", name + "\n")
    run(host)
    time.sleep(0.4)
    assert not restarted(host)
    os.unlink(host.root + "/proc/99/comm")
    host.put("/proc/uptime", "4800.00 1.00\n")
    assert soon(lambda: restarted(host)), "from then on the time counts"


def test_it_ends_when_the_real_root_takes_over(host: FixtureHost) -> None:
    host.put("/proc/uptime", "5.00 1.00\n")
    run(host)
    os.unlink(host.root + "/script")
    time.sleep(0.4)
    host.put("/proc/uptime", "3600.00 1.00\n")
    time.sleep(0.4)
    assert not restarted(host)


def test_a_new_kernel_whose_initrd_cannot_hold_it_is_named(make_host: Any) -> None:
    host = complete_machine(make_host)
    options = _fallback_kernel_policy.options(POLICY)
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), options)
    state = _fallback_kernel.observe(host)
    assert set(state["unguarded"]) == {OLD, NEW}
    found = _fallback_kernel_trial_judges.trial_pending(POLICY, dict(state, installed_at={NEW: state["now"]}), {})
    assert (found["status"], found["remedy"]) == ("fail", "update-initramfs -u -k " + NEW)
    kernel(host, NEW)
    state = _fallback_kernel.observe(host)
    assert state["unguarded"] == [OLD]
    found = _fallback_kernel_trial_judges.trial_pending(POLICY, dict(state, installed_at={NEW: state["now"]}), {})
    assert found["status"] == "pass"
