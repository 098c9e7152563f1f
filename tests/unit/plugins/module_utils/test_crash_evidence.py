# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host keeps the evidence of crashes, judged on captured machines."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _crash_evidence,
    _sysctl_profile,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash_evidence_files import (
    JOURNALD,
    TMPFILES,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Space
from unit.plugins.module_utils import fixture_evidence
from unit.plugins.module_utils.fixture_evidence import (
    BACKEND,
    JOURNAL,
    KMSG_BYTES,
    NETCONSOLE,
    POST_NOTIFIERS,
    RAMOOPS,
    configure,
    findings,
    policy,
)
from unit.plugins.module_utils.fixture_kdump import KdumpHost

HARDEN = "run kernelops.panic_hardening.harden on this host"
CONFIG = "/etc/systemd/journald.conf"
LATER = "/etc/systemd/journald.conf.d/zzz-site.conf"


@pytest.fixture
def host(tmp_path: Path) -> KdumpHost:
    return fixture_evidence.debian(str(tmp_path / "host"))


@pytest.fixture
def hardened(host: KdumpHost) -> KdumpHost:
    configure(host)
    return host


def expect(found: Dict[str, Any], status: str, reason: str = "", remedy: Optional[str] = None) -> None:
    assert found["status"] == status, found
    assert reason in found["reason"], found
    if remedy is not None:
        assert remedy in found["remedy"], found
    if status in ("fail", "unknown"):
        assert found["reason"], found
        assert found["remedy"], found


@pytest.mark.parametrize("tree", ["debian12", "debian13"])
def test_a_stock_machine_drifts_in_three_places(tmp_path: Path, tree: str) -> None:
    found = findings(fixture_evidence.debian(str(tmp_path / "stock"), tree))
    failed = {name for name, item in found.items() if item["status"] == "fail"}
    assert failed == {"configuration", "journal_persistent", "journal_sync", "pstore_retention"}
    assert {item["remedy"] for item in found.values() if item["status"] == "fail"} == {HARDEN}
    assert found["pstore_retention"]["observed"] == "14d (/usr/lib/tmpfiles.d/systemd-pstore.conf:32)"


@pytest.mark.parametrize("tree", ["debian12", "debian13"])
def test_after_the_role_nothing_fails(tmp_path: Path, tree: str) -> None:
    machine = fixture_evidence.debian(str(tmp_path / "hardened"), tree)
    configure(machine)
    found = findings(machine)
    assert {item["status"] for item in found.values()} == {"pass", "not_applicable"}
    assert found["journal_persistent"]["status"] == found["pstore_retention"]["status"] == "pass"


def test_observing_changes_nothing_and_gives_plain_json(host: KdumpHost) -> None:
    before = host.snapshot()
    state = _crash_evidence.observe(host)
    assert json.loads(json.dumps(state)) == state
    assert host.snapshot() == before
    assert fixture_evidence.systemctl(host).done == []


def test_a_container_is_not_judged(host: KdumpHost) -> None:
    host.record("systemd-detect-virt", "--container", out="docker\n")
    found = findings(host)
    assert {item["status"] for item in found.values()} == {"not_applicable"}
    assert all("container (docker)" in item["reason"] for item in found.values())


class TestJournal:
    """What is effective counts, whoever wrote it."""

    def test_a_later_drop_in_wins_and_is_named(self, hardened: KdumpHost) -> None:
        hardened.put(LATER, "[Journal]\nStorage=volatile\nSyncIntervalSec=1h\nSystemMaxUse=10M\n")
        found = findings(hardened, journal_size="1G")
        expect(found["journal_persistent"], "fail", LATER + ":2 sets Storage=volatile", "remove Storage from " + LATER)
        expect(found["journal_sync"], "fail", LATER + ":3 sets it to 1h", "remove SyncIntervalSec from " + LATER)
        expect(found["journal_size"], "fail", LATER + ":4 sets SystemMaxUse=10M", "remove SystemMaxUse from " + LATER)

    def test_what_is_read_before_ours_needs_no_hand(self, host: KdumpHost) -> None:
        host.put(CONFIG, "[Journal]\nStorage=volatile\n")
        expect(findings(host)["journal_persistent"], "fail", CONFIG + ":2 sets Storage=volatile", HARDEN)
        configure(host)
        expect(findings(host)["journal_persistent"], "pass")

    def test_a_setting_without_its_journal_does_not_pass(self, hardened: KdumpHost) -> None:
        os.unlink(hardened.root + JOURNAL)
        expect(findings(hardened)["journal_persistent"], "fail", "there is no journal of this system", HARDEN)

    def test_the_size(self, hardened: KdumpHost) -> None:
        expect(findings(hardened)["journal_size"], "not_applicable", "is auto")
        expect(findings(hardened, journal_size="2G")["journal_size"], "fail", "no file sets it", HARDEN)
        configure(hardened, journal_size="2G")
        expect(findings(hardened, journal_size="2048M")["journal_size"], "pass")

    def test_more_often_is_as_good(self, hardened: KdumpHost) -> None:
        expect(findings(hardened, journal_sync=300)["journal_sync"], "pass")
        expect(findings(hardened, journal_sync=59)["journal_sync"], "fail")

    def test_what_may_not_be_read_is_unknown(self, hardened: KdumpHost) -> None:
        hardened.denied.add(JOURNALD)
        found = findings(hardened, journal_size="1G")
        for name in ("journal_persistent", "journal_size", "journal_sync", "configuration"):
            expect(found[name], "unknown", "Permission denied", "run as root")

    def test_who_wants_none_is_left_alone(self, host: KdumpHost) -> None:
        found = findings(host, journal=False)
        for name in ("journal_persistent", "journal_size", "journal_sync"):
            expect(found[name], "not_applicable", "crash_evidence_journal is false")
        configure(host, journal=False)
        assert not host.exists(JOURNALD)

    def test_a_changed_file_of_ours_is_drift(self, hardened: KdumpHost) -> None:
        expect(findings(hardened)["configuration"], "pass")
        hardened.put(TMPFILES, hardened.text(TMPFILES) + "# mine\n")
        expect(findings(hardened)["configuration"], "fail", TMPFILES + " is not as wanted", HARDEN)
        os.unlink(hardened.root + TMPFILES)
        expect(findings(hardened)["configuration"], "fail", TMPFILES + " is missing", HARDEN)


class TestSpace:
    """Room for what a crash leaves."""

    @pytest.mark.parametrize(
        "space, reason",
        [
            (Space(100 << 20, 8 << 30, False), "/var/log/journal has 100 MiB"),
            (Space(4 << 30, 8 << 30, True), "/var/lib/systemd/pstore is on a file system that is mounted read-only"),
        ],
    )
    def test_none(self, host: KdumpHost, space: Space, reason: str) -> None:
        host.room = space
        expect(findings(host)["evidence_space"], "fail", reason, "make room there")

    def test_enough(self, host: KdumpHost) -> None:
        found = findings(host)["evidence_space"]
        expect(found, "pass")
        assert (found["category"], found["observed"].startswith("/var/log/journal: 4096 MiB")) == ("health", True)


class TestPstore:
    """Where the kernel's last words go."""

    def test_a_machine_without_a_place_for_them(self, host: KdumpHost) -> None:
        expect(findings(host)["pstore_backend"], "not_applicable", "neither an ACPI ERST nor EFI")
        shutil.rmtree(host.root + os.path.dirname(BACKEND))
        expect(findings(host)["pstore_backend"], "not_applicable", "no pstore")
        expect(findings(host, pstore_kib=64)["pstore_arguments"], "fail", "pstore.kmsg_bytes=nothing")

    @pytest.mark.parametrize("backend", ["erst", "efi_pstore", "efi", "ramoops"])
    def test_a_backend(self, host: KdumpHost, backend: str) -> None:
        host.put(BACKEND, backend + "\n")
        expect(findings(host)["pstore_backend"], "pass")

    def test_firmware_that_could_but_is_not_asked(self, host: KdumpHost) -> None:
        host.put("/sys/firmware/acpi/tables/ERST", "")
        expect(findings(host)["pstore_backend"], "fail", "ACPI ERST", "dmesg | grep ERST")
        host.put("/sys/firmware/efi/systab", "")
        expect(findings(host)["pstore_backend"], "fail", "efi_pstore is not loaded", "crash_evidence_efi_pstore")

    def test_ramoops_where_another_backend_was_first(self, host: KdumpHost) -> None:
        host.put(BACKEND, "erst\n")
        expect(findings(host, ramoops=RAMOOPS)["pstore_backend"], "fail", "pstore uses erst", "restart the host")
        host.put(BACKEND, "ramoops\n")
        expect(findings(host, ramoops=RAMOOPS)["pstore_backend"], "pass")

    def test_ramoops_without_its_memory(self, host: KdumpHost) -> None:
        found = findings(host, ramoops="0x10000000,1M")
        for name in ("ramoops_memory", "pstore_backend"):
            expect(found[name], "fail", "the kernel uses that memory itself", "reserve it at boot")
        expect(found["pstore_arguments"], "not_applicable", "the kernel uses that memory itself")
        expect(findings(host, ramoops=RAMOOPS)["ramoops_memory"], "pass")
        host.denied.add("/proc/iomem")
        expect(findings(host, ramoops=RAMOOPS)["ramoops_memory"], "unknown", "Permission denied", "run as root")

    @pytest.mark.parametrize(
        "break_it, reason, remedy",
        [
            ("mask", "systemd-pstore.service is masked", "systemctl unmask systemd-pstore.service"),
            ("disable", "systemd-pstore.service is not enabled", "systemctl enable systemd-pstore.service"),
            ("Storage=none", "pstore.conf.d/x.conf:2 sets Storage=none", "set Storage=external there"),
            ("Unlink=no", "pstore.conf.d/x.conf:2 sets Unlink=no", "set Unlink=yes there"),
        ],
    )
    def test_records_that_stay_where_they_are(self, host: KdumpHost, break_it: str, reason: str, remedy: str) -> None:
        expect(findings(host)["pstore_archived"], "pass")
        if break_it == "mask":
            host.link("/etc/systemd/system/systemd-pstore.service", "/dev/null")
        elif break_it == "disable":
            os.unlink(host.root + "/etc/systemd/system/sysinit.target.wants/systemd-pstore.service")
        else:
            host.put("/etc/systemd/pstore.conf.d/x.conf", "[PStore]\n%s\n" % break_it)
        expect(findings(host)["pstore_archived"], "fail", reason, remedy)

    def test_an_old_systemd(self, host: KdumpHost) -> None:
        os.unlink(host.root + "/usr/lib/systemd/system/systemd-pstore.service")
        expect(findings(host)["pstore_archived"], "not_applicable", "before 243")

    def test_how_long_they_stay(self, hardened: KdumpHost) -> None:
        expect(findings(hardened)["pstore_retention"], "pass")
        expect(findings(hardened, pstore_days=0)["pstore_retention"], "fail", "after 365d", HARDEN)
        configure(hardened, pstore_days=0)
        expect(findings(hardened, pstore_days=0)["pstore_retention"], "pass")
        hardened.put("/etc/tmpfiles.d/a.conf", "d /var/lib/systemd/pstore - - - 1d\n")
        expect(findings(hardened)["pstore_retention"], "fail", "after 1d", "change /etc/tmpfiles.d/a.conf:1")
        hardened.put("/etc/tmpfiles.d/a.conf", "d /var/lib/systemd/pstore - - - soon\n")
        expect(findings(hardened)["pstore_retention"], "unknown", "is no age", "mend what is unreadable")


class TestKernel:
    """What the kernel says, and whom it tells."""

    def test_boot_arguments_on_the_entries_and_in_this_boot(self, host: KdumpHost) -> None:
        asked = dict(consoles=["tty0", "ttyS1,115200"], pstore_kib=64)
        found = findings(host, **asked)
        expect(found["console_arguments"], "fail", "next kernel's entry gets console=", HARDEN)
        expect(found["pstore_arguments"], "fail", "pstore.kmsg_bytes=nothing", HARDEN)
        expect(found["restarted"], "fail", "without some of it", "reboot the host")
        wanted = _crash_evidence.resolve(policy(**asked), _crash_evidence.observe(host))["cmdline"]
        _bootloader.apply(host, "crash_evidence", wanted)
        found = findings(host, **asked)
        expect(found["console_arguments"], "pass")
        expect(found["pstore_arguments"], "pass")
        expect(found["restarted"], "fail")
        host.put("/proc/cmdline", "ro console=tty0 console=ttyS1,115200 pstore.kmsg_bytes=65536\n")
        expect(findings(host, **asked)["restarted"], "pass")

    def test_a_kernel_that_does_not_know_the_size_of_a_record(self, host: KdumpHost) -> None:
        asked = dict(pstore_kib=64)
        _bootloader.apply(
            host, "crash_evidence", _crash_evidence.resolve(policy(**asked), _crash_evidence.observe(host))["cmdline"]
        )
        expect(findings(host, **asked)["pstore_arguments"], "pass")
        os.unlink(host.root + KMSG_BYTES)
        expect(findings(host, **asked)["pstore_arguments"], "not_applicable", "does not know pstore.kmsg_bytes")
        expect(findings(host)["pstore_arguments"], "not_applicable", "no argument")
        asked.update(efi_pstore=True)
        expect(findings(host, **asked)["pstore_arguments"], "fail", "efi_pstore.pstore_disable=nothing", HARDEN)
        wanted = _crash_evidence.resolve(policy(**asked), _crash_evidence.observe(host))["cmdline"]
        assert wanted == {"efi_pstore.pstore_disable": "0"}
        _bootloader.apply(host, "crash_evidence", wanted)
        expect(findings(host, **asked)["pstore_arguments"], "pass", "does not know pstore.kmsg_bytes")

    def test_a_boot_method_that_is_not_ours(self, host: KdumpHost) -> None:
        host.put("/run/ostree-booted", "")
        found = findings(host, consoles=["tty0"])
        expect(found["console_arguments"], "not_applicable", "boot method: ostree")
        expect(found["restarted"], "not_applicable", "boot method: ostree")

    def test_entries_that_may_not_be_read(self, host: KdumpHost) -> None:
        host.denied.add("/boot/grub/grub.cfg")
        expect(findings(host, consoles=["tty0"])["console_arguments"], "unknown", "Permission denied", "run as root")

    @pytest.mark.parametrize(
        "name, changes, key, value",
        [
            ("console_loglevel", {"console_loglevel": 7}, "kernel.printk", "7 4 1 7"),
            ("panic_information", {"panic_info": ["tasks", "mem"]}, "kernel.panic_print", "3"),
        ],
    )
    def test_parameters_now_and_at_boot(
        self, host: KdumpHost, name: str, changes: Dict[str, Any], key: str, value: str
    ) -> None:
        expect(findings(host)[name], "not_applicable")
        expect(findings(host, **changes)[name], "fail", "no file sets it at boot", HARDEN)
        _sysctl_profile.apply(host, _sysctl_profile.plan(host, "crash_evidence", {key: value}))
        expect(findings(host, **changes)[name], "pass")
        host.put("/etc/sysctl.d/zz-late.conf", "%s = 1\n" % key)
        expect(findings(host, **changes)[name], "fail", "zz-late.conf", "or set crash_evidence_")

    def test_pstore_before_the_crash_kernel(self, host: KdumpHost) -> None:
        expect(findings(host)["post_notifiers"], "not_applicable", "left as it is")
        expect(findings(host, post_notifiers=True)["post_notifiers"], "fail", "with kdump armed", HARDEN)
        configure(host, post_notifiers=True)
        expect(findings(host, post_notifiers=True)["post_notifiers"], "pass")
        os.unlink(host.root + POST_NOTIFIERS)
        expect(findings(host, post_notifiers=True)["post_notifiers"], "not_applicable", "no kexec")

    def test_netconsole(self, host: KdumpHost) -> None:
        expect(findings(host)["netconsole"], "not_applicable")
        expect(findings(host, netconsole=NETCONSOLE)["netconsole"], "fail", "does not start at boot")
        configure(host, netconsole=NETCONSOLE)
        expect(findings(host, netconsole=NETCONSOLE)["netconsole"], "fail", "no netconsole now", "systemctl restart")
        host.put("/proc/consoles", "ttyS0  -W- (EC p a) 4:64\nnetcon0  -W- (E  p  )\n")
        expect(findings(host, netconsole=NETCONSOLE)["netconsole"], "pass")
