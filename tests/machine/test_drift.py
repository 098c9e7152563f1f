# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody changes behind our back is a failed control that names the value and the file."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

import playbooks
from lab.machine import Machine
from playbooks import FEW_ROLES


@dataclass(frozen=True)
class Drift:
    """A change, how to take it back, the control that must fail, and what its finding must say."""

    do: str
    control: str
    says: str
    undo: str = "true"
    harden_mends: bool = True


# Two rounds, because some changes hide others: each costs an audit and two runs of harden.
ROUNDS = {
    "beside our files": (
        Drift(
            do="sysctl -qw kernel.panic=0",
            control="panic_sysctl.kernel.panic",
            says="live 0, at boot 10 (/etc/sysctl.d/99-zz-panic_sysctl.conf:",
        ),
        Drift(
            do="printf '\\nkernel/oops_limit = 7\\n' > /etc/sysctl.d/zz-other.conf",
            undo="rm -f /etc/sysctl.d/zz-other.conf",
            control="panic_sysctl.kernel.oops_limit",
            says="/etc/sysctl.d/zz-other.conf:2 sets 7 at boot",
            harden_mends=False,
        ),
        Drift(
            do="sed -i 's/ panic=10//' /boot/grub/grub.cfg",
            control="panic_sysctl.cmdline_panic",
            says="/boot/grub/grub.cfg",
        ),
    ),
    "in place of our files": (
        Drift(
            do="rm /etc/sysctl.d/99-zz-panic_sysctl.conf; echo 'kernel.panic_on_oops = 0' > /run/sysctl.d/10-old.conf",
            undo="rm -f /run/sysctl.d/10-old.conf",
            control="panic_sysctl.kernel.panic_on_oops",
            says="/run/sysctl.d/10-old.conf:1 sets 0 at boot",
        ),
        Drift(
            do="echo 'GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"' > /etc/default/grub.d/zzz-image.cfg; update-grub",
            undo="rm -f /etc/default/grub.d/zzz-image.cfg",
            control="panic_sysctl.cmdline_panic",
            says="/etc/default/grub.d/zzz-image.cfg:1",
            harden_mends=False,
        ),
        Drift(
            do="rm /etc/tmpfiles.d/kernelops-crash_evidence.conf",
            control="crash_evidence.pstore_retention",
            says="systemd-tmpfiles removes the archive of pstore after 14d",
        ),
    ),
}


@pytest.mark.parametrize("drifts", ROUNDS.values(), ids=ROUNDS)
def test_a_change_behind_our_back_is_named(hardened: Machine, drifts: tuple[Drift, ...]) -> None:
    hardened.ssh("mkdir -p /run/sysctl.d; " + "; ".join(drift.do for drift in drifts), timeout=120)
    try:
        audit = playbooks.run("audit", [hardened], variables={**FEW_ROLES, "panic_hardening_fail_on_drift": True})
        assert audit.returncode == 2, audit.output
        line = next(text for text in audit.output.splitlines() if text.startswith(hardened.name))
        for drift in drifts:
            finding = audit.failed()[drift.control]
            assert drift.says in str(finding), finding
            assert drift.control in line
            assert finding["remedy"] in line
        harden = playbooks.run("harden", [hardened], variables=FEW_ROLES)
        assert harden.returncode == 2, harden.output
        for drift in drifts:
            stubborn = drift.says.split(":")[0] in harden.output
            assert stubborn is not drift.harden_mends, harden.output
    finally:
        hardened.ssh("; ".join(drift.undo for drift in drifts))
    mended = playbooks.run("harden", [hardened], variables=FEW_ROLES)
    assert mended.returncode == 0, mended.output


def test_the_audit_ends_the_same_in_check_mode(hardened: Machine) -> None:
    hardened.ssh("sysctl -qw kernel.panic=0")
    runs = [playbooks.run("audit", [hardened], *options, variables=FEW_ROLES) for options in ((), ("--check",))]
    assert [list(run.failed()) for run in runs] == [["panic_sysctl.kernel.panic"]] * 2
    assert [run.returncode for run in runs] == [0, 0]
    query = "hosts[?findings[?control=='panic_sysctl.kernel.panic' && status=='fail']].host"
    selected = playbooks.run("audit", [hardened], variables={"panic_hardening_query": query})
    assert f'[\n "{hardened.name}"\n]' in selected.output
    hardened.ssh("sysctl -qw kernel.panic=10")  # the machine is shared


def test_without_root_nothing_is_guessed(hardened: Machine) -> None:
    hardened.ssh(
        "useradd --create-home visitor && install -d -m 700 -o visitor /home/visitor/.ssh && "
        "install -m 600 -o visitor /root/.ssh/authorized_keys /home/visitor/.ssh/"
    )
    visitor: dict[str, t.Any] = {**FEW_ROLES, "ansible_user": "visitor", "panic_hardening_become": False}
    audit = playbooks.run("audit", [hardened], variables=visitor)
    status = {f["control"]: f["status"] for f in audit.host["findings"]}
    assert status["panic_sysctl.cmdline_panic"] == "unknown", audit.output
    assert status["panic_sysctl.vm.panic_on_oom"] == "pass"
    harden = playbooks.run("harden", [hardened], variables={**visitor, "panic_sysctl_overrides": {"kernel.panic": 11}})
    assert harden.returncode == 2
    assert "set become: true" in harden.output
