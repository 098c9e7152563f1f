# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dump and its kernel log are on the receiver, whole, and the sender has the proof."""

from __future__ import annotations

import json
import typing as t

import pytest


@pytest.fixture
def role(host: t.Any) -> str:
    return str(host.backend.get_hostname())


def test_the_receiver_has_the_dump(host: t.Any, role: str) -> None:
    if role != "receiver":
        pytest.skip("the sender keeps none")
    dmesg = host.run("cat /srv/dumps/*/dmesg.2*").stdout
    assert "sysrq: Trigger a crash" in dmesg
    assert int(host.run("stat -c %s /srv/dumps/*/dump.2*").stdout) > 1024 * 1024
    assert host.run("ls /srv/dumps/*/*incomplete*").rc != 0


def test_the_sender_has_the_proof_and_no_copy(host: t.Any, role: str) -> None:
    if role != "sender":
        pytest.skip("the receiver proves nothing")
    proof = json.loads(host.file("/var/lib/kernelops-panic_hardening/kdump-drill.json").content_string)
    assert proof["target"] == "ssh:dumps@10.0.2.100:/srv/dumps"
    assert "sysrq triggered crash" in proof["panic"]
    assert not host.file("/var/lib/kernelops-panic_hardening/kdump-drill").exists
    assert host.file("/sys/kernel/kexec_crash_loaded").content_string.strip() == "1"
    print(f"crash to ssh {proof['seconds']} s, dump {proof['bytes'] / 1024 / 1024:.1f} MiB")
