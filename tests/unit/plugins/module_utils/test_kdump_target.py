# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of where dumps go: the directory, the remote target, and the last drill."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump,
    _kdump_proof,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    Space,
)
from unit.plugins.module_utils.fixture_kdump import (
    CONFIG,
    HARDEN,
    KERNEL,
    KEXEC_CMD,
    MIB,
    OVER_SSH,
    POLICY,
    KdumpHost,
    debian,
    set_up,
)
from unit.plugins.module_utils.fixture_kdump_audit import judge, only, proof, statuses


@pytest.fixture
def hardened(tmp_path: Any) -> KdumpHost:
    return set_up(debian(str(tmp_path / "host")))


class TestTarget:
    def test_no_directory(self, hardened: KdumpHost) -> None:
        hardened.remove(KEXEC_CMD)
        hardened.remove_empty("/var/crash")
        found = _kdump.evaluate(POLICY, _kdump.observe(hardened))
        bad = {item["control"]: item for item in found if item["status"] == "fail"}
        assert sorted(bad) == ["kdump.target_private", "kdump.target_writable"]
        assert bad["kdump.target_writable"]["reason"] == "/var/crash does not exist"
        assert bad["kdump.target_private"]["reason"] == "/var/crash is missing"

    def test_a_file_system_that_is_read_only(self, hardened: KdumpHost) -> None:
        hardened.room = hardened.room._replace(read_only=True)
        item = only(judge(hardened), "target_writable")
        assert (item["observed"], item["remedy"]) == ("read-only", "mount it read-write")

    def test_whoever_may_not_write_there_cannot_tell(self, hardened: KdumpHost) -> None:
        hardened.locked.add("/var/crash")
        assert only(judge(hardened), "target_writable", "unknown")["remedy"] == "run as root"

    def test_a_directory_for_root_alone(self, hardened: KdumpHost) -> None:
        hardened.denied.add("/var/crash")
        found = judge(hardened)
        assert statuses(found, "unknown") == ["target_private", "target_space", "target_writable"]
        assert {found[n]["reason"] for n in statuses(found, "unknown")} == {"/var/crash: Permission denied"}
        assert statuses(found, "fail") == []

    def test_others_may_look(self, hardened: KdumpHost) -> None:
        hardened.make_directory("/var/crash", 0o755)
        item = only(judge(hardened), "target_private")
        assert (item["reason"], item["remedy"]) == ("/var/crash is mode 0755", HARDEN)

    def test_no_room(self, hardened: KdumpHost) -> None:
        hardened.room = Space(100 * MIB, 16 << 30, False)
        item = only(judge(hardened), "target_space")
        assert item["observed"] == "100 MiB free, 0 MiB in older dumps"
        assert "kdump_dump_level" in item["remedy"]

    def test_old_dumps_can_make_room(self, hardened: KdumpHost) -> None:
        hardened.room = Space(0, 16 << 30, False)
        hardened.put("/var/crash/202611020314/dump.202611020314", "")
        with open(hardened.root + "/var/crash/202611020314/dump.202611020314", "wb") as stream:
            stream.truncate(400 * MIB)
        item = judge(hardened)["target_space"]
        assert (item["status"], item["observed"]) == ("pass", "0 MiB free, 400 MiB in older dumps")

    def test_a_dump_of_every_page_needs_more_than_the_machine_s_memory(self, hardened: KdumpHost) -> None:
        hardened.put(CONFIG, hardened.text(CONFIG).replace("-c -d 31", "-c -d 0"))
        state = _kdump.observe(hardened)
        # 1744032 KiB, a 64th for what describes the pages, and a fifth more.
        assert state["target"]["needed"] == int((1744032 * 1024 * 65 // 64) * 1.2)
        assert state["level"] == 0

    @pytest.mark.parametrize(
        ("kernel", "version", "level"),
        [
            ("6.12.48+deb13-amd64", "1.7.6", 15),
            ("6.12.48+deb13-amd64", "1.7.7", 31),
            ("6.12.48+deb13-amd64", "1.8.0", 31),
            ("6.11.2-amd64", "1.7.6", 31),
            ("7.0.1-amd64", "1.7.6", 15),
            ("6.12.48+deb13-amd64", "", 31),
        ],
    )
    def test_a_makedumpfile_too_old_for_the_kernel_dumps_free_pages(
        self, hardened: KdumpHost, kernel: str, version: str, level: int
    ) -> None:
        """Seen on Debian 13: 137 MiB where Debian 12 takes 24; makedumpfile's commit 72c3414 says why."""
        plain = _kdump.observe(hardened)["target"]["needed"]
        said = "makedumpfile: version %s (released on 6 Nov 2024)\nlzo\tenabled\n" % version if version else "no idea"
        hardened.record("makedumpfile", "-v", out=said)
        hardened.put("/proc/sys/kernel/osrelease", kernel + "\n")
        state = _kdump.observe(hardened)
        free = int(1302716 * 1024 * 1.2)
        assert state["target"]["needed"] - plain in ((0,) if level == 31 else (free, free + 1))
        # The setting is what it is.
        assert state["level"] == 31

    def test_the_estimate_leaves_out_what_the_level_leaves_out(self, hardened: KdumpHost) -> None:
        whole = 1744032 * 1024
        left_out = (1302716 + 11236 + 280344 + 61288) * 1024
        assert _kdump.observe(hardened)["target"]["needed"] == int((whole - left_out + whole // 64) * 1.2)


class TestRemoteTarget:
    @pytest.fixture
    def remote(self, tmp_path: Any) -> KdumpHost:
        changes = dict((key[len("kdump_") :], value) for key, value in OVER_SSH.items())
        return set_up(debian(str(tmp_path / "host")), **changes)

    def test_nobody_knows_before_a_drill(self, remote: KdumpHost) -> None:
        found = judge(remote, **OVER_SSH)
        assert statuses(found, "unknown") == ["target_writable"]
        assert found["target_writable"]["reason"].startswith("only a drill shows")
        assert statuses(found, "fail") == []
        assert statuses(found, "not_applicable") == ["last_drill", "target_private", "target_space"]

    def test_a_drill_over_ssh_is_the_proof(self, remote: KdumpHost) -> None:
        remote.put(_kdump_proof.PROOF, proof(target="ssh:kdump@dumps.example.com:/var/crash"))
        item = judge(remote, **OVER_SSH)["target_writable"]
        assert (item["status"], item["observed"]) == ("pass", "the drill of 2026-11-02T03:14:07Z wrote there")

    def test_a_drill_of_another_target_proves_nothing(self, remote: KdumpHost) -> None:
        remote.put(_kdump_proof.PROOF, proof())
        assert judge(remote, **OVER_SSH)["target_writable"]["status"] == "unknown"


class TestLastDrill:
    @pytest.fixture(autouse=True)
    def today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # 2026-11-12T03:14:07Z: ten days after the proof.
        monkeypatch.setattr(_kdump.time, "gmtime", lambda: (2026, 11, 12, 3, 14, 7, 3, 316, 0))

    def drill(self, host: KdumpHost, days: int, text: str = "") -> Dict[str, Any]:
        if text:
            host.put(_kdump_proof.PROOF, text)
        return judge(host, kdump_drill_max_age=days)["last_drill"]

    def test_none_ever(self, hardened: KdumpHost) -> None:
        item = self.drill(hardened, 30)
        assert (item["status"], item["severity"], item["category"]) == ("fail", "warning", "proof")
        assert item["reason"] == "no dump was ever proven on this host"
        assert "kernelops.panic_hardening.drill" in item["remedy"]

    def test_none_is_asked_for(self, hardened: KdumpHost) -> None:
        item = self.drill(hardened, 0, proof())
        assert (item["status"], item["observed"]) == ("not_applicable", "2026-11-02T03:14:07Z with " + KERNEL)

    @pytest.mark.parametrize("days, status", [(9, "fail"), (10, "pass"), (30, "pass")])
    def test_its_age(self, hardened: KdumpHost, days: int, status: str) -> None:
        item = self.drill(hardened, days, proof())
        assert item["status"] == status
        assert item["reason"] == ("the last drill was 10 days ago" if status == "fail" else "")
        assert item["evidence"] == ["/var/crash/202611020314/dump.202611020314"]

    def test_another_kernel(self, hardened: KdumpHost) -> None:
        item = self.drill(hardened, 30, proof(kernel="6.1.0-1-amd64"))
        assert (item["status"], item["reason"]) == ("fail", "the last drill was with another kernel, 6.1.0-1-amd64")

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"at": "x"}', '"x"', "3"])
    def test_a_damaged_proof_is_unknown(self, hardened: KdumpHost, text: str) -> None:
        item = self.drill(hardened, 30, text)
        assert item["status"] == "unknown"
        assert item["reason"].startswith(_kdump_proof.PROOF + ": is damaged")
        assert "run the drill again" in item["remedy"]

    def test_a_proof_for_root_alone(self, hardened: KdumpHost) -> None:
        hardened.denied.add(_kdump_proof.PROOF)
        item = self.drill(hardened, 30)
        assert (item["status"], item["remedy"]) == ("unknown", "run as root")
