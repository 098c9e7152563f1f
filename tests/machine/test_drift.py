# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody changes behind our back is a failed control that names the value and the file."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

import playbooks
from lab.machine import Machine


@dataclass(frozen=True)
class Drift:
    """A change, how to take it back, the control that must fail, and what its finding must say."""

    name: str
    do: str
    undo: str
    control: str
    says: str
    harden_mends: bool = True


DRIFTS = (
    Drift(
        "live value",
        "sysctl -qw kernel.panic=0",
        "true",
        "panic_sysctl.kernel.panic",
        "live 0, at boot 10 (/etc/sysctl.d/99-zz-panic_sysctl.conf:",
    ),
    Drift(
        "later drop-in",
        "printf '\\nkernel/panic = 0\\n' > /etc/sysctl.d/zz-other.conf",
        "rm /etc/sysctl.d/zz-other.conf",
        "panic_sysctl.kernel.panic",
        "/etc/sysctl.d/zz-other.conf:2",
        harden_mends=False,
    ),
    Drift(
        "removed drop-in, older file",
        "rm /etc/sysctl.d/99-zz-panic_sysctl.conf; echo 'kernel.panic_on_oops = 0' > /run/sysctl.d/10-old.conf",
        "rm -f /run/sysctl.d/10-old.conf",
        "panic_sysctl.kernel.panic_on_oops",
        "/run/sysctl.d/10-old.conf:1",
    ),
    Drift(
        "edited menu",
        "sed -i 's/ panic=10//' /boot/grub/grub.cfg",
        "true",
        "panic_sysctl.cmdline_panic",
        "/boot/grub/grub.cfg",
    ),
    Drift(
        "later GRUB file",
        "echo 'GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"' > /etc/default/grub.d/zzz-image.cfg; update-grub",
        "rm /etc/default/grub.d/zzz-image.cfg",
        "panic_sysctl.cmdline_panic",
        "/etc/default/grub.d/zzz-image.cfg:1",
        harden_mends=False,
    ),
)


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.name)
def test_a_change_behind_our_back_is_named(hardened: Machine, drift: Drift) -> None:
    hardened.ssh(f"mkdir -p /run/sysctl.d; {drift.do}", timeout=120)
    try:
        audit = playbooks.run("audit", [hardened], variables={"panic_hardening_fail_on_drift": True})
        assert audit.returncode == 2, audit.output
        finding = audit.failed()[drift.control]
        assert drift.says in str(finding), finding
        line = next(text for text in audit.output.splitlines() if text.startswith(hardened.name))
        assert drift.control in line
        assert finding["remedy"] in line
        harden = playbooks.run("harden", [hardened])
        assert (harden.returncode == 0) is drift.harden_mends, harden.output
        if not drift.harden_mends:
            assert drift.says.split(":")[0] in harden.output
    finally:
        hardened.ssh(drift.undo)
    mended = playbooks.run("harden", [hardened])
    assert mended.returncode == 0, mended.output


def test_the_audit_ends_the_same_in_check_mode(hardened: Machine) -> None:
    hardened.ssh("sysctl -qw kernel.panic=0")
    runs = [playbooks.run("audit", [hardened], *options) for options in ((), ("--check",))]
    assert [sorted(run.failed()) for run in runs] == [["panic_sysctl.kernel.panic"]] * 2
    assert [run.returncode for run in runs] == [0, 0]
    query = "hosts[?findings[?control=='panic_sysctl.kernel.panic' && status=='fail']].host"
    selected = playbooks.run("audit", [hardened], variables={"panic_hardening_query": query})
    assert f'[\n "{hardened.name}"\n]' in selected.output


def test_without_root_nothing_is_guessed(hardened: Machine) -> None:
    hardened.ssh(
        "useradd --create-home visitor && install -d -m 700 -o visitor /home/visitor/.ssh && "
        "install -m 600 -o visitor /root/.ssh/authorized_keys /home/visitor/.ssh/"
    )
    visitor: dict[str, t.Any] = {"ansible_user": "visitor", "panic_hardening_become": False}
    audit = playbooks.run("audit", [hardened], variables=visitor)
    status = {f["control"]: f["status"] for f in audit.host["findings"]}
    assert status["panic_sysctl.cmdline_panic"] == "unknown", audit.output
    assert status["panic_sysctl.vm.panic_on_oom"] == "pass"
    harden = playbooks.run("harden", [hardened], variables={**visitor, "panic_sysctl_overrides": {"kernel.panic": 11}})
    assert harden.returncode == 2
    assert "set become: true" in harden.output
