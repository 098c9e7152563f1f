# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an orderly restart has tried. Runs on every Python from 3.6 on."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel_confirm,
    _grub,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import ENV, HALF, MIB, NEW, OLD, complete, sized, trial_machine
from unit.plugins.module_utils.test_fallback_kernel_confirm import POLICY


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """The new kernel runs as a trial."""
    return trial_machine(make_host, POLICY)


@pytest.fixture
def good(host: FixtureHost) -> FixtureHost:
    """The known-good kernel runs, and nothing was tried."""
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, "", True))
    return host


def test_the_newest_whole_kernel_once(good: FixtureHost) -> None:
    assert _fallback_kernel_confirm.arm(good) == NEW
    trial = _boot_kernel.observe(good)["trial"]
    assert (trial["status"], trial["release"]) == ("armed", NEW)
    before = good.snapshot()
    assert _fallback_kernel_confirm.arm(good) == ""
    assert good.snapshot() == before


def test_not_while_it_runs_unconfirmed(host: FixtureHost) -> None:
    assert _boot_kernel.observe(host)["trial"]["status"] == "running"
    before = host.snapshot()
    assert _fallback_kernel_confirm.arm(host) == ""
    assert host.snapshot() == before


def test_not_what_has_failed(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    assert _boot_kernel.observe(host)["trial"]["status"] == "failed"
    assert _fallback_kernel_confirm.arm(host) == ""


def test_nor_when_what_failed_behind_it_is_gone(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    complete(host, HALF)
    assert _fallback_kernel_confirm.arm(host) == HALF
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
    host.put("/proc/sys/kernel/random/boot_id", "3\n")
    sized(host, "/boot/initrd.img-" + HALF, 0)
    assert _boot_kernel.observe(host)["newest"] == NEW
    assert _fallback_kernel_confirm.arm(host) == ""


def test_not_what_is_known_good(good: FixtureHost) -> None:
    _boot_kernel_changes.apply(good, _boot_kernel.observe(good), _boot_kernel_changes.Wish(NEW, None))
    assert _fallback_kernel_confirm.arm(good) == ""


def test_not_where_it_would_be_permanent(good: FixtureHost) -> None:
    good.put("/proc/self/mountinfo", "27 1 0:30 / / rw - btrfs /dev/vda3 rw\n")
    assert _fallback_kernel_confirm.arm(good) == ""


def test_not_out_of_a_boot_in_which_somebody_said_so(good: FixtureHost) -> None:
    _boot_kernel_changes.apply(good, _boot_kernel.observe(good), _boot_kernel_changes.Wish(None, ""))
    assert _fallback_kernel_confirm.arm(good) == ""
    complete(good, HALF)
    assert _fallback_kernel_confirm.arm(good) == "", "nor what was installed since"
    good.put("/proc/sys/kernel/random/boot_id", "3\n")
    assert _fallback_kernel_confirm.arm(good) == HALF


def test_not_what_somebody_has_left_for_an_older_one(good: FixtureHost) -> None:
    """It was confirmed, and turned out to be bad later."""
    for release in (NEW, OLD):
        _boot_kernel_changes.apply(
            good, _boot_kernel.observe(good), _boot_kernel_changes.Wish(release, None, by_person=True)
        )
    assert _boot_kernel.observe(good)["failed"] == [NEW]
    assert _fallback_kernel_confirm.arm(good) == ""
    complete(good, HALF)
    assert _fallback_kernel_confirm.arm(good) == HALF, "a newer one counts for itself"


def test_not_while_the_known_good_kernel_is_pinned(good: FixtureHost) -> None:
    good.put("/etc/kernel/proxmox-boot-pin", OLD + "\n")
    assert _fallback_kernel_confirm.arm(good) == ""


def test_one_whose_entry_has_no_initrd_is_refused(good: FixtureHost) -> None:
    """The menu was made before the initrd."""
    sized(good, "/boot/initrd.img-" + HALF, MIB)
    with pytest.raises(HostError, match="%s' has no initrd; make the boot menu anew" % HALF):
        _fallback_kernel_confirm.arm(good)


def test_not_without_a_known_good_kernel(good: FixtureHost) -> None:
    _boot_kernel_changes.apply(good, _boot_kernel.observe(good), _boot_kernel_changes.Wish("", ""))
    assert _fallback_kernel_confirm.arm(good) == ""


def test_one_that_would_hang_is_refused(good: FixtureHost) -> None:
    _grub.apply(good, "panic", None)
    with pytest.raises(HostError, match="would hang for ever"):
        _fallback_kernel_confirm.arm(good)
