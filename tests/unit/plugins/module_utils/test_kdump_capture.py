# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of what kdump boots: crash memory at every boot, a loaded kernel with its initrd, and that it restarts."""

from typing import Any

import pytest

from unit.plugins.module_utils.fixture_kdump import (
    HARDEN,
    KERNEL,
    KEXEC_CMD,
    TABLE,
    UNIT,
    KdumpHost,
    debian,
    set_up,
)
from unit.plugins.module_utils.fixture_kdump_audit import judge, only, statuses


@pytest.fixture
def hardened(tmp_path: Any) -> KdumpHost:
    return set_up(debian(str(tmp_path / "host")))


@pytest.fixture
def stock(tmp_path: Any) -> KdumpHost:
    return debian(str(tmp_path / "host"))


class TestMemoryConfigured:
    CFG = "/boot/grub/grub.cfg"

    def test_an_entry_without(self, hardened: KdumpHost) -> None:
        hardened.put(self.CFG, hardened.text(self.CFG).replace(" crashkernel=" + TABLE, "", 1))
        item = only(judge(hardened), "memory_configured")
        assert item["reason"].startswith("gnulinux-simple-")
        assert item["reason"].endswith(" has no crashkernel=")
        assert item["observed"].startswith("1 of 2 normal entries")
        assert item["evidence"][0] == self.CFG

    def test_a_second_one_on_an_entry(self, hardened: KdumpHost) -> None:
        twice = " crashkernel=64M crashkernel=" + TABLE
        hardened.put(self.CFG, hardened.text(self.CFG).replace(" crashkernel=" + TABLE, twice, 1))
        item = only(judge(hardened), "memory_configured")
        assert item["reason"].endswith(" has crashkernel=64M crashkernel=" + TABLE)

    def test_a_later_file_decides_about_the_next_kernel(self, hardened: KdumpHost) -> None:
        hardened.put("/etc/default/grub.d/zzz.cfg", '# x\nGRUB_CMDLINE_LINUX_DEFAULT="crashkernel=64M"\n')
        item = only(judge(hardened), "memory_configured")
        assert item["reason"] == "the next kernel's entry gets crashkernel=64M from /etc/default/grub.d/zzz.cfg:2"
        assert item["remedy"] == "change /etc/default/grub.d/zzz.cfg:2, or remove it, then " + HARDEN
        assert "/etc/default/grub.d/zzz.cfg:2" in item["evidence"]

    def test_no_entry_at_all(self, hardened: KdumpHost) -> None:
        hardened.put(self.CFG, "# empty\n")
        assert "no boot entry was found" in judge(hardened)["memory_configured"]["reason"]

    def test_an_unknown_boot_method(self, hardened: KdumpHost) -> None:
        hardened.put("/run/ostree-booted", "")
        item = judge(hardened)["memory_configured"]
        assert (item["status"], item["reason"]) == (
            "not_applicable",
            "boot method: ostree; set crashkernel= by its own means",
        )

    def test_entries_for_root_alone(self, hardened: KdumpHost) -> None:
        hardened.denied.add(self.CFG)
        item = only(judge(hardened), "memory_configured", "unknown")
        assert (item["reason"], item["remedy"]) == (self.CFG + ": Permission denied", "run as root")


class TestMemoryReserved:
    def test_this_boot_began_without(self, hardened: KdumpHost) -> None:
        hardened.put("/proc/cmdline", "ro quiet panic=10\n")
        hardened.put("/sys/kernel/kexec_crash_size", "0\n")
        item = only(judge(hardened), "memory_reserved")
        assert (item["reason"], item["observed"]) == ("this boot began without it", "0 MiB, no crashkernel=")
        assert item["remedy"] == "reboot the host (or run harden with kdump_reboot_ok: true)"

    def test_the_kernel_could_not(self, hardened: KdumpHost) -> None:
        hardened.put("/sys/kernel/kexec_crash_size", "0\n")
        item = only(judge(hardened), "memory_reserved")
        assert "dmesg" in item["reason"]
        assert item["remedy"].startswith("set kdump_crashkernel to less")

    def test_this_boot_has_two(self, hardened: KdumpHost) -> None:
        hardened.put("/proc/cmdline", "ro crashkernel=64M crashkernel=%s\n" % TABLE)
        assert only(judge(hardened), "memory_reserved")["reason"] == "this boot began without it"

    def test_the_operator_s_value_wins(self, hardened: KdumpHost) -> None:
        found = judge(hardened, kdump_crashkernel="300M")
        assert found["memory_reserved"]["expected"] == "300 MiB by crashkernel=300M in this boot"
        assert statuses(found, "fail") == ["memory_configured", "memory_reserved"]


class TestKernelLoaded:
    def test_none(self, hardened: KdumpHost) -> None:
        hardened.put("/sys/kernel/kexec_crash_loaded", "0\n")
        item = only(judge(hardened), "kernel_loaded")
        assert item["reason"].startswith("no crash kernel is loaded")
        assert item["remedy"].startswith("systemctl restart %s, and see 'journalctl -u %s'" % (UNIT, UNIT))
        assert item["evidence"] == ["/sys/kernel/kexec_crash_loaded"]

    def test_none_before_the_reboot_that_gives_it_memory(self, hardened: KdumpHost) -> None:
        hardened.put("/sys/kernel/kexec_crash_loaded", "0\n")
        hardened.put("/sys/kernel/kexec_crash_size", "0\n")
        assert judge(hardened)["kernel_loaded"]["remedy"].startswith("reboot the host")

    def test_that_of_another_kernel(self, hardened: KdumpHost) -> None:
        hardened.link("/var/lib/kdump/vmlinuz", "/boot/vmlinuz-6.1.0-54-cloud-amd64")
        item = only(judge(hardened), "kernel_loaded")
        assert item["observed"] == "6.1.0-54-cloud-amd64"
        assert "its modules are not those of the running one" in item["reason"]


class TestCaptureInitrd:
    INITRD = "/var/lib/kdump/initrd.img-" + KERNEL

    def test_none_for_the_running_kernel(self, hardened: KdumpHost) -> None:
        hardened.remove(self.INITRD)
        item = only(judge(hardened), "capture_initrd")
        assert item["observed"] == "missing for " + KERNEL
        assert "systemctl restart " + UNIT in item["remedy"]
        assert item["remedy"].endswith("/var/lib/kdump")

    def test_none_for_the_kernel_of_the_next_boot(self, hardened: KdumpHost) -> None:
        cfg = "/boot/grub/grub.cfg"
        hardened.put(cfg, hardened.text(cfg).replace("vmlinuz-" + KERNEL, "vmlinuz-6.1.0-99-amd64", 1))
        item = only(judge(hardened), "capture_initrd")
        assert item["observed"] == "missing for 6.1.0-99-amd64"

    def test_the_next_boot_is_that_of_the_default_not_of_the_first_entry(self, hardened: KdumpHost) -> None:
        """As with a known-good kernel beside a newer one."""
        cfg = "/boot/grub/grub.cfg"
        text = hardened.text(cfg).replace("vmlinuz-" + KERNEL, "vmlinuz-6.1.0-99-amd64", 1)
        text = text.replace('set default="0"', 'set default="1>0"')
        hardened.put(cfg, text)
        assert judge(hardened)["capture_initrd"]["status"] == "pass"

    def test_nothing_that_would_build_it(self, hardened: KdumpHost) -> None:
        """As on a host with dracut: the hook of the package ends without a word."""
        hardened.remove(self.INITRD)
        hardened.remove("/usr/sbin/mkinitramfs")
        found = judge(hardened)
        assert statuses(found, "fail") == ["capture_initrd", "installed"]
        assert "mkinitramfs, which is not installed" in found["capture_initrd"]["reason"]


class TestCaptureRestarts:
    @pytest.mark.parametrize("panic, status", [("panic=1", "pass"), ("panic=-1", "pass"), ("panic=0", "fail")])
    def test_the_line_of_the_loaded_kernel_counts(self, hardened: KdumpHost, panic: str, status: str) -> None:
        hardened.put(KEXEC_CMD, '/sbin/kexec -p --command-line="ro panic=10 %s" --initrd=/x /y\n' % panic)
        item = judge(hardened)["capture_restarts"]
        assert (item["status"], item["observed"]) == (status, panic)

    @pytest.mark.parametrize("panic", ["", "panic=", "panic=x", "-- panic=10"])
    def test_without_one_it_would_hang(self, hardened: KdumpHost, panic: str) -> None:
        hardened.put(KEXEC_CMD, '/sbin/kexec -p --command-line="ro %s" --initrd=/x /y\n' % panic)
        item = only(judge(hardened), "capture_restarts")
        assert "would hang the host for ever" in item["reason"]
        assert item["expected"] == "panic=10 for the capture kernel"

    def test_before_the_first_load_the_line_that_it_would_get(self, stock: KdumpHost) -> None:
        stock.remove(KEXEC_CMD)
        assert judge(stock)["capture_restarts"]["status"] == "pass", "/proc/cmdline has panic=10"
        stock.put("/proc/cmdline", "ro crashkernel=%s\n" % TABLE)
        assert judge(stock)["capture_restarts"]["status"] == "fail"

    def test_a_line_for_root_alone(self, hardened: KdumpHost) -> None:
        hardened.denied.add(KEXEC_CMD)
        item = only(judge(hardened), "capture_restarts", "unknown")
        assert (item["reason"], item["remedy"]) == (KEXEC_CMD + ": Permission denied", "run as root")
