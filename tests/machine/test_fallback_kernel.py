# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a new kernel can fail ends on the known-good one, unattended; a good one is confirmed by the host itself."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass

import pytest

import playbooks
from kernels import EMPTY_INITRD, POLICY, SERVICE, Kernels, prepare, repack
from machines import ALL, RELEASES, make

in_full = pytest.mark.skipif(not ALL, reason="runs with `make test-full`")


@dataclass(frozen=True)
class Fault:
    """How an armed kernel is spoilt, what the console then says, and how it is mended."""

    name: str
    spoil: str
    mark: str
    mend: str = "update-grub"
    why: str = ""  # what was remembered of it, where the kernel lived long enough to tell
    unplug: bool = False  # whether its network has no link from GRUB on until it is left


def on_line(edit: str, argument: str) -> str:
    """Edit every line that boots the new kernel; its name has dots and pluses, so that it is no extended expression."""
    line = "vmlinuz-{new} "
    return f"sed -i '/{line}/ {edit}' /boot/grub/grub.cfg && grep -q '{line}.*{argument}' /boot/grub/grub.cfg"


def unit(lines: str) -> str:
    """A unit that runs with the new kernel alone."""
    head = "[Unit]\\nConditionKernelVersion={new}\\nDefaultDependencies=no\\n"
    text = f"{head}{lines}[Install]\\nWantedBy=basic.target\\n"
    return f"printf '{text}' > /etc/systemd/system/lab-fault.service && systemctl daemon-reload && systemctl enable -q lab-fault"


NO_UNIT = "systemctl disable -q lab-fault; rm -f /etc/systemd/system/lab-fault.service; systemctl daemon-reload"
BACK = "mv -f /root/vmlinuz-{new} /boot/ 2>/dev/null; mv -f /root/initrd.img-{new} /boot/ 2>/dev/null; true"
ROOT = "root=UUID=00000000-0000-4000-8000-000000000000"
HANG, ANEW = "/etc/initramfs-tools/scripts/init-premount/lab_fault", "update-initramfs -u -k {new}"
# An address that stays without a link, as ifupdown leaves a static one.
STATIC = "/etc/systemd/network/00-lab.network"
STATIC_TEXT = (
    "[Match]\\nName=eth0\\n[Network]\\nAddress=10.0.2.15/24\\nGateway=10.0.2.2\\nConfigureWithoutCarrier=yes\\n"
)
SCRIPTS = "/etc/fallback_kernel.d"
# What comes after it depends on where the cut is: no init, or one that finds no root.
CUT_OFF = "Initramfs unpacking failed"
OLDEST, OLDER = "4.1.0-1-cloud-amd64", "4.1.0-2-cloud-amd64"
# As eager as it can be; the archive of the lab has no name.
UNATTENDED = """\
Unattended-Upgrade::Origins-Pattern { "origin=*"; };
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
Unattended-Upgrade::Remove-New-Unused-Dependencies "true";
"""
FAULTS = (
    # With ssh up; it holds the end of the boot, so that no look can confirm the kernel before it panics.
    Fault("late-panic", unit("After=ssh.service\\n[Service]\\nType=oneshot\\nExecStart=sh -c \"sleep 5; echo c > /proc/sysrq-trigger\"\\n"),
          "Kernel panic - not syncing", NO_UNIT),
    Fault("image-gone", "mv /boot/vmlinuz-{new} /root/", "not found", BACK),
    Fault("boot-hangs", unit("Before=basic.target\\n[Service]\\nType=oneshot\\nTimeoutStartSec=infinity\\nExecStart=sleep infinity\\n"),
          "reboot: Restarting system", NO_UNIT, why="nothing listens on TCP port 22"),
    Fault("initrd-gone", "mv /boot/initrd.img-{new} /root/", "not found", BACK),
    Fault("initrd-cut-off", "cp /boot/initrd.img-{new} /root/ && truncate -s 2M /boot/initrd.img-{new}", CUT_OFF, BACK),
    Fault("image-corrupt", "cp /boot/vmlinuz-{new} /root/ && dd if=/dev/zero of=/boot/vmlinuz-{new} bs=64k count=1 conv=notrunc",
          "invalid magic number", BACK),
    Fault("root-missing", on_line(f"s/root=[^ ]*/{ROOT}/", ROOT), "Rebooting automatically due to panic="),
    Fault("init-exits", on_line("s,$, init=/bin/false,", "init=/bin/false"), "Attempted to kill init"),
    Fault("no-network", unit("After=systemd-networkd.service\\n[Service]\\nExecStart=sh -c \"while sleep 1; do ip link set eth0 down; done\"\\n"),
          "reboot: Restarting system", NO_UNIT, why="no default route by eth0"),
    Fault("initramfs-hangs", f"printf '#!/bin/sh\\n[ \"$1\" = prereqs ] || while :; do sleep 60; done\\n' > {HANG} && chmod +x {HANG} && {ANEW}",
          "the initramfs was not left within 90 seconds", f"rm -f {HANG}; {ANEW}"),
    Fault("no-link", f"printf '{STATIC_TEXT}' > {STATIC}", "reboot: Restarting system", f"rm -f {STATIC}", why="eth0", unplug=True),
)  # fmt: skip


@pytest.fixture(scope="module", params=RELEASES if ALL else RELEASES[:1])
def kernels(request: pytest.FixtureRequest) -> t.Iterator[Kernels]:
    """A machine that the role has set up, and then got a newer kernel."""
    made = prepare(make(f"trials-{request.param}", request.param))
    yield made
    made.machine.stop()


def audit(kernels: Kernels) -> dict[str, dict[str, t.Any]]:
    return playbooks.run("audit", [kernels.machine], variables=POLICY).failed()


def test_a_visible_defect_is_refused_before_it_is_tried(kernels: Kernels) -> None:
    hide = f"mv /boot/initrd.img-{kernels.new} /root/"
    assert kernels.machine.ssh(hide).returncode == 0
    try:
        refused = playbooks.module("boot_kernel", kernels.machine, trial=kernels.new)
        assert f"the kernel {kernels.new} is only half installed" in refused["msg"]
        boot, _offset = kernels.restart()
        kernels.wait_for(kernels.good, boot)
        assert kernels.look()["trial"]["status"] == "none", "an orderly restart did not try it either"
    finally:
        kernels.machine.ssh(f"mv /root/initrd.img-{kernels.new} /boot/")


@pytest.mark.parametrize("fault", FAULTS if ALL else FAULTS[:3], ids=lambda fault: fault.name)
def test_a_bad_kernel_is_left_again(kernels: Kernels, fault: Fault) -> None:
    """It is spoilt after it was armed: before, it would have been refused."""
    armed = kernels.look(known_good=kernels.good, trial=kernels.new, retry=True)
    assert armed["trial"]["status"] == "armed"
    spoilt = kernels.machine.ssh(fault.spoil.format(new=kernels.new) + " && sync", timeout=120)
    assert spoilt.returncode == 0, spoilt.stderr
    try:
        began = time.monotonic()
        boot, offset = kernels.restart()
        if fault.unplug:
            kernels.unplug(offset, fault.mark)
        kernels.wait_for(kernels.good, boot)
        seconds = time.monotonic() - began
        said = kernels.machine.serial(offset)
        print(f"{fault.name}: back on the known-good kernel after {seconds:.0f} s")
        assert re.search(fault.mark, said), said[-2000:]
        status = kernels.status("failed")
        assert (status["alarm"], status["trial"]) == (True, kernels.new)
        if fault.why:
            assert fault.why in "; ".join(status["problems"])
            assert fault.why in audit(kernels)["fallback_kernel.trial_result"]["reason"]
    finally:
        kernels.machine.ssh(fault.mend.format(new=kernels.new), timeout=120)


def test_what_failed_is_shouted_about_and_not_tried_again(kernels: Kernels) -> None:
    said = kernels.machine.ssh(f"journalctl -b -u {SERVICE} -p crit --no-pager -o cat").stdout
    assert f"the trial of the kernel {kernels.new} has failed" in said
    found = audit(kernels)["fallback_kernel.trial_result"]
    assert (found["severity"], found["observed"]) == ("critical", kernels.new)
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.good, boot)
    assert kernels.status("failed")["trial"] == kernels.new


@in_full
def test_a_power_cut_tries_nothing(kernels: Kernels) -> None:
    """The new kernel waits for an orderly restart."""
    kernels.look(trial="none", retry=True)
    boot = kernels.machine.boot_id()
    kernels.machine.cut_power()
    kernels.wait_for(kernels.good, boot)
    assert kernels.look()["trial"]["status"] == "none"


@in_full
def test_a_systemd_that_crashes_restarts_the_host(kernels: Kernels) -> None:
    boot, offset = kernels.machine.boot_id(), kernels.machine.serial_size()
    kernels.machine.ssh("kill -SEGV 1")
    kernels.wait_for(kernels.good, boot)
    said = kernels.machine.serial(offset)
    # `quiet` keeps systemd's own words from the console; in good order nothing would have been left to recover.
    assert "reboot: Restarting system" in said
    assert "recovering journal" in said


@in_full
def test_a_host_that_serves_and_fails_a_check_restarts_where_that_is_wanted(kernels: Kernels) -> None:
    wanted = {**POLICY, "fallback_kernel_reboot_unconfirmed": True}
    assert playbooks.run("harden", [kernels.machine], variables=wanted).returncode == 0
    check = "mkdir -p {0} && printf '#!/bin/sh\\necho no licence >&2; exit 1\\n' > {0}/lab && chmod 755 {0}/lab"
    assert kernels.machine.ssh(check.format(SCRIPTS)).returncode == 0
    try:
        kernels.look(known_good=kernels.good, trial=kernels.new, retry=True)
        boot, _offset = kernels.restart()
        kernels.wait_for(kernels.new, boot)
        kernels.wait_for(kernels.good, boot)
        assert "no licence" in "; ".join(kernels.status("failed")["problems"])
    finally:
        kernels.machine.ssh(f"rm -r {SCRIPTS}")
        again = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert again.returncode == 0, again.output


def test_a_good_kernel_is_tried_at_an_orderly_restart_and_confirmed(kernels: Kernels) -> None:
    kernels.look(trial="none", retry=True)  # forgets that it failed while it was spoilt
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.new, boot)
    assert kernels.status("confirmed")["alarm"] is False
    now = kernels.look()
    assert (now["known_good"], now["default"]["release"], now["trial"]["status"]) == (kernels.new, kernels.new, "none")
    boot = kernels.machine.boot_id()
    kernels.machine.cut_power()
    kernels.wait_for(kernels.new, boot)
    again = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert (again.returncode, again.changed) == (0, []), again.output


@in_full
def test_who_goes_back_to_the_older_kernel_stays_there(kernels: Kernels) -> None:
    """The newer one is whole, and was confirmed; somebody does not want it all the same."""
    kernels.look(known_good=kernels.good)
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.good, boot)
    now = kernels.look()
    assert (now["trial"]["status"], now["left"]) == ("none", [kernels.new])
    kernels.look(known_good=kernels.new)
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.new, boot)


@in_full
def test_a_new_kernel_that_does_not_boot_is_left_without_anybody(kernels: Kernels) -> None:
    """A package that looks whole: nobody arms, nobody watches."""
    bad, running = "99.1.0-1-cloud-amd64", kernels.running()
    repack(kernels.machine, bad, EMPTY_INITRD)
    boot, offset = kernels.restart()
    seconds = kernels.wait_for(running, boot)
    print(f"a bad update: back after {seconds:.0f} s")
    assert "VFS: Unable to mount root fs" in kernels.machine.serial(offset)
    assert kernels.status("failed")["trial"] == bad
    kernels.machine.ssh(f"dpkg --purge linux-image-{bad} && systemctl restart {SERVICE}", timeout=120)
    assert kernels.status("none")["alarm"] is False, "it was removed, so nothing is left to shout about"
    assert "fallback_kernel.trial_result" not in audit(kernels)
    kernels.look(trial="none")


def clean_up(kernels: Kernels, command: str, **more: t.Any) -> None:
    """Clean up, by a command or by more of a policy, two older kernels of which the role keeps one; apt alone would keep neither."""
    for release in (OLDEST, OLDER):
        repack(kernels.machine, release)
    # As on a host that got it by an update.
    kernels.machine.ssh(f"apt-mark auto linux-image-{kernels.good}")
    done = playbooks.run("harden", [kernels.machine], variables={**POLICY, "fallback_kernel_retain": 2, **more})
    assert done.returncode == 0, done.output
    cleaned = kernels.machine.ssh(command, timeout=400)
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    there = kernels.machine.ssh("ls /boot").stdout.split()
    assert {f"vmlinuz-{release}" for release in (kernels.new, kernels.good, OLDER)} <= set(there)
    assert f"vmlinuz-{OLDEST}" not in there, "nothing was cleaned up, so nothing was shown"
    judged = {f"fallback_kernel.{name}" for name in ("spare_kernel", "default_bootable", "retention_configured")}
    assert judged & set(audit(kernels)) == set()


@in_full
def test_apt_keeps_what_the_role_has_named_and_removes_the_rest(kernels: Kernels) -> None:
    clean_up(kernels, "apt-get autoremove --purge --yes")


@in_full
def test_the_role_itself_removes_the_rest_where_that_is_wanted(kernels: Kernels) -> None:
    clean_up(kernels, "true", fallback_kernel_purge=True)


@in_full
def test_unattended_upgrades_keep_what_the_role_has_named_and_remove_the_rest(kernels: Kernels) -> None:
    install = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq unattended-upgrades"
    installed = kernels.machine.ssh(f"cat > /etc/apt/apt.conf.d/99lab && {install}", timeout=400, text=UNATTENDED)
    assert installed.returncode == 0, installed.stderr
    clean_up(kernels, "unattended-upgrade --verbose")
    said = kernels.machine.ssh("cat /var/log/unattended-upgrades/unattended-upgrades.log").stdout
    print(said)
    assert re.search(r"Allowed origins are: .*origin=\*", said)
    for words in ("Removing unused kernel packages", "Packages that were successfully auto-removed"):
        assert re.search(rf"(?m){words}: linux-image-{OLDEST}$", said), said
    boot, _offset = kernels.restart()
    kernels.wait_for(kernels.new, boot)


@in_full
def test_drift_is_named(kernels: Kernels) -> None:
    kernels.machine.ssh("grub-set-default 1; systemctl disable -q --now kernelops-fallback_kernel-arm.service")
    found = audit(kernels)
    assert "somebody chose '1' with grub-set-default" in found["fallback_kernel.default_is_known_good"]["reason"]
    assert "kernelops-fallback_kernel-arm.service" in found["fallback_kernel.confirmation_installed"]["reason"]
    kernels.machine.ssh("grub-editenv - unset saved_entry")
    mended = playbooks.run("harden", [kernels.machine], variables=POLICY)
    assert mended.returncode == 0, mended.output
    kernels.machine.ssh(f"apt-get purge -y linux-image-{OLDER}", timeout=240)
    assert "fallback_kernel.spare_kernel" in audit(kernels)


@in_full
def test_remove_leaves_the_distribution_s_own_menu(kernels: Kernels) -> None:
    removed = playbooks.run("remove", [kernels.machine])
    assert removed.returncode == 0, removed.output
    menu = "cat /boot/grub/grub.cfg"
    left = kernels.machine.ssh(menu).stdout
    assert "kernelops" not in left
    kernels.machine.ssh("update-grub", timeout=120)
    assert kernels.machine.ssh(menu).stdout == left
    found = kernels.machine.ssh(
        "find / -xdev -name '*fallback_kernel*' -o -xdev -name '*boot_kernel*'", timeout=120
    ).stdout
    assert found == ""
    assert playbooks.run("remove", [kernels.machine]).changed == []
