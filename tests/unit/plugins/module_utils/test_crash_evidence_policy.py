# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of the role crash_evidence: what is refused before a host is touched, and what it means on one."""

import re
from pathlib import Path
from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence,
    _crash_evidence_policy,
    _crash_evidence_ramoops,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from unit.plugins.module_utils import fixture_evidence
from unit.plugins.module_utils.fixture_evidence import NETCONSOLE, RAMOOPS, policy
from unit.plugins.module_utils.fixture_kdump import KdumpHost


@pytest.fixture
def host(tmp_path: Path) -> KdumpHost:
    return fixture_evidence.debian(str(tmp_path / "host"))


def wanted(host: KdumpHost, **changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _crash_evidence.resolve(policy(**changes), _crash_evidence.observe(host))
    return found


def test_the_defaults_are_accepted_and_ask_the_kernel_for_nothing(host: KdumpHost) -> None:
    _crash_evidence_policy.validate(policy())
    found = wanted(host)
    assert (found["applicable"], found["sysctls"], found["cmdline"], found["reboot_required"]) == (True, {}, {}, False)


@pytest.mark.parametrize(
    "name, values",
    [
        ("journal_size", ["512M", "2G", "64M", "65536M"]),
        ("ramoops", [RAMOOPS, "0x100000000,256K", "oops"]),
        ("consoles", [["tty0"], ["tty0", "ttyS0,115200n8"], ["ttyAMA0"], ["hvc0"]]),
        (
            "netconsole",
            [NETCONSOLE, "@/eth0,@192.0.2.20/", "+r@2001:db8::1/bond0.7,6666@2001:db8::2/52:54:00:12:34:56"],
        ),
        ("panic_info", [["tasks", "mem"], ["blocked_tasks"]]),
    ],
)
def test_what_is_accepted(name: str, values: Any) -> None:
    for value in values:
        _crash_evidence_policy.validate(policy(**{name: value}))


@pytest.mark.parametrize(
    "name, value",
    [
        ("journal_size", "1M"),
        ("journal_size", "2g"),
        ("journal_size", "1G\nStorage=none"),
        ("journal_size", ""),
        ("journal_sync", 0),
        ("journal_sync", 3601),
        ("space_minimum", 0),
        ("pstore_days", -1),
        ("pstore_kib", 1025),
        ("console_loglevel", 9),
        ("ramoops", "0x3ff00000"),
        ("ramoops", "3ff00000,1M"),
        ("ramoops", "0x3ff00000,3M"),
        ("ramoops", "0x3ff00000,128K"),
        ("ramoops", "Oops"),
        ("ramoops", "oops\n"),
        ("consoles", ["ttyS0 panic=0"]),
        ("consoles", ["ttyS0,115200;reboot"]),
        ("consoles", [""]),
        ("consoles", ["tty0", "tty0"]),
        ("netconsole", "192.0.2.20"),
        ("netconsole", "6665@192.0.2.10/eth0,6666@192.0.2.20/52:54:00:12:34:56\nExecStart=/bin/sh"),
        ("netconsole", "6665@192.0.2.10/eth0 x,6666@192.0.2.20/52:54:00:12:34:56"),
        ("netconsole", "6665@192.0.2.10/%H,6666@192.0.2.20/52:54:00:12:34:56"),
        ("panic_info", ["everything"]),
    ],
)
def test_what_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(PolicyError, match="^crash_evidence_%s: " % name):
        _crash_evidence_policy.validate(policy(**{name: value}))


def test_the_module_names_its_own_option() -> None:
    with pytest.raises(PolicyError, match="^journal_size: "):
        _crash_evidence_policy.check_options(fixture_evidence.options(journal_size="x"))


def test_two_places_for_pstore_are_refused() -> None:
    with pytest.raises(PolicyError, match="^crash_evidence_ramoops: pstore has one place at a time"):
        _crash_evidence_policy.validate(policy(ramoops="oops", efi_pstore=True))


@pytest.mark.parametrize(
    "other",
    [
        {"panic_sysctl_overrides": {"kernel.panic_print": 3}},
        {"panic_hardening_profile": "mine", "panic_sysctl_profiles": {"mine": {"kernel.panic_print": 3}}},
    ],
)
def test_a_key_that_panic_sysctl_sets_too_is_refused(other: Dict[str, Any]) -> None:
    _crash_evidence_policy.validate(dict(policy(), **other))
    with pytest.raises(
        PolicyError, match="^crash_evidence_panic_info: .*panic_sysctl_overrides.*kernel.panic_print too"
    ):
        _crash_evidence_policy.validate(dict(policy(panic_info=["mem"]), **other))
    left = {"panic_sysctl_overrides": {"kernel.panic_print": None}}
    _crash_evidence_policy.validate(dict(policy(panic_info=["mem"]), **dict(other, **left)))


class TestResolve:
    """What it means on a host."""

    def test_the_level_of_the_console_leaves_the_other_numbers_alone(self, host: KdumpHost) -> None:
        host.put("/proc/sys/kernel/printk", "4\t5\t2\t7\n")
        assert wanted(host, console_loglevel=7)["sysctls"] == {"kernel.printk": "7 5 2 7"}

    def test_more_about_a_panic_as_this_kernel_takes_it(self, host: KdumpHost) -> None:
        asked = ["blocked_tasks", "tasks", "mem"]
        assert wanted(host, panic_info=asked)["sysctls"] == {"kernel.panic_print": "131"}
        # A kernel that has it shows an empty line.
        host.put("/proc/sys/kernel/panic_sys_info", "\n")
        assert wanted(host, panic_info=asked)["sysctls"] == {"kernel.panic_sys_info": "tasks,mem,blocked_tasks"}

    def test_arguments_and_whether_this_boot_has_them(self, host: KdumpHost) -> None:
        asked = dict(consoles=["tty0", "ttyS0"], pstore_kib=64, efi_pstore=True)
        found = wanted(host, **asked)
        assert found["cmdline"] == {
            "console": ["tty0", "ttyS0"],
            "pstore.kmsg_bytes": "65536",
            "efi_pstore.pstore_disable": "0",
        }
        assert found["reboot_required"] is True
        line = host.text("/proc/cmdline").strip() + " console=tty0 console=ttyS0 pstore.kmsg_bytes=65536"
        host.put("/proc/cmdline", line + " efi_pstore.pstore_disable=0\n")
        assert wanted(host, **asked)["reboot_required"] is False

    def test_no_reboot_helps_where_the_entries_are_not_ours(self, host: KdumpHost) -> None:
        host.put("/run/ostree-booted", "")
        assert wanted(host, pstore_kib=64)["reboot_required"] is False

    def test_a_container_gets_nothing(self, host: KdumpHost) -> None:
        host.record("systemd-detect-virt", "--container", out="lxc\n")
        found = wanted(host, consoles=["tty0"])
        assert (found["applicable"], found["cmdline"]) == (False, {})
        assert "container (lxc)" in found["reason"]


class TestRamoops:
    """Memory is given to ramoops only where the kernel does not use it."""

    def test_reserved_memory(self, host: KdumpHost) -> None:
        assert wanted(host, ramoops=RAMOOPS)["cmdline"] == {
            "pstore.backend": "ramoops",
            "ramoops.ecc": "1",
            "ramoops.mem_address": "0x3ff00000",
            "ramoops.mem_size": "0x100000",
            "ramoops.record_size": "0x8000",
        }

    @pytest.mark.parametrize("address", ["0x3fe00000", "0x3feff000", "0x0", "0x10000000"])
    def test_memory_that_the_kernel_uses_is_refused(self, host: KdumpHost, address: str) -> None:
        found = wanted(host, ramoops=address + ",1M")
        assert found["cmdline"] == {}
        assert re.match(
            r"the kernel uses that memory itself \(/proc/iomem: [0-9a-f]+-[0-9a-f]+ System RAM\)",
            found["ramoops_refused"],
        )

    def test_without_root_nobody_knows(self, host: KdumpHost) -> None:
        host.put("/proc/iomem", re.sub(r"[0-9a-f]{8}", "00000000", fixture_evidence.IOMEM))
        found = wanted(host, ramoops=RAMOOPS)
        assert (found["cmdline"], "permission denied" in found["ramoops_refused"]) == ({}, True)

    def test_a_label_needs_its_reservation(self, host: KdumpHost) -> None:
        assert wanted(host, ramoops="oops")["ramoops_refused"] == "this boot has no reserve_mem= with the label oops"
        host.put("/proc/cmdline", "ro reserve_mem=1M:4096:trace reserve_mem=1M:4096:oops\n")
        assert wanted(host, ramoops="oops")["cmdline"]["ramoops.mem_name"] == "oops"

    def test_ram_is_read_from_real_lines_only(self) -> None:
        assert _crash_evidence_ramoops.system_ram(fixture_evidence.IOMEM) == [[0x1000, 0x9FBFF], [0x100000, 0x3FEFFFFF]]
