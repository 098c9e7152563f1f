# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trial while the host runs: confirmed, waited for, restarted or alarmed about. Runs on every Python from 3.6 on."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel_confirm,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_record as record
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import LISTENING, NEW, OLD, ROUTES, sized, trial_machine

ENV = "/boot/grub/grubenv"
POLICY: Dict[str, Any] = {
    "ssh_port": 22,
    "healthy_minutes": 5,
    "scripts": "/etc/fallback_kernel.d",
    "boot_timeout": 900,
    "reboot_unconfirmed": False,
}


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """A host whose known-good kernel was looked at, and that now runs the new one as a trial."""
    return trial_machine(make_host, POLICY)


def act(host: FixtureHost, **policy: Any) -> str:
    return _fallback_kernel_confirm.step(host, dict(POLICY, **policy)).action


def test_a_healthy_one_is_confirmed_once(host: FixtureHost) -> None:
    assert _fallback_kernel_confirm.step(host, POLICY) == ("confirmed", NEW, [])
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"], state["trial"]["status"]) == (NEW, NEW, "none")
    before = host.snapshot()
    assert act(host) == "none"
    assert host.snapshot() == before


@pytest.mark.parametrize(
    "seconds, route, reboot, action",
    [
        ("899", False, False, "waiting"),
        ("900", False, False, "restart"),
        ("900", True, False, "unconfirmed"),
        ("900", True, True, "restart"),
        ("899", True, True, "waiting"),
    ],
)
def test_one_that_is_not_healthy(host: FixtureHost, seconds: str, route: bool, reboot: bool, action: str) -> None:
    """Cut off it is restarted; one that serves stays up, unless the operator says otherwise."""
    host.put("/proc/uptime", seconds + ".00 1.00\n")
    host.put("/proc/sys/kernel/tainted", "128\n")
    if not route:
        host.put("/proc/net/route", ROUTES.splitlines()[0] + "\n")
    _boot_kernel_changes.begin(host, _boot_kernel.observe(host))
    before = host.snapshot()
    assert act(host, reboot_unconfirmed=reboot) == action
    assert host.snapshot() == before


def test_one_that_was_left_again_is_told_with_its_name(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    assert _fallback_kernel_confirm.step(host, POLICY) == ("failed", NEW, [])


class TestBootedByHand:
    """A trial has one boot: what a person chooses in the menu later, to look at it, is none."""

    @pytest.fixture
    def again(self, host: FixtureHost) -> FixtureHost:
        """It was left again, and runs once more."""
        host.put("/proc/sys/kernel/osrelease", OLD + "\n")
        assert act(host) == "failed"
        host.put("/proc/sys/kernel/osrelease", NEW + "\n")
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        return host

    def test_it_is_neither_confirmed_nor_restarted(self, again: FixtureHost) -> None:
        assert act(again) == "failed"
        again.put("/proc/uptime", "900.00 1.00\n")
        again.put("/proc/net/tcp", "")
        assert act(again, reboot_unconfirmed=True) == "failed"
        assert _boot_kernel.observe(again)["known_good"] == OLD

    def test_one_that_panicked_behind_the_first_look_is_none_either(self, host: FixtureHost) -> None:
        """The person is at the console when it happens, and chooses it before the known-good kernel ran."""
        host.put("/proc/uptime", "60.00 1.00\n")
        assert act(host) == "waiting"
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        host.put("/proc/uptime", "400.00 1.00\n")
        assert act(host) == "failed"

    def test_retry_arms_it_anew(self, again: FixtureHost) -> None:
        state = _boot_kernel.observe(again)
        _boot_kernel_changes.apply(again, state, _boot_kernel_changes.Wish(None, NEW, True))
        assert _boot_kernel.observe(again)["trial"]["status"] == "armed"
        again.put(ENV, _grub_env.edit(_grub_env.read(again, ENV), {"next_entry": ""}))
        again.put("/proc/sys/kernel/random/boot_id", "4\n")
        assert act(again) == "confirmed"

    def test_to_make_it_known_good_lifts_it(self, again: FixtureHost) -> None:
        _boot_kernel_changes.apply(again, _boot_kernel.observe(again), _boot_kernel_changes.Wish(NEW, None))
        assert act(again) == "none"

    def test_a_disk_that_cannot_be_written_does_not_hide_it(self, host: FixtureHost) -> None:
        host.put("/proc/sys/kernel/osrelease", OLD + "\n")
        host.refused.add(ENV)
        assert act(host) == "failed"


class TestStuck:
    """GRUB did not take back the choice: a sparse or moved file, of which the storage shows nothing."""

    @pytest.fixture
    def stuck(self, host: FixtureHost) -> FixtureHost:
        host.put("/proc/sys/kernel/osrelease", OLD + "\n")
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, NEW, True))
        host.put("/proc/sys/kernel/osrelease", NEW + "\n")
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        host.put("/proc/uptime", "900.00 1.00\n")
        return host

    def test_it_is_disarmed_and_alarmed_about_and_not_confirmed(self, stuck: FixtureHost) -> None:
        assert _boot_kernel.observe(stuck)["trial"]["status"] == "stuck"
        outcome = _fallback_kernel_confirm.step(stuck, POLICY)
        reason = "GRUB did not take back the one-time choice of " + NEW
        assert (outcome.action, [problem.text for problem in outcome.problems]) == ("unconfirmed", [reason])
        state = _boot_kernel.observe(stuck)
        assert "next_entry" not in state["environment"]["variables"]
        assert (state["trial"]["status"], state["environment"]["reason"]) == ("running", reason)

    def test_no_other_is_tried_until_somebody_has_looked(self, stuck: FixtureHost) -> None:
        stuck.put("/proc/sys/kernel/osrelease", OLD + "\n")
        assert act(stuck) == "failed"
        with pytest.raises(HostError, match="^trial: refused: GRUB did not take back"):
            _boot_kernel_changes.plan(stuck, _boot_kernel.observe(stuck), _boot_kernel_changes.Wish(None, NEW, True))
        _boot_kernel_changes.apply(stuck, _boot_kernel.observe(stuck), _boot_kernel_changes.Wish(None, "", True))
        assert act(stuck) == "none"
        assert _fallback_kernel_confirm.arm(stuck) == ""
        stuck.put(ENV, _grub_env.edit(_grub_env.read(stuck, ENV), {"kernelops_trial_stuck": None}))
        assert _fallback_kernel_confirm.arm(stuck) == NEW

    def test_who_disarms_it_first_does_not_hide_it(self, stuck: FixtureHost) -> None:
        _boot_kernel_changes.apply(stuck, _boot_kernel.observe(stuck), _boot_kernel_changes.Wish(None, "", True))
        assert _boot_kernel.observe(stuck)["environment"]["writable"] is False

    def test_it_is_taken_back_with_the_rest(self, stuck: FixtureHost) -> None:
        act(stuck)
        _boot_kernel_changes.apply(stuck, _boot_kernel.observe(stuck), _boot_kernel_changes.Wish("", ""))
        assert [name for name in _grub_env.values(stuck.text(ENV)) if name.startswith("kernelops")] == []

    def test_a_kexec_did_not_even_ask_grub(self, stuck: FixtureHost) -> None:
        stuck.put("/proc/sys/kernel/bootloader_type", "208\n")
        assert _boot_kernel.observe(stuck)["trial"]["status"] == "armed"

    def test_a_choice_of_an_operator_is_none_of_ours(self, host: FixtureHost) -> None:
        assert act(host) == "confirmed"
        for release in (NEW, OLD):
            host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": "gnulinux-" + release}))
            assert _boot_kernel.observe(host)["trial"]["status"] == "armed"


def test_one_whose_files_were_lost_meanwhile_is_not_confirmed(host: FixtureHost) -> None:
    sized(host, "/boot/initrd.img-" + NEW, 0)
    with pytest.raises(HostError, match="only half installed"):
        act(host)
    assert _boot_kernel.observe(host)["default"]["release"] == OLD


def test_a_moment_without_network_is_no_new_standard(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, "", True))
    host.put("/proc/net/route", ROUTES.splitlines()[0] + "\n")
    assert act(host) == "none"
    assert record.known(host, POLICY).routes == ["eth0"]
    host.put("/proc/net/route", ROUTES.replace("eth0", "bond0"))
    assert act(host) == "none"
    assert record.known(host, POLICY).routes == ["bond0"]


def test_a_damaged_record_keeps_nobody_cut_off(host: FixtureHost) -> None:
    """It is as if nobody had looked at the known-good kernel, and the next write mends it."""
    host.put(record.PATH, "[]")
    host.put("/proc/uptime", "2000.00 1.00\n")
    host.put("/proc/net/tcp", "")
    outcome = _fallback_kernel_confirm.step(host, POLICY)
    assert outcome.action == "restart"
    record.note(host, outcome.release, outcome.problems)
    assert record.left(host)["release"] == NEW


def test_ssh_that_the_known_good_kernel_did_not_offer_is_not_asked_for(host: FixtureHost) -> None:
    """A wrong fallback_kernel_ssh_port must not make every trial a restart."""
    assert record.known(host, POLICY).ssh is True
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, "", True))
    assert act(host, ssh_port=2222) == "none"
    assert record.known(host, dict(POLICY, ssh_port=2222)).ssh is False


@pytest.mark.parametrize(
    "said, seconds, asked",
    [("running", 300, False), ("degraded", 300, False), ("running", 299, True), ("starting", 900, True)]
    + [("maintenance", 900, True), ("", 900, True)],
)
def test_a_port_that_sshd_has_left_is_asked_for_no_more(
    host: FixtureHost, said: str, seconds: int, asked: bool
) -> None:
    """But not because the boot goes on, or has ended in an emergency shell."""
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, "", True))
    host.put("/proc/net/tcp", "")
    host.put("/proc/uptime", "%d.00 1.00\n" % seconds)
    host.answers[("systemctl", "is-system-running")] = Result(1, said + "\n", "")
    assert act(host) == "none"
    assert record.known(host, POLICY).ssh is asked
    reached = LISTENING if asked else ""
    host.put("/proc/net/tcp", reached)
    assert act(host) == "none"
    assert record.known(host, POLICY).ssh is asked


def test_nobody_looked_at_the_known_good_kernel(host: FixtureHost) -> None:
    host.remove(record.PATH)
    assert record.known(host, POLICY) == ([], True)


class TestInterruptedConfirmation:
    """The host went down in its middle: by a power cut, or by a panic of the very kernel."""

    def test_before_the_menu_was_made_the_kernel_is_not_confirmed(self, host: FixtureHost) -> None:
        """The file says the new kernel, the menu still the old one."""
        generator = "/etc/grub.d/09_boot_kernel"
        host.put(generator, host.text(generator).replace(OLD, NEW))
        host.put("/proc/sys/kernel/osrelease", OLD + "\n")
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        assert _boot_kernel.observe(host)["trial"]["status"] == "failed"
        for _boot in range(2):
            found = _fallback_kernel_confirm.step(host, POLICY)
            assert (found.action, found.release) == ("failed", NEW)
            assert [problem.text for problem in found.problems] == ["the host went down while it was being confirmed"]
        state = _boot_kernel.observe(host)
        assert (state["known_good"], state["default"]["release"], state["trial"]["status"]) == (OLD, OLD, "failed")

    def test_nor_is_it_when_a_person_boots_it_once_more(self, host: FixtureHost) -> None:
        generator = "/etc/grub.d/09_boot_kernel"
        host.put(generator, host.text(generator).replace(OLD, NEW))
        _boot_kernel_changes.begin(host, _boot_kernel.observe(host))
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        assert act(host) == "failed"
        assert _boot_kernel.observe(host)["known_good"] == OLD

    def test_after_the_menu_was_made_it_is_finished(self, host: FixtureHost) -> None:
        """No restart would leave the kernel any more, so that none is made, however the host is."""
        observed = _boot_kernel_changes.begin(host, _boot_kernel.observe(host))
        environment = host.text("/boot/grub/grubenv")
        _boot_kernel_changes.apply(host, observed, _boot_kernel_changes.Wish(NEW, None))
        host.put("/boot/grub/grubenv", environment)
        host.put("/proc/sys/kernel/random/boot_id", "3\n")
        host.put("/proc/uptime", "900.00 1.00\n")
        host.put("/proc/net/tcp", "")
        assert _boot_kernel.observe(host)["trial"]["status"] == "failed"
        assert act(host) == "confirmed"
        assert _boot_kernel.observe(host)["trial"]["status"] == "none"


@pytest.mark.parametrize("word", ["single", "systemd.unit=rescue.target", "kernelops.check fsck.mode=force"])
@pytest.mark.parametrize("listening", [True, False])
def test_a_person_in_recovery_mode_is_left_in_peace(host: FixtureHost, word: str, listening: bool) -> None:
    """They have booted the new kernel to look at it: no restart in the middle of an fsck, and no confirmation."""
    host.put("/proc/cmdline", "root=UUID=1 ro %s\n" % word)
    if not listening:
        host.put("/proc/uptime", "900.00 1.00\n")
        host.put("/proc/net/tcp", "")
    before = host.snapshot()
    assert act(host, reboot_unconfirmed=True) == "none"
    assert host.snapshot() == before


def test_a_host_that_checks_its_file_systems_at_every_boot_is_not_one(host: FixtureHost) -> None:
    host.put("/proc/cmdline", "root=UUID=1 ro panic=10 fsck.mode=force\n")
    host.put("/proc/uptime", "900.00 1.00\n")
    host.put("/proc/net/tcp", "")
    assert act(host) == "restart"


class TestWithoutMenu:
    """/boot was not mounted, so nobody can read what is tried."""

    @pytest.fixture
    def lost(self, host: FixtureHost) -> FixtureHost:
        host.put("/proc/uptime", "900.00 1.00\n")
        host.put("/proc/cmdline", "root=UUID=1 ro panic=10\n")
        host.remove("/boot/grub/grub.cfg")
        return host

    def test_a_host_that_serves_is_alarmed_about(self, lost: FixtureHost) -> None:
        assert act(lost) == "unconfirmed"

    def test_one_that_is_cut_off_restarts(self, lost: FixtureHost) -> None:
        lost.put("/proc/net/tcp", "")
        assert act(lost) == "restart"

    @pytest.mark.parametrize("word", ["single", "systemd.unit=rescue.target"])
    def test_a_person_in_recovery_mode_is_left_in_peace(self, lost: FixtureHost, word: str) -> None:
        lost.put("/proc/net/tcp", "")
        lost.put("/proc/cmdline", "root=UUID=1 ro %s\n" % word)
        assert act(lost) == "none"

    @pytest.mark.parametrize("reboot", [True, False])
    def test_one_that_was_left_and_runs_again_is_not_left_twice(self, lost: FixtureHost, reboot: bool) -> None:
        """Another boot loader starts it, whatever our menu says: each restart would lead here."""
        lost.put("/proc/net/tcp", LISTENING if reboot else "")
        outcome = _fallback_kernel_confirm.step(lost, dict(POLICY, reboot_unconfirmed=reboot))
        assert outcome.action == "restart"
        record.note(lost, outcome.release, outcome.problems)
        assert act(lost, reboot_unconfirmed=reboot) == "unconfirmed"

    @pytest.mark.parametrize("sign", ["/run/ostree-booted", "/boot/efi/loader/loader.conf"])
    def test_a_host_that_grub_does_not_boot_any_more_is_left_alone(self, lost: FixtureHost, sign: str) -> None:
        lost.put("/proc/net/tcp", "")
        lost.put(sign, "")
        assert act(lost, reboot_unconfirmed=True) == "none"

    def test_the_known_good_kernel_is_no_trial(self, lost: FixtureHost) -> None:
        lost.put("/proc/net/tcp", "")
        lost.put("/proc/sys/kernel/osrelease", OLD + "\n")
        assert act(lost) == "none"


def test_why_a_trial_was_left_is_told_by_the_next_boot(host: FixtureHost) -> None:
    host.put("/proc/uptime", "900.00 1.00\n")
    host.put("/proc/net/tcp", "")
    outcome = _fallback_kernel_confirm.step(host, POLICY)
    record.note(host, outcome.release, outcome.problems)
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    found = _fallback_kernel_confirm.step(host, POLICY)
    assert (found.action, [problem.text for problem in found.problems]) == (
        "failed",
        ["nothing listens on TCP port 22"],
    )
    assert record.left(host)["release"] == NEW
