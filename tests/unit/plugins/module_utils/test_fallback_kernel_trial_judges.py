# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls that ask for a trial, for what confirms it, and for the menu of a person. For Python 3.6 too."""

import os
from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel,
    _fallback_kernel_config,
    _fallback_kernel_files,
    _fallback_kernel_policy,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_record as record
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_units as units
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_health import Problem
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD
from unit.plugins.module_utils.test_fallback_kernel import CFG, ENV, POLICY, findings, hardened_machine, one


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    return hardened_machine(make_host)


class TestTrials:
    def arm(self, host: FixtureHost) -> None:
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, NEW))

    def test_one_that_failed_is_shouted_about_but_is_no_drift(self, host: FixtureHost) -> None:
        self.arm(host)
        assert one(host, "trial_result")["observed"] == "armed"
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
        host.put("/proc/sys/kernel/random/boot_id", "2\n")
        found = one(host, "trial_result")
        assert (found["status"], found["severity"], found["category"]) == ("fail", "critical", "health")

    @pytest.mark.parametrize(
        "seconds, failed, status", [(400, False, "pass"), (400, True, "fail"), (1201, False, "fail")]
    )
    def test_one_that_runs_and_is_not_confirmed(
        self, host: FixtureHost, seconds: int, failed: bool, status: str
    ) -> None:
        """The program has given it up, or is late, and so dead."""
        self.arm(host)
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
        host.put("/proc/sys/kernel/random/boot_id", "2\n")
        host.put("/proc/sys/kernel/osrelease", NEW + "\n")
        host.put("/proc/uptime", "%d.00 1.00\n" % seconds)
        if failed:
            host.programs["systemctl"].failed.append(units.CONFIRM)  # type: ignore[attr-defined]
            record.note(host, NEW, [Problem("taint", "the kernel is tainted D")])
        found = one(host, "trial_result")
        assert found["status"] == status
        assert status == "pass" or found["reason"].startswith(NEW + " runs and was not confirmed")
        assert found["reason"].endswith(": the kernel is tainted D") is failed

    def test_a_program_that_crashed_is_no_drift_but_is_told(self, host: FixtureHost) -> None:
        host.programs["systemctl"].failed.append(units.CONFIRM)  # type: ignore[attr-defined]
        found = findings(host)
        assert [name for name, item in found.items() if item["status"] == "fail"] == ["trial_result"]
        assert found["trial_result"]["reason"] == "kernelops-fallback_kernel.service has failed"

    @pytest.mark.parametrize("days, status", [(14, "pass"), (15.5, "fail")])
    def test_one_that_waits(self, host: FixtureHost, days: float, status: str) -> None:
        listed = "/var/lib/dpkg/info/linux-image-%s.list" % NEW
        host.put(listed, "")
        now = _fallback_kernel.observe(host)["now"]
        os.utime(host.root + listed, (now, now - days * 24 * 3600))
        found = one(host, "trial_pending")
        assert found["status"] == status
        assert found["observed"] == "%s for %d days" % (NEW, days)

    def test_a_newest_kernel_that_is_known_good_waits_for_nothing(self, host: FixtureHost) -> None:
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(NEW, None))
        assert one(host, "trial_pending")["observed"] == "none waits"

    @pytest.mark.parametrize("days, status", [(None, "unknown"), (15, "fail")])
    def test_the_remedy_is_one_that_works_here(self, host: FixtureHost, days: Any, status: str) -> None:
        state = _fallback_kernel.observe(host)
        state["installed_at"][NEW] = None if days is None else state["now"] - days * 24 * 3600
        for writable, failed, pin, remedy in (
            (True, [], "", "restart the host orderly"),
            (True, [NEW], "", "see why it was left; then boot_kernel with trial: newest and retry: true"),
            (True, [], OLD, "proxmox-boot-tool kernel unpin"),
            (False, [], "", "boot it from the menu"),
        ):
            state["boot"]["environment"]["writable"] = writable
            state["boot"].update(failed=failed, pin=pin)
            found = next(f for f in _fallback_kernel.evaluate(POLICY, state) if f["control"].endswith("trial_pending"))
            assert (found["status"], found["remedy"].split(",")[0]) == (status, remedy)


class TestTheEnvironment:
    def test_where_grub_cannot_write_the_mode_is_another(self, host: FixtureHost) -> None:
        assert _fallback_kernel.resolve(POLICY, _fallback_kernel.observe(host))["mode"] == "trial"
        host.put("/proc/self/mountinfo", "27 1 0:30 / / rw - btrfs /dev/vda3 rw\n")
        assert _fallback_kernel.resolve(POLICY, _fallback_kernel.observe(host))["mode"] == "confirm by hand"
        found = one(host, "environment_writable")
        assert (found["status"], found["category"], found["observed"]) == ("fail", "health", "btrfs")

    def test_a_one_time_boot_that_will_be_permanent(self, host: FixtureHost) -> None:
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": "1>2"}))
        host.put("/proc/self/mountinfo", "27 1 0:30 / / rw - btrfs /dev/vda3 rw\n")
        found = one(host, "environment_writable")
        assert found["reason"].endswith("a one-time boot is set and will be permanent")
        assert found["remedy"] == "boot_kernel with trial: none"

    def test_a_choice_that_grub_did_not_take_back(self, host: FixtureHost) -> None:
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"kernelops_trial_stuck": NEW}))
        found = one(host, "environment_writable")
        assert (found["status"], found["reason"][:27]) == ("fail", "GRUB did not take back the ")
        assert found["remedy"].endswith("then unset kernelops_trial_stuck in it with grub-editenv")

    def test_an_empty_block(self, host: FixtureHost) -> None:
        host.put(ENV, "")
        assert one(host, "environment_writable")["observed"] == "missing or damaged"


class TestWhatConfirms:
    CONFIRM = _fallback_kernel_files.unit_path(units.CONFIRM)

    def test_a_unit_of_another_policy(self, host: FixtureHost) -> None:
        found = one(host, "confirmation_installed", fallback_kernel_healthy_minutes=6)
        assert (found["status"], found["reason"]) == ("fail", "not as wanted: " + self.CONFIRM)

    def test_a_program_of_another_version(self, host: FixtureHost) -> None:
        host.put(_fallback_kernel_files.PROGRAM, "")
        found = one(host, "confirmation_installed")
        assert found["reason"] == "not as wanted: " + _fallback_kernel_files.PROGRAM
        assert found["severity"] == "critical"

    def test_a_unit_that_was_masked(self, host: FixtureHost) -> None:
        host.remove(self.CONFIRM)
        host.link(self.CONFIRM, "/dev/null")
        found = one(host, "confirmation_installed")
        assert found["reason"].endswith("not started at boot: " + units.CONFIRM)
        assert found["remedy"].startswith("systemctl unmask")

    def test_a_unit_that_was_stopped_meanwhile(self, host: FixtureHost) -> None:
        """As by `umount /boot`: it would arm nothing at the next restart."""
        host.programs["systemctl"].active.clear()  # type: ignore[attr-defined]
        found = one(host, "confirmation_installed")
        assert found["reason"] == "not started, so that no restart passes by it: " + units.ARM

    def test_without_arming_at_restarts_nobody_asks_for_its_unit(self, host: FixtureHost) -> None:
        policy = dict(POLICY, fallback_kernel_arm_at_reboot=False)
        _fallback_kernel_config.apply(host, _boot_kernel.observe(host), _fallback_kernel_policy.options(policy))
        assert one(host, "confirmation_installed", **policy)["status"] == "pass"


@pytest.mark.parametrize(
    "old, new, reason",
    [
        ("set timeout=5", "set timeout=0", "the menu is shown for 0 seconds, not 5"),
        ("kernelops-check", "x", "no entry checks the file systems"),
        ("-recovery-", "-x-", "there are no recovery entries"),
        ("terminal_input serial console", "", "the menu cannot be used on the serial console"),
    ],
)
def test_a_menu_that_a_person_cannot_use(host: FixtureHost, old: str, new: str, reason: str) -> None:
    assert old in host.text(CFG)
    host.put(CFG, host.text(CFG).replace(old, new))
    found = one(host, "console_menu")
    assert (found["status"], found["reason"], found["category"]) == ("fail", reason, "config")


def test_recovery_entries_that_restart(host: FixtureHost) -> None:
    """The operator's own argument: the role sets up the rest."""
    host.put("/etc/default/grub.d/50-image.cfg", 'GRUB_CMDLINE_LINUX="panic=5"\n')
    options = dict(_fallback_kernel_policy.options(POLICY), menu_timeout=6)
    _fallback_kernel_config.apply(host, _boot_kernel.observe(host), options)
    found = one(host, "console_menu", fallback_kernel_menu_timeout=6)
    assert (found["status"], found["reason"][:31]) == ("fail", "recovery entries have panic=, s")


def test_why_the_program_left_a_kernel_is_told(host: FixtureHost) -> None:
    state = _fallback_kernel.observe(host)
    state["boot"]["trial"] = {"status": "failed", "release": NEW}
    for release, why in ((NEW, ": nothing listens on TCP port 22"), (HALF, "")):
        state["left"] = {"release": release, "problems": ["nothing listens on TCP port 22"]}
        found = [f for f in _fallback_kernel.evaluate(POLICY, state) if f["control"].endswith("trial_result")]
        assert found[0]["reason"] == "%s was booted once and left again without being confirmed%s" % (NEW, why)


def test_a_damaged_record_is_unknown(host: FixtureHost) -> None:
    host.put(record.PATH, "{}")
    assert one(host, "trial_result")["status"] == "unknown"
