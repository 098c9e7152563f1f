# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""What QEMU is told, and what a snapshot depends on."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab import qemu, snapshots
from lab.errors import LabError
from lab.images import Image
from lab.qemu import Hardware


def command(hardware: Hardware | None = None, **options: object) -> list[str]:
    settings: dict[str, object] = {"name": "x", "port": 2222, "seed": False, "restore": False} | options
    return qemu.command(hardware=hardware or Hardware(), **settings)  # type: ignore[arg-type]


def test_software_emulation_unless_the_user_switches() -> None:
    assert qemu.accelerator({}) == "tcg"
    line = command()
    assert line[line.index("-machine") + 1] == "q35"
    assert line[line.index("-accel") + 1].startswith("tcg,")
    assert "kvm" in command(Hardware(accel=qemu.accelerator({"LAB_ACCEL": "kvm"})))
    with pytest.raises(LabError, match="LAB_ACCEL.*tcg, kvm, hvf"):
        qemu.accelerator({"LAB_ACCEL": "xen"})


def test_all_traffic_stays_on_loopback() -> None:
    line = " ".join(command())
    assert "restrict=on,hostfwd=tcp:127.0.0.1:2222-:22" in line
    assert line.count("hostfwd") == 1
    assert "0.0.0.0" not in line
    assert "vnc" not in line


def test_a_panicked_machine_may_restart_itself() -> None:
    assert "-no-reboot" not in command()
    assert "-no-shutdown" not in command()


def test_a_snapshot_depends_on_hardware_image_and_version_and_not_on_port_or_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNELOPS_LAB_CACHE", str(tmp_path))
    monkeypatch.setattr(qemu, "version", lambda: "QEMU 1")
    image = Image("debian12", tmp_path / "i.qcow2", "k1")
    usual = snapshots.path_for(image, Hardware())
    assert snapshots.path_for(image, Hardware()) == usual
    assert snapshots.path_for(image, Hardware(memory=1024)) != usual
    assert snapshots.path_for(image, Hardware(cache="writeback")) != usual
    assert snapshots.path_for(image, Hardware(extra=("-device", "i6300esb"))) != usual
    assert snapshots.path_for(Image("debian12", tmp_path / "i.qcow2", "k2"), Hardware()) != usual
    monkeypatch.setattr(qemu, "version", lambda: "QEMU 2")
    assert snapshots.path_for(image, Hardware()) != usual
    assert qemu.describe(command(name="a", port=1)) == qemu.describe(command(name="b", port=2))


def test_a_users_image_gets_its_seed_and_a_full_processor() -> None:
    own, foreign = command(), command(seed=True)
    assert not any("seed.iso" in word for word in own)
    assert any("seed.iso" in word and "readonly=on" in word for word in foreign)
    assert foreign[foreign.index("-cpu") + 1] == "max"


def test_extra_arguments_come_before_what_is_restored() -> None:
    line = command(Hardware(extra=("-device", "i6300esb")), restore=True)
    assert line[-4:] == ["-device", "i6300esb", "-loadvm", qemu.SNAPSHOT]


def test_a_machine_may_reach_the_ssh_of_another_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "RELAY", Path("/a, b/relay.py"))
    line = " ".join(command(reach={"10.0.2.100": 2345}))
    assert line.count("guestfwd") == 1
    assert "-:22,guestfwd=tcp:10.0.2.100:22-cmd:" in line
    assert "'/a,, b/relay.py' 2345" in line
    assert "guestfwd" not in " ".join(command())


def test_the_relay_copies_both_ways() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = subprocess.Popen(
            [sys.executable, str(qemu.RELAY), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        other, _ = server.accept()
        with other:
            other.sendall(b"welcome")
            assert run.stdin
            run.stdin.write(b"hello")
            run.stdin.close()
            assert other.makefile("rb").read() == b"hello"
        assert run.stdout
        assert run.stdout.read() == b"welcome"
        assert run.wait(10) == 0
