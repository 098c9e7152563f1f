# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dumps in a directory, and whether one can be read to its end."""

from typing import Any, Callable, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_dumps as module
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result, Unreadable
from unit.plugins.module_utils.fixture_kdump import KdumpHost

STAMP = "202611020314"
DUMP = "/var/crash/%s/dump.%s" % (STAMP, STAMP)
SCRATCH = "/var/crash/.scratch"
DMESG = "[    1.0] x\n[   61.2] Kernel panic - not syncing: sysrq triggered crash\n[   61.3] CPU: 0\n"
KDUMP = "KDUMP   " + "x" * module.LEAST
FLAT = "makedumpfile" + "\0" * module.LEAST


class Makedumpfile:
    """A makedumpfile that reads what is whole; fails names the step at which it finds what is not."""

    def __init__(self, host: KdumpHost, fails: str = "") -> None:
        self.host = host
        self.fails = fails
        self.steps: List[str] = []

    def __call__(self, argv: List[str]) -> Result:
        step = argv[1]
        self.steps.append(step)
        # Before it finds out, it has begun to write.
        self.host.put(argv[-1], DMESG if step == "--dump-dmesg" else "half")
        if step == "-R":
            assert self.host.read_from[-1] == DUMP, "the flattened dump is its input"
        else:
            assert self.host.text(argv[-2]), "what it opens is there"
        if step == self.fails:
            return Result(1, "", "The dumpfile is not complete.")
        return Result(0, "The dumpfile is saved.\n", "")


Maker = Callable[..., KdumpHost]


@pytest.fixture
def crashed(tmp_path: Any) -> Maker:
    def make(dump: str = KDUMP, fails: str = "") -> KdumpHost:
        (tmp_path / "host").mkdir()
        host = KdumpHost(str(tmp_path / "host"))
        host.put("/usr/bin/makedumpfile", "")
        host.put(DUMP, dump)
        host.put("/var/crash/%s/dmesg.%s" % (STAMP, STAMP), DMESG)
        host.programs["makedumpfile"] = Makedumpfile(host, fails)
        return host

    return make


class TestListing:
    def test_of_kdump_tools(self, crashed: Maker) -> None:
        host = crashed()
        assert module.listing(host, "/var/crash") == [
            {
                "folder": "/var/crash/" + STAMP,
                "dump": DUMP,
                "dmesg": "/var/crash/%s/dmesg.%s" % (STAMP, STAMP),
                "bytes": len(KDUMP) + len(DMESG),
            }
        ]

    @pytest.mark.parametrize(
        "name", ["127.0.0.1-2026-11-02-03:14:07", "10.0.0.7-2026-11-02-03:14", "web-1-202611020314"]
    )
    def test_names_of_folders(self, empty: Any, name: str) -> None:
        empty.put("/d/%s/vmcore" % name, "x")
        empty.put("/d/%s/vmcore-dmesg.txt" % name, "yy")
        assert module.listing(empty, "/d") == [
            {
                "folder": "/d/" + name,
                "dump": "/d/%s/vmcore" % name,
                "dmesg": "/d/%s/vmcore-dmesg.txt" % name,
                "bytes": 3,
            }
        ]

    @pytest.mark.parametrize("name", ["2026", "20261102", "lost+found", "202611020314x", "192611020314", "2026-backup"])
    def test_folders_of_others(self, empty: Any, name: str) -> None:
        empty.put("/d/%s/vmcore" % name, "x")
        assert module.listing(empty, "/d") == []

    @pytest.mark.parametrize("name", ["vmcore", "vmcore.flat", "vmcore.1", "dump." + STAMP])
    def test_names_of_dumps(self, empty: Any, name: str) -> None:
        empty.put("/d/%s/%s" % (STAMP, name), "x")
        assert module.listing(empty, "/d")[0]["dump"] == "/d/%s/%s" % (STAMP, name)

    @pytest.mark.parametrize("name", ["vmcore-incomplete", "dump-incomplete", "dump.x", "vmcore-dmesg.txt", "dmesg.1"])
    def test_what_is_no_dump_is_none(self, empty: Any, name: str) -> None:
        empty.put("/d/%s/%s" % (STAMP, name), "x")
        assert module.listing(empty, "/d")[0]["dump"] == ""

    def test_the_oldest_is_the_first(self, empty: Any) -> None:
        for stamp in ("202611020314", "202511020314", "202611010000"):
            empty.put("/d/%s/dump.%s" % (stamp, stamp), "x")
        folders = [dump["folder"] for dump in module.listing(empty, "/d")]
        assert folders == ["/d/202511020314", "/d/202611010000", "/d/202611020314"]

    def test_no_directory(self, empty: Any) -> None:
        assert module.listing(empty, "/d") == []

    def test_a_directory_for_root_alone(self, crashed: Maker) -> None:
        host = crashed()
        host.denied.add("/var/crash")
        with pytest.raises(Unreadable):
            module.listing(host, "/var/crash")


class TestCheck:
    def left(self, host: KdumpHost) -> List[str]:
        return [name for name in host.listdir("/var/crash") if name.startswith(".")]

    def test_a_whole_one(self, crashed: Maker) -> None:
        host = crashed()
        before = host.snapshot()
        assert module.check(host, DUMP, SCRATCH) == module.Verdict(True, "", DMESG)
        assert host.snapshot() == before, "nothing stays beside it"
        assert host.programs["makedumpfile"].steps == ["--dump-dmesg", "-c"]  # type: ignore[attr-defined]
        assert host.calls[-1] == ["makedumpfile", "-c", "-d", "31", DUMP, SCRATCH + ".copy"]

    def test_a_flattened_one_is_made_whole_first(self, crashed: Maker) -> None:
        host = crashed(FLAT)
        assert module.check(host, DUMP, SCRATCH).complete
        assert host.read_from == [DUMP, "/dev/null", "/dev/null"]
        assert host.calls[1] == ["makedumpfile", "--dump-dmesg", SCRATCH + ".flat", SCRATCH + ".dmesg"]
        assert self.left(host) == []

    @pytest.mark.parametrize("dump, step", [(FLAT, "-R"), (KDUMP, "--dump-dmesg"), (KDUMP, "-c"), (FLAT, "-c")])
    def test_one_that_ends_too_early(self, crashed: Maker, dump: str, step: str) -> None:
        host = crashed(dump, step)
        verdict = module.check(host, DUMP, SCRATCH)
        assert (verdict.complete, verdict.dmesg) == (False, "")
        assert verdict.reason.startswith("makedumpfile " + step)
        assert verdict.reason.endswith("The dumpfile is not complete.")
        assert self.left(host) == []

    @pytest.mark.parametrize("size, complete", [(0, False), (module.LEAST - 1, False), (module.LEAST, True)])
    def test_a_header_alone_is_no_dump(self, crashed: Maker, size: int, complete: bool) -> None:
        host = crashed("x" * size)
        verdict = module.check(host, DUMP, SCRATCH)
        assert verdict.complete is complete
        if not complete:
            assert verdict.reason == "%s has only %d bytes" % (DUMP, size)
            assert host.calls == []

    def test_without_makedumpfile_nobody_knows(self, crashed: Maker) -> None:
        host = crashed()
        host.remove("/usr/bin/makedumpfile")
        with pytest.raises(HostError, match="^makedumpfile is missing: install it to open " + DUMP):
            module.check(host, DUMP, SCRATCH)


@pytest.mark.parametrize(
    "dmesg, line",
    [
        (DMESG, "Kernel panic - not syncing: sysrq triggered crash"),
        ("[ 1.0] sysrq: Trigger a crash\n[ 1.1] BUG\n", "sysrq: Trigger a crash"),
        ("[ 1.0] sysrq: Trigger a crash\n" + DMESG, "Kernel panic - not syncing: sysrq triggered crash"),
        ("[ 1.0] Kernel panic - not syncing: Fatal exception \n", "Kernel panic - not syncing: Fatal exception"),
        ("[ 1.0] all is well\n", None),
        ("", None),
    ],
)
def test_the_line_that_says_why(dmesg: str, line: Any) -> None:
    assert module.panic_line(dmesg) == line
