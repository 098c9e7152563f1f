# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program on a host does with a trial: when it waits, acts, and shouts. Runs on every Python from 3.6 on."""

import io
import json
from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel_status,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_apt as apt
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_program as program
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_record as record
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import LISTENING, NEW, OLD, sized, trial_machine

ENV = "/boot/grub/grubenv"
OPTIONS = "--retain 1 --ssh-port 22 --healthy-minutes 5 --boot-timeout 900 --scripts /etc/fallback_kernel.d"
POLICY = program.parse(["confirm"] + OPTIONS.split())
FORCE, ORDERLY = ["systemctl", "--force", "reboot"], ["systemctl", "reboot"]
FORCE_NOW = ["systemctl", "-ff", "reboot"]
START_AGAIN, STOP_AGAIN = ["systemctl", "start", "--no-block", program.AGAIN], ["systemctl", "stop", program.AGAIN]
SYSRQ = "/proc/sysrq-trigger"


class Clock:
    """Sleeps by letting the host's time pass; C(events) happen at their second."""

    def __init__(self, host: FixtureHost, events: Dict[int, Any], now: int) -> None:
        self.host, self.events, self.now = host, events, now
        self.tick(0)

    def tick(self, seconds: float) -> None:
        self.now += int(seconds)
        assert self.now < 7200, "it waits for ever"
        self.host.put("/proc/uptime", "%d.00 1.00\n" % self.now)
        for moment in sorted(moment for moment in self.events if moment <= self.now):
            self.events.pop(moment)(self.host)


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """A host that runs a trial of NEW, just booted, with a known-good OLD."""
    made = trial_machine(make_host, POLICY)
    for argv in (FORCE, ORDERLY, START_AGAIN, STOP_AGAIN):
        made.answers[tuple(argv)] = Result(0, "", "")
    return made


def run(host: FixtureHost, events: Dict[int, Any], now: int = 0, **policy: Any) -> int:
    host.calls.clear()
    return program.confirm(host, dict(POLICY, **policy), Clock(host, dict(events), now).tick)


def uptime(host: FixtureHost) -> float:
    return float(host.text("/proc/uptime").split()[0])


def status(host: FixtureHost) -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(host.text(_fallback_kernel_status.PATH))
    return found


def restarts(host: FixtureHost) -> List[List[str]]:
    return [call for call in host.calls if call in (FORCE, FORCE_NOW, ORDERLY)]


def says(what: str) -> Any:
    return lambda host: host.answers.update({("systemctl", "is-system-running"): Result(1, what + "\n", "")})


def cut_off(host: FixtureHost) -> None:
    host.put("/proc/net/tcp", "")


def mute(host: FixtureHost) -> None:
    def refuse(argv: List[str]) -> Result:
        raise CommandError("%s: ended with code 1" % " ".join(argv))

    host.programs["systemctl"] = refuse


def answering(host: FixtureHost) -> None:
    del host.programs["systemctl"]


def hang(host: FixtureHost) -> None:
    says("starting")(host)
    cut_off(host)


def reached_again(host: FixtureHost) -> None:
    host.put("/proc/net/tcp", LISTENING)


def test_a_healthy_trial_is_confirmed_after_its_time(host: FixtureHost, capsys: Any) -> None:
    host.put(apt.FILE, apt.text([OLD], 1))
    host.put("/usr/bin/apt-config", "")
    assert run(host, {0: says("starting"), 60: says("running")}) == 0
    assert uptime(host) == 300
    assert (status(host)["status"], status(host)["alarm"], status(host)["kernel"]) == ("confirmed", False, NEW)
    assert _boot_kernel.observe(host)["default"]["release"] == NEW
    assert host.text(apt.FILE) == apt.text([NEW, OLD], 1)
    assert capsys.readouterr().out == "<5>the kernel %s is confirmed, and the known-good one from now on\n" % NEW
    assert restarts(host) == []


def test_one_that_is_cut_off_restarts_by_force_and_says_why(host: FixtureHost, capsys: Any) -> None:
    assert run(host, {0: cut_off}) == program.ALARM
    assert restarts(host) == [FORCE]
    assert 900 < uptime(host) <= 900 + program.LOOKS * program.INTERVAL
    out = capsys.readouterr().out
    assert out.startswith("<2>the kernel %s does not serve; restarting" % NEW)
    assert "nothing listens on TCP port 22" in out
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    assert run(host, {}) == program.ALARM
    assert (status(host)["status"], status(host)["alarm"]) == ("failed", True)
    assert status(host)["problems"] == ["nothing listens on TCP port 22"]
    assert capsys.readouterr().out.startswith("<2>the trial of the kernel %s has failed" % NEW)
    assert restarts(host) == []


def test_cut_off_for_a_moment_is_no_reason(host: FixtureHost) -> None:
    assert run(host, {0: cut_off, 905: reached_again}) == 0
    assert status(host)["status"] == "confirmed"
    assert restarts(host) == []


def test_a_boot_that_never_ends_restarts(host: FixtureHost) -> None:
    """It hangs before sshd is started."""
    assert run(host, {0: hang}) == program.ALARM
    assert restarts(host) == [FORCE]


def test_an_emergency_shell_restarts(host: FixtureHost) -> None:
    assert run(host, {0: hang, 30: says("maintenance")}) == program.ALARM
    assert restarts(host) == [FORCE]


@pytest.mark.parametrize("reboot, expected", [(False, []), (True, [ORDERLY])])
def test_one_that_serves_but_is_not_well_stays_unless_told_otherwise(
    host: FixtureHost, capsys: Any, reboot: bool, expected: List[Any]
) -> None:
    host.put("/proc/sys/kernel/tainted", "128\n")
    assert run(host, {}, reboot_unconfirmed=reboot) == program.ALARM
    assert restarts(host) == expected
    assert status(host)["problems"] == ["the kernel is tainted D"]
    assert capsys.readouterr().out.startswith("<2>the kernel %s " % NEW)
    assert _boot_kernel.observe(host)["default"]["release"] == OLD


class TestUnconfirmed:
    """It serves, and failed another check: it stays, and is looked at again by runs of their own."""

    @pytest.fixture
    def unwell(self, host: FixtureHost, capsys: Any) -> FixtureHost:
        says("starting")(host)
        assert run(host, {}) == program.ALARM
        assert (status(host)["status"], START_AGAIN in host.calls) == ("unconfirmed", True)
        capsys.readouterr()
        return host

    def test_what_was_told_is_not_told_at_every_look(self, unwell: FixtureHost, capsys: Any) -> None:
        assert run(unwell, {}, 1500) == program.ALARM
        assert (uptime(unwell), capsys.readouterr().out) == (1500, "")
        assert (status(unwell)["alarm"], START_AGAIN in unwell.calls) == (True, True)
        says("stopping")(unwell)
        assert run(unwell, {}, 2100) == program.ALARM
        assert "<2>" in capsys.readouterr().out

    def test_well_it_is_confirmed_and_looked_at_no_more(self, unwell: FixtureHost, capsys: Any) -> None:
        assert run(unwell, {1500: says("running")}, 1500) == 0
        assert (status(unwell)["status"], status(unwell)["alarm"]) == ("confirmed", False)
        assert STOP_AGAIN in unwell.calls and START_AGAIN not in unwell.calls
        assert capsys.readouterr().out.startswith("<5>the kernel %s is confirmed" % NEW)

    def test_one_that_a_person_confirmed_is_looked_at_no_more(self, unwell: FixtureHost) -> None:
        _boot_kernel_changes.apply(unwell, _boot_kernel.observe(unwell), _boot_kernel_changes.Wish(NEW, None))
        assert run(unwell, {}, 1500) == 0
        assert STOP_AGAIN in unwell.calls

    @pytest.mark.parametrize("seconds, expected", [(299, []), (600, [FORCE])])
    def test_cut_off_it_restarts_but_not_for_minutes_without_network(
        self, unwell: FixtureHost, seconds: int, expected: List[Any]
    ) -> None:
        assert run(unwell, {1500: cut_off, 1500 + seconds: reached_again}, 1500) == program.ALARM
        assert restarts(unwell) == expected
        assert status(unwell)["status"] == ("restart" if expected else "unconfirmed")

    @pytest.mark.parametrize("text", ["", "[]", "{"])
    def test_a_status_that_cannot_be_read_is_none(self, host: FixtureHost, text: str) -> None:
        host.put(_fallback_kernel_status.PATH, text)
        assert run(host, {}) == 0


def test_what_cannot_be_looked_at_is_neither_confirmed_nor_left(host: FixtureHost) -> None:
    host.denied.add(ENV)
    assert run(host, {}) == program.ALARM
    assert (status(host)["status"], status(host)["problems"]) == ("unconfirmed", [ENV + ": Permission denied"])
    assert restarts(host) == []


def test_what_cannot_be_looked_at_is_left_once_when_it_is_cut_off(host: FixtureHost) -> None:
    host.denied.add(ENV)
    assert run(host, {0: cut_off}) == program.ALARM
    assert restarts(host) == [FORCE]
    assert run(host, {}) == program.ALARM
    assert restarts(host) == []
    assert (status(host)["status"], status(host)["alarm"]) == ("unconfirmed", True)


def test_the_known_good_kernel_is_not_left_whatever_cannot_be_looked_at(host: FixtureHost) -> None:
    host.denied.add(ENV)
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    assert run(host, {0: cut_off}) == program.ALARM
    assert restarts(host) == []


def test_a_mistake_of_ours_keeps_no_host_cut_off(host: FixtureHost, monkeypatch: Any) -> None:
    monkeypatch.setattr(program._fallback_kernel_confirm, "step", lambda *_: [][0])
    assert run(host, {0: cut_off}) == program.ALARM
    assert restarts(host) == [FORCE]
    assert status(host)["problems"][0].startswith("IndexError(")


def test_where_nobody_can_tell_whether_it_is_cut_off_it_is_not_left(host: FixtureHost, monkeypatch: Any) -> None:
    monkeypatch.setattr(program.health, "listening", lambda *_: [][0])
    assert run(host, {}) == program.ALARM
    assert (status(host)["status"], restarts(host)) == ("unconfirmed", [])


def test_after_a_trial_that_failed_the_known_good_kernel_is_looked_at_as_ever(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    host.put(apt.FILE, apt.text(["5.10.0-1-amd64"], 1))
    host.put("/usr/bin/apt-config", "")
    host.put("/proc/net/route", host.text("/proc/net/route").replace("eth0", "bond0"))
    assert run(host, {}) == program.ALARM
    assert status(host)["status"] == "failed"
    assert record.known(host, POLICY).routes == ["bond0"]
    assert OLD.replace(".", "\\.") in host.text(apt.FILE)


def test_a_kernel_whose_package_is_gone_is_told(host: FixtureHost) -> None:
    for path in ("/boot/vmlinuz-" + NEW, "/lib/modules/%s/modules.dep" % NEW):
        host.remove(path)
    assert run(host, {}) == program.ALARM
    assert "is no kernel that is installed here" in status(host)["problems"][0]


class TestBrokenSystemd:
    """It answers late, or not at all, which is when a host has to be left."""

    def test_one_answer_that_fails_is_waited_out(self, host: FixtureHost) -> None:
        assert run(host, {0: mute, 60: answering}) == 0
        assert status(host)["status"] == "confirmed"

    def test_one_that_never_answers_does_not_keep_the_host(self, host: FixtureHost, capsys: Any) -> None:
        kernel: List[str] = []
        host.kernel[SYSRQ] = lambda order: kernel.append(order) or order  # type: ignore[func-returns-value]
        host.put(SYSRQ, "")
        assert run(host, {0: hang, 1: mute}) == program.ALARM
        assert restarts(host) == [FORCE, FORCE, FORCE_NOW]
        assert kernel == ["s", "b"]
        assert capsys.readouterr().out.count("<4>systemctl --force reboot: ended with code 1") == 2

    def test_a_host_that_serves_is_not_forced(self, host: FixtureHost) -> None:
        host.put("/proc/sys/kernel/tainted", "128\n")
        host.answers[tuple(ORDERLY)] = Result(1, "", "Failed to connect to bus")
        assert run(host, {}, reboot_unconfirmed=True) == program.ALARM
        assert restarts(host) == [ORDERLY, ORDERLY]

    def test_what_nobody_expected_is_tried_again_by_systemd(self, host: FixtureHost, monkeypatch: Any) -> None:
        """3 would be for good: RestartPreventExitStatus."""
        host.denied.add("/proc/uptime")
        monkeypatch.setattr(program, "Host", lambda: host)
        monkeypatch.setattr("sys.argv", ["fallback_kernel", "confirm"] + OPTIONS.split())
        with pytest.raises(SystemExit) as ended:
            program.main()
        assert ended.value.code == 1


def test_files_lost_meanwhile_are_told(host: FixtureHost) -> None:
    sized(host, "/boot/initrd.img-" + NEW, 0)
    assert run(host, {}) == program.ALARM
    assert "only half installed" in status(host)["problems"][0]


def test_a_full_disk_does_not_keep_it_from_restarting(host: FixtureHost, capsys: Any) -> None:
    host.refused.update([record.PATH, _fallback_kernel_status.PATH])
    assert run(host, {0: cut_off}) == program.ALARM
    assert restarts(host) == [FORCE]
    assert "<4>%s: could not be written" % record.PATH in capsys.readouterr().out


@pytest.fixture
def good(host: FixtureHost) -> FixtureHost:
    """The known-good kernel runs, and nothing was tried."""
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(None, "", True))
    return host


def test_without_a_trial_there_is_nothing_to_say(good: FixtureHost, capsys: Any) -> None:
    seen: List[str] = []
    assert run(good, {1: lambda host: seen.append(status(host)["status"])}) == 0
    assert (seen, status(good)["status"], capsys.readouterr().out) == (["none"], "none", "")


@pytest.mark.parametrize("listens", [True, False])
def test_the_standard_of_a_trial_is_what_the_known_good_kernel_has_in_the_end(good: FixtureHost, listens: bool) -> None:
    record.remember(good, POLICY, OLD, OLD)
    cut_off(good)
    assert run(good, {60: reached_again if listens else cut_off}) == 0
    assert uptime(good) == 300
    assert record.known(good, POLICY).ssh is listens


class TestArm:
    """Only a restart arms."""

    JOBS = ("systemctl", "list-jobs", "--no-legend", "--plain")

    @pytest.mark.parametrize(
        "jobs, armed",
        [
            ("233 reboot.target          start waiting\n234 ssh.service stop running\n", True),
            ("233 poweroff.target        start waiting\n", False),
            ("233 kexec.target           start waiting\n", False),
            ("233 soft-reboot.target     start waiting\n", False),
            ("233 reboot.target          stop waiting\n", False),
            ("", False),
        ],
    )
    def test_by_the_jobs_of_systemd(self, good: FixtureHost, capsys: Any, jobs: str, armed: bool) -> None:
        good.answers[self.JOBS] = Result(0, jobs, "")
        before = good.snapshot()
        assert program.arm(good) == 0
        assert (good.snapshot() != before) is armed
        assert capsys.readouterr().out == ("<5>the next boot tries the kernel %s once\n" % NEW if armed else "")

    def test_where_systemd_does_not_answer_nothing_is_armed(self, good: FixtureHost) -> None:
        good.answers[self.JOBS] = Result(1, "", "Failed to list jobs")
        before = good.snapshot()
        with pytest.raises(CommandError):
            program.arm(good)
        assert good.snapshot() == before


def test_without_a_locale_it_can_speak_all_the_same(monkeypatch: Any) -> None:
    """As Python 3.6 does where systemd sets no LANG."""
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", plain)
    program.say(2, "\u00fcber \ufffd")
    monkeypatch.undo()
    assert plain.buffer.getvalue() == b"<2>\\xfcber \\ufffd\n"


def test_hostile_text_does_not_steer_the_terminal(capsys: Any) -> None:
    program.say(2, "a\x1b[2J\nb")
    assert capsys.readouterr().out == "<2>a\\x1b[2J\\nb\n"
