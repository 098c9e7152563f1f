# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill: what it notes before the crash, and what it asks for before it calls a dump proven."""

import json
from typing import Any, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_drill as module
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, HostError, Result
from unit.plugins.module_utils.fixture_kdump import KERNEL, KdumpHost, debian, redhat
from unit.plugins.module_utils.test_kdump_dumps import DMESG, FLAT, KDUMP, Makedumpfile

LOCAL: Dict[str, Any] = {
    "directory": "/var/crash",
    "target": "local",
    "ssh": "",
    "ssh_key": "/root/.ssh/kdump_id_rsa",
    "nfs": "",
}
REMOTE = dict(LOCAL, target="ssh", ssh="kdump@dumps.example.com", directory="/srv/dumps")
OLD, NEW = "202611010000", "202611020314"
NEXT_BOOT = "0b5d9a44-1111-4c0c-9a3e-000000000002\n"
NOW = 1793589300


def journal(argv: List[str]) -> Result:
    assert argv[-1] == "@%d" % NOW
    return Result(0, "No space left on device\n", "")


def timestamps(ssh: str) -> Any:
    def answer(argv: List[str]) -> Result:
        assert argv[:4] == ["systemctl", "show", "-p", "ActiveEnterTimestampMonotonic"]
        micros = "12500000" if argv[4] == ssh else "0"
        return Result(0, "ActiveEnterTimestampMonotonic=%s\n" % micros, "")

    return answer


@pytest.fixture
def host(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> KdumpHost:
    """A machine with an older dump, in the second NOW."""
    found = debian(str(tmp_path / "host"))
    leave_dump(found, OLD)
    found.put("/usr/bin/journalctl", "")
    found.programs["journalctl"] = journal
    found.programs["systemctl"] = timestamps("ssh.service")
    found.programs["makedumpfile"] = Makedumpfile(found)
    monkeypatch.setattr(module.time, "time", lambda: float(NOW))
    return found


def leave_dump(host: KdumpHost, stamp: str, dump: str = KDUMP) -> None:
    host.put("/var/crash/%s/dump.%s" % (stamp, stamp), dump)
    host.put("/var/crash/%s/dmesg.%s" % (stamp, stamp), DMESG)


def crash(host: KdumpHost) -> None:
    host.put(module.STRUCK, "%d\n" % (NOW - 150))
    host.put(module.BOOT_ID, NEXT_BOOT)


def refusal(host: KdumpHost, options: Dict[str, Any]) -> str:
    """Why it proves nothing; then there is no proof, and it can be asked again."""
    before = host.snapshot()
    with pytest.raises(HostError) as caught:
        module.prove(host, options)
    assert host.snapshot() == before
    assert not host.exists(module.PROOF)
    return str(caught.value)


class TestBegin:
    def test_it_notes_this_boot_and_what_is_there(self, host: KdumpHost) -> None:
        assert module.begin(host, LOCAL) == {
            "boot_id": "5f0e6c6e-6f0a-4f0c-9d83-7d5d2a0c3a11",
            "kernel": KERNEL,
            "at": NOW,
            "folders": [OLD],
        }
        assert json.loads(host.text(module.BEGUN))["folders"] == [OLD]

    def test_the_second_of_an_earlier_crash_goes(self, host: KdumpHost) -> None:
        host.put(module.STRUCK, "1\n")
        module.begin(host, LOCAL)
        assert not host.exists(module.STRUCK)

    def test_an_export_cannot_be_looked_into(self, host: KdumpHost) -> None:
        with pytest.raises(HostError, match="cannot look into the target nfs"):
            module.begin(host, dict(LOCAL, target="nfs", nfs="h:/x"))
        assert not host.exists(module.BEGUN)


class TestProve:
    @pytest.fixture(autouse=True)
    def begun(self, host: KdumpHost) -> None:
        module.begin(host, LOCAL)

    def test_a_dump_that_arrived(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW)
        found = module.prove(host, LOCAL)
        assert found.pop("at").endswith("Z")
        assert found == {
            "kernel": KERNEL,
            "target": "local:/var/crash",
            "dump": "/var/crash/%s/dump.%s" % (NEW, NEW),
            "dmesg": "/var/crash/%s/dmesg.%s" % (NEW, NEW),
            "bytes": len(KDUMP) + len(DMESG),
            "panic": "Kernel panic - not syncing: sysrq triggered crash",
            # The clock, less the uptime of 93.42 s, is the boot; sshd listened 12.5 s behind it.
            "seconds": round(150 - 93.42 + 12.5),
        }
        assert not host.exists(module.BEGUN)
        assert not host.exists(module.STRUCK)

    def test_the_audit_reads_the_proof(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW)
        module.prove(host, LOCAL)
        seen = _kdump.observe(host)["proof"]
        assert (seen["kernel"], seen["target"], seen["seconds"]) == (KERNEL, "local:/var/crash", 69)

    def test_the_kernel_is_that_of_the_crash(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW)
        host.put("/proc/sys/kernel/osrelease", "6.1.0-99-amd64\n")
        assert module.prove(host, LOCAL)["kernel"] == KERNEL

    def test_the_newest_of_several(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW)
        leave_dump(host, "202611020320")
        assert module.prove(host, LOCAL)["dump"].endswith("dump.202611020320")

    def test_still_the_same_boot(self, host: KdumpHost) -> None:
        leave_dump(host, NEW)
        assert refusal(host, LOCAL).startswith("the host did not restart")

    def test_no_new_dump_and_what_the_capture_kernel_said(self, host: KdumpHost) -> None:
        crash(host)
        assert refusal(host, LOCAL) == (
            "no new dump is in /var/crash; the capture kernel said: No space left on device"
        )

    @pytest.mark.parametrize("words", [True, False])
    def test_without_a_journal_the_console_says_why(self, host: KdumpHost, words: bool) -> None:
        crash(host)
        if words:
            host.programs["journalctl"] = lambda argv: Result(1, "\n", "")
        else:
            host.remove("/usr/bin/journalctl")
        assert refusal(host, LOCAL) == "no new dump is in /var/crash; the console of the capture kernel says why"

    def test_a_dump_that_cannot_be_read(self, host: KdumpHost) -> None:
        host.programs["makedumpfile"] = Makedumpfile(host, "-c")
        crash(host)
        leave_dump(host, NEW)
        text = refusal(host, LOCAL)
        assert text.startswith("/var/crash/%s/dump.%s cannot be read: makedumpfile -c" % (NEW, NEW))
        assert text.endswith("the capture kernel said: No space left on device")

    def test_a_header_alone(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW, "KDUMP   ")
        assert "has only 8 bytes" in refusal(host, LOCAL)

    def test_a_log_alone(self, host: KdumpHost) -> None:
        crash(host)
        host.put("/var/crash/%s/dmesg.%s" % (NEW, NEW), DMESG)
        assert "cannot be read" in refusal(host, LOCAL)

    def test_a_dump_without_its_log(self, host: KdumpHost) -> None:
        crash(host)
        leave_dump(host, NEW)
        host.remove("/var/crash/%s/dmesg.%s" % (NEW, NEW))
        assert "dump.%s has no dmesg beside it" % NEW in refusal(host, LOCAL)

    def test_a_dump_of_something_else(self, host: KdumpHost) -> None:
        class Quiet(Makedumpfile):
            def __call__(self, argv: List[str]) -> Result:
                done = super().__call__(argv)
                if argv[1] == "--dump-dmesg":
                    self.host.put(argv[-1], "[ 1.0] all is well\n")
                return done

        host.programs["makedumpfile"] = Quiet(host)
        crash(host)
        leave_dump(host, NEW)
        assert "names no panic" in refusal(host, LOCAL)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"boot_id": "x", "kernel": "y", "at": 1}'])
    def test_a_damaged_record(self, host: KdumpHost, text: str) -> None:
        crash(host)
        host.put(module.BEGUN, text)
        message = refusal(host, LOCAL)
        assert message.startswith(module.BEGUN + ": is damaged")
        assert message.endswith("begin the drill again")

    def test_a_drill_that_nobody_began(self, host: KdumpHost) -> None:
        crash(host)
        host.remove(module.BEGUN)
        assert refusal(host, LOCAL) == module.BEGUN + " is not there: no drill was begun on this host"

    @pytest.mark.parametrize("unit", module.SSH_UNITS)
    def test_sshd_under_each_of_its_names(self, host: KdumpHost, unit: str) -> None:
        host.programs["systemctl"] = timestamps(unit)
        crash(host)
        leave_dump(host, NEW)
        assert module.prove(host, LOCAL)["seconds"] == 69

    @pytest.mark.parametrize("struck", [None, "", "x\n"])
    def test_without_the_second_of_the_crash_no_time_is_told(self, host: KdumpHost, struck: Any) -> None:
        crash(host)
        leave_dump(host, NEW)
        if struck is None:
            host.remove(module.STRUCK)
        else:
            host.put(module.STRUCK, struck)
        assert module.prove(host, LOCAL)["seconds"] is None


def test_the_family_of_rhel_has_no_journal_of_the_capture_kernel(tmp_path: Any) -> None:
    host = redhat(str(tmp_path / "host"))
    host.put(module.BOOT_ID, "x\n")
    host.put("/usr/bin/journalctl", "")
    module.begin(host, LOCAL)
    crash(host)
    assert refusal(host, LOCAL).endswith("the console of the capture kernel says why")


class Target:
    """The other host, by ssh and scp."""

    def __init__(self, host: KdumpHost) -> None:
        self.host = host
        self.folders: Dict[str, List[str]] = {"web1-" + OLD: ["dump." + OLD, "dmesg." + OLD]}
        self.dump = FLAT
        self.down = False

    def ssh(self, argv: List[str]) -> Result:
        assert argv[1:3] == ["-i", REMOTE["ssh_key"]]
        assert "BatchMode=yes" in argv
        assert "StrictHostKeyChecking=yes" in argv
        command = argv[argv.index(REMOTE["ssh"]) + 1 :]
        if self.down:
            return Result(255, "", "ssh: connect to host dumps.example.com: No route to host")
        assert command[:2] == ["ls", "-1"]
        folder = command[2][len("/srv/dumps") :].strip("/")
        return Result(0, "\n".join(self.folders[folder] if folder else sorted(self.folders)) + "\n", "")

    def scp(self, argv: List[str]) -> Result:
        assert argv[-1] == module.SCRATCH + "/copy"
        self.host.put(module.SCRATCH + "/copy", self.dump)
        return Result(1, "", "scp: Connection lost") if self.dump == "" else Result(0, "", "")


class TestOverSsh:
    @pytest.fixture
    def target(self, host: KdumpHost) -> Target:
        found = Target(host)
        host.record("hostname", "-I", out="192.0.2.7 2001:db8::7 \n")
        host.programs["ssh"] = found.ssh
        host.programs["scp"] = found.scp

        class Opens(Makedumpfile):
            def __call__(self, argv: List[str]) -> Result:
                if argv[1] == "-R":
                    assert self.host.read_from[-1] == module.SCRATCH + "/copy"
                    self.host.read_from[-1] = "/var/crash/%s/dump.%s" % (NEW, NEW)
                return super().__call__(argv)

        host.programs["makedumpfile"] = Opens(host)
        module.begin(host, REMOTE)
        return found

    def test_a_dump_that_arrived(self, host: KdumpHost, target: Target) -> None:
        crash(host)
        target.folders["web1-" + NEW] = ["dmesg." + NEW, "dump." + NEW]
        before = set(host.snapshot())
        found = module.prove(host, REMOTE)
        assert found["target"] == "ssh:kdump@dumps.example.com:/srv/dumps"
        assert found["dump"] == "/srv/dumps/web1-%s/dump.%s" % (NEW, NEW)
        assert found["dmesg"] == "/srv/dumps/web1-%s/dmesg.%s" % (NEW, NEW)
        assert found["bytes"] == len(FLAT)
        assert set(host.snapshot()) - before == {module.PROOF}, "the copy is gone again"

    def test_the_dumps_of_others_do_not_count(self, host: KdumpHost, target: Target) -> None:
        crash(host)
        target.folders["web10-" + NEW] = ["dump." + NEW]
        target.folders["mail-web1-" + NEW] = ["dump." + NEW]
        target.folders["db-" + NEW] = ["dump." + NEW]
        target.folders["192.0.2.8-" + NEW] = ["dump." + NEW]
        assert refusal(host, REMOTE).startswith("no new dump is in kdump@dumps.example.com:/srv/dumps; ")

    def test_what_was_there_already(self, host: KdumpHost, target: Target) -> None:
        assert json.loads(host.text(module.BEGUN))["folders"] == ["web1-" + OLD]

    def test_a_folder_with_a_dump_that_is_not_whole(self, host: KdumpHost, target: Target) -> None:
        crash(host)
        target.folders["web1-" + NEW] = ["dump-incomplete"]
        text = refusal(host, REMOTE)
        assert text.startswith("/srv/dumps/web1-%s cannot be read: the folder holds dump-incomplete" % NEW)

    def test_one_without_its_log(self, host: KdumpHost, target: Target) -> None:
        crash(host)
        target.folders["web1-" + NEW] = ["dump." + NEW]
        assert "has no dmesg beside it" in refusal(host, REMOTE)

    def test_a_copy_that_breaks_off_leaves_nothing(self, host: KdumpHost, target: Target) -> None:
        crash(host)
        target.dump = ""
        target.folders["web1-" + NEW] = ["dmesg." + NEW, "dump." + NEW]
        assert "scp: Connection lost" in refusal(host, REMOTE)

    def test_a_target_that_does_not_answer_ends_it_before_the_crash(self, host: KdumpHost, target: Target) -> None:
        host.remove(module.BEGUN)
        target.down = True
        with pytest.raises(CommandError, match="No route to host"):
            module.begin(host, REMOTE)
        assert not host.exists(module.BEGUN)
