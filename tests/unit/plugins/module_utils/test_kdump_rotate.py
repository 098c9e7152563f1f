# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that removes old dumps, run by a real shell in a real directory."""

import os
import subprocess
from typing import Any, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_files

MIB = 1024 * 1024
# A file system of 1000000 KiB; the file "free" says how much of it is left, and each removed dump gives 1000 KiB back.
DF = """\
#!/bin/sh
free=$(cat "{state}/free")
gone=$(($(cat "{state}/dumps") - $(find "$2/" -mindepth 1 -maxdepth 1 -type d | wc -l)))
echo "Filesystem     1024-blocks      Used Available Capacity Mounted on"
echo "/dev/vda1          1000000         0 $((free + gone * 1000))      50% /"
"""


class Rotation:
    """A directory of dumps with the program for it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.directory = root + "/crash"
        self.state = root + "/state"
        self.bin = root + "/bin"
        for folder in (self.directory, self.state, self.bin):
            os.mkdir(folder)
        with open(self.bin + "/df", "w") as stream:
            stream.write(DF.format(state=self.state))
        os.chmod(self.bin + "/df", 0o755)

    def dump(self, name: str, kib: int = 8) -> None:
        os.mkdir(os.path.join(self.directory, name))
        with open(os.path.join(self.directory, name, "dump.0"), "wb") as stream:
            stream.write(b"x" * (kib * 1024))

    def run(self, *arguments: str, keep: int = 3, percent: int = 30, free: int = 500000, needed: int = 0) -> str:
        """What it said; its end is always a good one."""
        options = {"directory": self.directory, "keep": keep, "space_percent": percent}
        program = self.root + "/rotate"
        with open(program, "w") as stream:
            stream.write(_kdump_files.rotation(options, needed).text)
        there = len(self.left()) if os.path.isdir(self.directory) else 0
        for name, number in (("free", free), ("dumps", there)):
            with open(os.path.join(self.state, name), "w") as stream:
                stream.write("%d\n" % number)
        environment = dict(os.environ, PATH=self.bin + ":/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C")
        process = subprocess.Popen(
            ["/bin/sh", program] + list(arguments),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
        assert (process.returncode, err) == (0, "")
        return out

    def left(self) -> List[str]:
        return sorted(os.listdir(self.directory))


@pytest.fixture
def crash(tmp_path: Any) -> Rotation:
    return Rotation(str(tmp_path))


NAMES = ["202611010101", "202611020202", "202611030303", "202611040404", "202611050505"]


def test_the_newest_stay(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    out = crash.run(keep=3)
    assert crash.left() == NAMES[2:]
    assert out.splitlines() == ["kernelops-kdump-rotate: removing %s/%s" % (crash.directory, n) for n in NAMES[:2]]


def test_no_more_than_it_keeps_is_left_alone(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    assert crash.run(keep=5) == ""
    assert crash.left() == NAMES


def test_the_names_of_kdump_utils(crash: Rotation) -> None:
    names = ["127.0.0.1-2026-11-%02d-03:14:07" % day for day in (1, 2, 10)]
    for name in names:
        crash.dump(name)
    crash.run(keep=1)
    assert crash.left() == names[2:]


def test_nothing_else_in_the_directory_goes(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    crash.dump("lost+found")
    crash.dump("keep me")
    for name in ("kexec_cmd", "202601010101"):
        with open(os.path.join(crash.directory, name), "w") as stream:
            stream.write("a file\n")
    crash.run(keep=1)
    assert crash.left() == ["202601010101", NAMES[4], "keep me", "kexec_cmd", "lost+found"]


def test_old_dumps_fill_no_more_than_their_part(crash: Rotation) -> None:
    # One percent of the file system is 10000 KiB.
    for name in NAMES[:4]:
        crash.dump(name, 4000)
    crash.run(keep=9, percent=1)
    assert crash.left() == NAMES[2:4]


def test_the_only_one_stays_however_large(crash: Rotation) -> None:
    crash.dump(NAMES[0], 20000)
    assert crash.run(keep=1, percent=1) == ""
    crash.dump(NAMES[1], 20000)
    crash.run(keep=9, percent=1)
    assert crash.left() == [NAMES[1]]


def test_in_the_capture_kernel_room_comes_first(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    # 1500 KiB are lacking: two have to go.
    crash.run("before-dump", keep=9, free=8500, needed=10000 * 1024)
    assert crash.left() == NAMES[2:]


def test_for_the_next_dump_even_the_last_one_goes(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    crash.run("before-dump", keep=9, free=0, needed=900000 * 1024)
    assert crash.left() == []


def test_at_boot_room_is_no_reason(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    assert crash.run(keep=9, free=0, needed=900000 * 1024) == ""
    assert crash.left() == NAMES


def test_with_room_enough_nothing_goes(crash: Rotation) -> None:
    for name in NAMES:
        crash.dump(name)
    assert crash.run("before-dump", keep=9, free=10000, needed=10000 * 1024) == ""
    assert crash.left() == NAMES


def test_links_are_not_followed(crash: Rotation) -> None:
    outside = crash.root + "/outside"
    os.mkdir(outside)
    with open(outside + "/precious", "w") as stream:
        stream.write("x")
    os.symlink(outside, crash.directory + "/202601010101")
    crash.dump(NAMES[0])
    crash.dump(NAMES[1])
    os.symlink(outside, "%s/%s/inside" % (crash.directory, NAMES[0]))
    crash.run("before-dump", keep=1, free=0, needed=900000 * 1024)
    assert crash.left() == ["202601010101"]
    assert os.listdir(outside) == ["precious"]


def test_names_with_spaces_are_one_name(crash: Rotation) -> None:
    crash.dump("db one-202601010000", 4000)
    crash.dump("202601010000", 4000)
    crash.dump("db one-202612310000", 4000)
    crash.run(keep=9, percent=1)
    assert crash.left() == ["db one-202601010000", "db one-202612310000"]
    crash.run(keep=1)
    assert crash.left() == ["db one-202612310000"]


def test_what_only_looks_like_a_dump_stays(crash: Rotation) -> None:
    names = ["2024-backup-photos", "20261231 new one", "old-2026", "x-20261231", "1.2.3.4-2026-11-02"]
    for name in names:
        crash.dump(name, 4000)
    crash.dump("127.0.0.1-2026-11-02-03:14:07", 4000)
    crash.dump("127.0.0.1-2026-11-03-03:14:07", 4000)
    crash.run(keep=1)
    assert crash.left() == sorted(names + ["127.0.0.1-2026-11-03-03:14:07"])


def test_a_dump_directory_that_is_a_link(crash: Rotation) -> None:
    crash.dump("202601010000", 4)
    crash.dump("202601020000", 4)
    os.rename(crash.directory, crash.directory + ".real")
    os.symlink(crash.directory + ".real", crash.directory)
    crash.run(keep=1)
    assert crash.left() == ["202601020000"]


@pytest.mark.parametrize("code", [0, 1])
def test_one_that_cannot_be_removed_ends_it(crash: Rotation, code: int) -> None:
    with open(crash.bin + "/rm", "w") as stream:
        stream.write("#!/bin/sh\nexit %d\n" % code)
    os.chmod(crash.bin + "/rm", 0o755)
    for name in NAMES:
        crash.dump(name)
    assert len(crash.run(keep=1).splitlines()) == 1
    assert crash.left() == NAMES


@pytest.mark.parametrize("arguments", [[], ["before-dump"]])
def test_no_directory_is_no_error(crash: Rotation, arguments: List[str]) -> None:
    os.rmdir(crash.directory)
    assert crash.run(*arguments, needed=MIB) == ""


@pytest.mark.parametrize("arguments", [[], ["before-dump"], ["other"]])
def test_an_empty_directory(crash: Rotation, arguments: List[str]) -> None:
    assert crash.run(*arguments, free=0, needed=MIB) == ""


def test_it_may_be_run_and_shows_who_made_it() -> None:
    made = _kdump_files.rotation({"directory": "/var/crash", "keep": 3, "space_percent": 30}, 10 * MIB)
    assert made.mode == 0o755
    assert made.text.startswith("#!/bin/sh\n# Managed by Ansible, kernelops.panic_hardening.kdump_config")
    assert "need_kib=10240\n" in made.text
