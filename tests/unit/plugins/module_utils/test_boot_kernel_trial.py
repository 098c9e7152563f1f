# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one-time boot: armed, running, failed, and what speaks against it. Runs on every Python from 3.6 on."""

from typing import Any, Dict, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _boot_kernel_grub_files,
    _boot_kernel_trial,
    _grub,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD, complete, kernel, lab_machine, sized

CFG = "/boot/grub/grub.cfg"
ENV = "/boot/grub/grubenv"
UUID = "4d6cf51c-c07a-4ac7-bfd3-af681f8b75c2"
ENTRY = "gnulinux-advanced-%s>gnulinux-%s-advanced-%s" % (UUID, NEW, UUID)
BOOT_ID = "/proc/sys/kernel/random/boot_id"


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    made = lab_machine(make_host)
    wish(made, known_good=OLD)
    return made


def wish(
    host: FixtureHost, known_good: Optional[str] = None, trial: Optional[str] = None, retry: bool = False
) -> Dict[str, Any]:
    """Plan and apply; the state afterwards."""
    wanted = _boot_kernel_changes.Wish(known_good, trial, retry, by_person=True)
    changes = _boot_kernel_changes.plan(host, _boot_kernel.observe(host), wanted)
    before = host.snapshot()
    after = _boot_kernel_changes.apply(host, _boot_kernel.observe(host), wanted)
    assert (host.snapshot() != before) is bool(changes)
    return after


def variables(host: FixtureHost) -> Dict[str, str]:
    return _grub_env.values(host.text(ENV))


def remove(host: FixtureHost, release: str) -> None:
    """What a package manager does that removes a kernel."""
    for path in ("/boot/vmlinuz-" + release, "/boot/initrd.img-" + release, "/lib/modules/%s/modules.dep" % release):
        host.remove(path)


def reboot(host: FixtureHost, release: str, boot: str = "22222222-0000-4000-8000-000000000000") -> None:
    """What GRUB and the kernel do: the choice is taken, and another boot begins."""
    block = _grub_env.read(host, ENV)
    if variables(host).get("next_entry"):
        host.put(ENV, _grub_env.edit(block, {"next_entry": ""}))
    host.put(BOOT_ID, boot + "\n")
    host.put("/proc/sys/kernel/osrelease", release + "\n")


def test_one_write_arms_and_remembers(host: FixtureHost) -> None:
    state = wish(host, trial=NEW)
    assert state["trial"] == {"status": "armed", "release": NEW, "entry": ENTRY, "named": True}
    assert variables(host) == {
        "next_entry": ENTRY,
        "kernelops_trial": NEW,
        "kernelops_trial_boot": host.text(BOOT_ID).strip(),
    }
    assert state["default"]["release"] == OLD
    assert _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, NEW)) == []


def test_known_good_and_trial_in_one_call(make_host: Any) -> None:
    host = lab_machine(make_host)
    changes = _boot_kernel_changes.plan(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, NEW))
    assert [change["path"] for change in changes][-1] == ENV
    assert wish(host, known_good=OLD, trial=NEW)["trial"]["status"] == "armed"


def test_other_variables_stay(host: FixtureHost) -> None:
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"recordfail": "1", "saved_entry": "x"}))
    wish(host, trial=NEW)
    wish(host, trial="", retry=True)
    assert variables(host) == {"recordfail": "1", "saved_entry": "x"}


def test_what_grub_leaves_of_a_choice_is_none(host: FixtureHost) -> None:
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ""}))
    state = _boot_kernel.observe(host)
    assert state["trial"]["status"] == "none"
    assert _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, "", True)) == []


def test_the_entry_is_the_one_that_names_the_kernel(host: FixtureHost) -> None:
    """The topmost entry is that of whatever kernel is the newest next time, and others start another init."""
    lines = host.text(CFG).replace(HALF, NEW, 2).splitlines(True)
    begin = next(i for i, line in enumerate(lines) if "'gnulinux-%s-advanced-" % NEW in line)
    end = lines.index("\t}\n", begin) + 1
    other = [line.replace("-advanced-", "-init-sysvinit-") for line in lines[begin:end]]
    # 10_linux writes it behind the kernel's own.
    host.put(CFG, "".join(lines[:end] + other + lines[end:]))
    state = _boot_kernel.observe(host)
    assert [e["release"] for e in state["entries"]].count(NEW) == 4
    wish(host, trial=NEW)
    assert variables(host)["next_entry"] == ENTRY


class TestWhenTheMenuCannotBeMade:
    """Whatever fails in between, no trial stands there without a known-good kernel to fall back to."""

    @pytest.fixture(autouse=True)
    def full(self, host: FixtureHost) -> None:
        wish(host, known_good=OLD, trial=NEW)
        host.programs["grub-mkconfig"] = lambda argv: Result(1, "", "No space left on device")

    def test_what_is_taken_back_begins_with_the_trial(self, host: FixtureHost) -> None:
        with pytest.raises(HostError, match="No space left"):
            wish(host, known_good="", trial="")
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["default"]["release"]) == ("none", OLD)

    def test_what_is_set_ends_with_the_trial(self, host: FixtureHost) -> None:
        wish(host, trial="")
        with pytest.raises(HostError, match="No space left"):
            wish(host, known_good=NEW, trial=OLD)
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["default"]["release"]) == ("none", OLD)


class TestAfterTheRestart:
    """What the trial has come to, told from GRUB's environment and the running kernel."""

    @pytest.fixture(autouse=True)
    def armed(self, host: FixtureHost) -> None:
        wish(host, trial=NEW)

    def test_a_kernel_that_came_up_is_running_unconfirmed(self, host: FixtureHost) -> None:
        reboot(host, NEW)
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["trial"]["release"]) == ("running", NEW)
        assert (state["known_good"], state["default"]["release"]) == (OLD, OLD)
        # A play that asks for it every day must not begin it anew while it runs.
        assert _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, NEW)) == []

    def test_confirmed_it_is_the_default_and_the_trial_is_over(self, host: FixtureHost) -> None:
        reboot(host, NEW)
        state = wish(host, known_good=NEW)
        assert (state["known_good"], state["default"]["release"], state["trial"]["status"]) == (NEW, NEW, "none")
        assert variables(host) == {"next_entry": ""}

    def test_one_that_was_left_again_has_failed_and_is_not_retried(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["trial"]["release"]) == ("failed", NEW)
        with pytest.raises(HostError, match="^trial: %s was tried and left again, .* retry: true$" % NEW):
            _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, NEW))
        assert wish(host, trial=NEW, retry=True)["trial"]["status"] == "armed"

    def test_to_keep_to_the_same_known_good_kernel_does_not_forget_a_failure(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        wish(host, known_good=OLD)
        assert _boot_kernel.observe(host)["trial"]["status"] == "failed"

    def test_one_whose_kernel_was_removed_is_over_until_that_is_installed_again(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        remove(host, NEW)
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["trial"]["release"], state["failed"]) == ("none", "", [])
        kernel(host, NEW)
        state = _boot_kernel.observe(host)
        assert (state["trial"]["status"], state["failed"]) == ("failed", [NEW])

    def test_one_whose_package_was_removed_but_not_purged_is_over(self, host: FixtureHost) -> None:
        """Its list of modules is still there."""
        reboot(host, OLD)
        host.remove("/boot/vmlinuz-" + NEW)
        host.remove("/boot/initrd.img-" + NEW)
        host.put("/var/lib/dpkg/status", "Package: linux-image-%s\nStatus: deinstall ok config-files\n" % NEW)
        assert _boot_kernel.observe(host)["trial"]["status"] == "none"

    def test_one_that_lost_its_files_but_not_its_modules_has_failed(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        host.remove("/boot/vmlinuz-" + NEW)
        host.remove("/boot/initrd.img-" + NEW)
        assert _boot_kernel.observe(host)["trial"]["status"] == "failed"

    def test_none_ends_the_alarm_but_does_not_have_it_tried_again(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        state = wish(host, trial="")
        assert (state["trial"]["status"], state["failed"]) == ("none", [NEW])
        assert _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, "")) == []

    def test_none_and_retry_forget_a_failure(self, host: FixtureHost) -> None:
        reboot(host, OLD)
        state = wish(host, trial="", retry=True)
        assert (state["trial"]["status"], state["failed"]) == ("none", [])

    def test_none_while_it_runs_leaves_it(self, host: FixtureHost) -> None:
        reboot(host, NEW)
        state = wish(host, trial="")
        assert (state["trial"]["status"], state["failed"]) == ("none", [NEW])

    def test_who_disarms_by_other_means_has_not_failed(self, host: FixtureHost) -> None:
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": None}))
        assert _boot_kernel.observe(host)["trial"]["status"] == "none"
        assert wish(host, trial=NEW)["trial"]["status"] == "armed"

    def test_the_known_good_kernel_needs_no_trial(self, host: FixtureHost) -> None:
        assert wish(host, trial=OLD)["trial"]["status"] == "none"
        assert variables(host) == {}

    def test_who_goes_back_to_an_older_kernel_does_not_want_the_newer_one_again(self, host: FixtureHost) -> None:
        wish(host, known_good=NEW)
        state = wish(host, known_good=OLD)
        assert state["failed"] == [NEW]
        assert _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(OLD, None, by_person=True)) == []
        assert wish(host, known_good=NEW)["failed"] == []

    def test_what_the_role_falls_back_to_says_nothing_against_the_newer_one(self, host: FixtureHost) -> None:
        wish(host, known_good=NEW)
        wanted = _boot_kernel_changes.Wish(OLD, None)
        assert _boot_kernel_changes.apply(host, _boot_kernel.observe(host), wanted)["failed"] == []

    def test_the_kernel_that_runs_as_a_trial_is_set_and_tried_in_one_call(self, host: FixtureHost) -> None:
        reboot(host, NEW)
        state = wish(host, known_good=NEW, trial=NEW)
        assert (state["known_good"], state["trial"]["status"], state["failed"]) == (NEW, "none", [])

    def test_a_confirmation_that_was_interrupted_is_judged_first(self, host: FixtureHost) -> None:
        """The script names the new kernel, the menu does not yet; forgotten now, the next menu would make it the default."""
        reboot(host, OLD)
        host.put(_boot_kernel_grub_files.GENERATOR, host.text(_boot_kernel_grub_files.GENERATOR).replace(OLD, NEW))
        with pytest.raises(
            HostError, match="^trial: the host went down while %s was being confirmed; set known_good" % NEW
        ):
            wish(host, trial="")
        state = wish(host, known_good=OLD, trial="")
        assert (state["known_good"], state["default"]["release"], state["failed"]) == (OLD, OLD, [NEW])

    def test_to_make_it_known_good_at_once_disarms(self, host: FixtureHost) -> None:
        assert wish(host, known_good=NEW)["trial"]["status"] == "none"


class TestSeveralFailures:
    """One has failed, then a newer one, and that is removed."""

    @pytest.fixture(autouse=True)
    def two(self, host: FixtureHost) -> None:
        complete(host, HALF)
        for release in (NEW, HALF):
            wish(host, trial=release)
            reboot(host, OLD, release)

    def test_each_is_remembered(self, host: FixtureHost) -> None:
        assert _boot_kernel.observe(host)["failed"] == [HALF, NEW]
        for release in (NEW, HALF):
            with pytest.raises(HostError, match="^trial: %s was tried and left again" % release):
                wish(host, trial=release)

    def test_one_that_is_tried_again_is_no_failure_for_now(self, host: FixtureHost) -> None:
        assert wish(host, trial=NEW, retry=True)["failed"] == [HALF]

    def test_one_that_becomes_known_good_is_none_any_more(self, host: FixtureHost) -> None:
        assert wish(host, known_good=NEW)["failed"] == [HALF]

    def test_one_that_is_gone_needs_no_room(self, host: FixtureHost) -> None:
        remove(host, HALF)
        assert _boot_kernel.observe(host)["failed"] == [NEW]
        assert wish(host, trial=NEW, retry=True)["failed"] == []

    @pytest.mark.parametrize("known_good", [None, ""])
    def test_all_are_forgotten(self, host: FixtureHost, known_good: Optional[str]) -> None:
        assert wish(host, known_good=known_good, trial="", retry=True)["failed"] == []
        assert "kernelops_failed" not in variables(host)

    def test_one_that_is_left_for_the_next_is_one(self, host: FixtureHost) -> None:
        """It ran, nobody confirmed it, and a restart tries a newer one."""
        wish(host, trial=NEW, retry=True)
        reboot(host, NEW, "another boot")
        assert wish(host, trial=HALF, retry=True)["failed"] == [NEW]


def test_a_choice_of_an_operator_is_seen(host: FixtureHost) -> None:
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": "gone>gone"}))
    assert _boot_kernel.observe(host)["trial"] == {
        "status": "armed",
        "release": OLD,
        "entry": "gone>gone",
        "named": False,
    }


@pytest.mark.parametrize("ours", [None, HALF])
def test_taking_back_what_is_ours_leaves_it(host: FixtureHost, ours: Optional[str]) -> None:
    host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"next_entry": ENTRY, "kernelops_trial": ours}))
    wish(host, known_good="", trial="")
    assert variables(host) == {"next_entry": ENTRY}


def test_but_not_a_trial_of_ours(host: FixtureHost) -> None:
    wish(host, trial=NEW)
    wish(host, known_good="", trial="")
    assert variables(host) == {}


class TestRefused:
    """A trial that would not come back by itself; each leaves the host as it is."""

    def refused(
        self, host: FixtureHost, message: str, error: Any = HostError, known_good: Optional[str] = None
    ) -> None:
        before = host.snapshot()
        with pytest.raises(error, match=message):
            wish(host, known_good=known_good, trial=NEW)
        assert host.snapshot() == before

    @pytest.mark.parametrize(
        "line, why",
        [
            ("27 1 0:30 / / rw - btrfs /dev/vda3 rw\n", "GRUB cannot write on btrfs"),
            ("27 1 254:3 / / ro - ext4 /dev/vda3 rw\n", "/ is mounted read-only"),
        ],
    )
    def test_where_grub_cannot_write(self, host: FixtureHost, line: str, why: str) -> None:
        host.put("/proc/self/mountinfo", line)
        self.refused(host, "^trial: refused: %s.*would be permanent" % why)

    def test_but_there_it_can_be_disarmed(self, host: FixtureHost) -> None:
        wish(host, trial=NEW)
        host.put("/proc/self/mountinfo", "27 1 0:30 / / rw - btrfs /dev/vda3 rw\n")
        state = _boot_kernel.observe(host)
        assert [text for text in _boot_kernel.warnings(state) if "at every restart, not once: GRUB cannot" in text]
        assert wish(host, trial="")["trial"]["status"] == "none"

    def test_without_a_kernel_to_fall_back_to(self, make_host: Any) -> None:
        self.refused(lab_machine(make_host), "^known_good: set it too", PolicyError)

    def test_when_the_known_good_kernel_is_not_the_default_any_more(self, host: FixtureHost) -> None:
        cfg = host.text("/boot/grub/grub.cfg")
        host.put("/boot/grub/grub.cfg", cfg.replace('set default="kernelops-known-good"', 'set default="1"'))
        self.refused(host, "^the known-good kernel %s is not the default any more" % OLD)

    def test_when_the_known_good_kernel_is_not_whole_any_more(self, host: FixtureHost) -> None:
        sized(host, "/boot/initrd.img-" + OLD, 0)
        self.refused(host, "^known_good: the kernel %s is only half installed" % OLD)

    def test_without_panic_on_its_entry(self, host: FixtureHost) -> None:
        _grub.apply(host, "panic", None)
        self.refused(host, "^trial: the entry .* would hang for ever .* set panic=10 with")


@pytest.mark.parametrize(
    "arguments, restarts",
    [
        ("ro quiet panic=10", True),
        ("panic=-1", True),
        ("panic=0", False),
        ("panic=10 panic=0", False),
        ("panic", False),
        ("ro panic_on_oops=1", False),
        ("ro -- panic=10", False),
        ("", False),
    ],
)
def test_what_restarts_by_itself(arguments: str, restarts: bool) -> None:
    assert _boot_kernel_trial.restarts(arguments, {}) is restarts


def test_an_environment_that_cannot_be_written_now_is_named(host: FixtureHost) -> None:
    host.refused.add(ENV)
    with pytest.raises(HostError, match="^/boot/grub/grubenv: could not be written"):
        wish(host, trial=NEW)
    assert _boot_kernel.observe(host)["trial"]["status"] == "none"
