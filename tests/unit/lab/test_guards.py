# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""What the lab refuses before it starts, each time with a remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import doctor, fleet, images, launch, paths, privileges, resources
from lab.errors import LabError


def test_the_cache_lies_outside_the_repository(tmp_path: Path) -> None:
    assert paths.cache_dir({"KERNELOPS_LAB_CACHE": str(tmp_path)}) == tmp_path
    assert paths.cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "kernelops-lab"
    with pytest.raises(LabError, match="KERNELOPS_LAB_CACHE"):
        paths.cache_dir({"KERNELOPS_LAB_CACHE": str(paths.CHECKOUT / "cache")})
    with pytest.raises(LabError, match="absolute"):
        paths.cache_dir({"KERNELOPS_LAB_CACHE": "cache"})


def test_two_checkouts_do_not_share_a_machine() -> None:
    assert paths.scope({}) == paths.scope({})
    assert paths.scope({"LAB_RUN_ID": "other"}) == "other"
    with pytest.raises(LabError, match="LAB_RUN_ID"):
        paths.scope({"LAB_RUN_ID": "../x"})


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "a" * 41, "-a"])
def test_a_machine_name_is_no_path(name: str) -> None:
    with pytest.raises(LabError, match="not usable"):
        paths.state_dir(name)


def test_a_full_disk_and_short_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "free_disk_mib", lambda _: 100)
    with pytest.raises(LabError, match="4096 MiB are needed.*100 MiB are free.*KERNELOPS_LAB_CACHE"):
        resources.require_disk(tmp_path, 4096, "build debian12")
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9 kB\nMemAvailable:  204800 kB\n")
    assert resources.free_memory_mib(meminfo) == 200
    monkeypatch.setattr(resources, "free_memory_mib", lambda: 200)
    with pytest.raises(LabError, match="768 MiB of memory.*200 MiB are free"):
        resources.require_memory(768, "start the machine x")


def test_without_root_and_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(privileges.shutil, "which", lambda _: None)
    with pytest.raises(LabError, match="build the image x, root is needed.*sudo"):
        privileges.root_prefix("build the image x")


def test_sudo_that_wants_a_password_where_nobody_can_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(privileges.shutil, "which", lambda _: "/usr/bin/sudo")
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115 - pytest replaces it again
    refused = subprocess.CompletedProcess[bytes](["sudo"], 1)
    monkeypatch.setattr(privileges.subprocess, "run", lambda *_, **__: refused)
    with pytest.raises(LabError, match="sudo -v"):
        privileges.root_prefix("build the image x")


def test_a_users_image_that_is_not_there(tmp_path: Path) -> None:
    assert images.foreign("mine", {}) is None
    with pytest.raises(LabError, match="LAB_IMAGE_MY_OWN"):
        images.foreign("my-own", {"LAB_IMAGE_MY_OWN": str(tmp_path / "none.qcow2")})


def test_a_time_limit_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MAX_SECONDS", "forever")
    with pytest.raises(LabError, match="LAB_MAX_SECONDS"):
        launch.max_seconds()


def test_machines_on_the_command_line() -> None:
    assert fleet.parse(["a=x", "b"], "y") == {"a": "x", "b": "y"}
    with pytest.raises(LabError, match="a=IMAGE"):
        fleet.parse(["a"], None)


@pytest.mark.parametrize("word", ["0", "999999999", "me"])
def test_an_owner_that_does_not_run(word: str) -> None:
    with pytest.raises(LabError, match="--owner"):
        fleet.owner(word)


def test_the_doctor_names_the_package_of_a_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_tool", lambda name: None if name == "sgdisk" else f"/bin/{name}")
    assert any(
        "sgdisk" in problem and "apt-get install" in problem and "gdisk" in problem for problem in doctor.problems()
    )


def test_every_program_comes_from_a_listed_package() -> None:
    assert set(doctor.TOOLS.values()) <= set(doctor.packages())


def test_who_reaches_whom() -> None:
    assert fleet.parse_links(["sender=receiver"]) == {"sender": "receiver"}
    for word in ("sender", "sender=", "=receiver", "one=one"):
        with pytest.raises(LabError, match=r"--reach is .*NAME=OTHER"):
            fleet.parse_links([word])


def test_a_machine_cannot_reach_one_that_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "ensure", lambda _name: pytest.fail("an image was asked for"))
    with pytest.raises(LabError, match="--reach names receiver"):
        fleet.up({"sender": "debian12"}, reach={"sender": "receiver"})
