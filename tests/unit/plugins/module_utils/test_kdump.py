# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of kdump on machines made of trees: each control, and each way in which it fails."""

from typing import Any

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _finding,
    _kdump,
    _kdump_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    HostError,
)
from unit.plugins.module_utils.fixture_kdump import (
    CONFIG,
    HARDEN,
    MASK,
    POLICY,
    TABLE,
    UNIT,
    KdumpHost,
    debian,
    machine,
    redhat,
    set_up,
)
from unit.plugins.module_utils.fixture_kdump_audit import judge, only, statuses


@pytest.fixture
def hardened(tmp_path: Any) -> KdumpHost:
    return set_up(debian(str(tmp_path / "host")))


@pytest.fixture
def stock(tmp_path: Any) -> KdumpHost:
    return debian(str(tmp_path / "host"))


def test_the_hardened_machine_passes(hardened: KdumpHost) -> None:
    found = judge(hardened)
    assert statuses(found, "pass") == sorted(set(found) - {"last_drill"})
    assert found["memory_configured"]["observed"] == "2 of 2 normal entries, next: crashkernel=" + TABLE
    assert found["memory_reserved"]["observed"] == "256 MiB, crashkernel=" + TABLE
    assert found["memory_reserved"]["expected"] == "256 MiB by crashkernel=%s in this boot" % TABLE
    assert found["capture_restarts"]["observed"] == "panic=10"
    assert found["target_private"]["observed"] == "0700"
    assert (found["last_drill"]["status"], found["last_drill"]["category"]) == ("not_applicable", "proof")
    assert {item["category"] for name, item in found.items() if name != "last_drill"} == {"config"}


def test_the_package_alone_has_drifted(stock: KdumpHost) -> None:
    found = judge(stock)
    assert statuses(found, "fail") == ["configuration", "memory_configured", "target_private"]
    assert statuses(found, "unknown") == []


def test_a_stock_machine_without_the_package(tmp_path: Any) -> None:
    host = machine(str(tmp_path / "host"), "debian12/stock", "debian12/kdump")
    for path in ("/sbin/kexec", "/usr/bin/makedumpfile", "/usr/sbin/mkinitramfs"):
        host.remove(path)
    item = judge(host)["installed"]
    assert item["observed"] == "missing: initramfs-tools-core, kdump-tools, kexec-tools, makedumpfile"
    assert (item["status"], item["severity"], item["remedy"]) == ("fail", "critical", HARDEN)


class TestInstalled:
    @pytest.mark.parametrize(
        "path, package",
        [
            ("/usr/sbin/kdump-config", "kdump-tools"),
            ("/sbin/kexec", "kexec-tools"),
            ("/usr/bin/makedumpfile", "makedumpfile"),
            ("/usr/sbin/mkinitramfs", "initramfs-tools-core"),
        ],
    )
    def test_a_program_is_missing(self, hardened: KdumpHost, path: str, package: str) -> None:
        hardened.remove(path)
        assert only(judge(hardened), "installed")["reason"] == "not installed: " + package

    def test_the_unit_does_not_start(self, hardened: KdumpHost) -> None:
        hardened.remove("/etc/systemd/system/multi-user.target.wants/" + UNIT)
        item = only(judge(hardened), "installed")
        assert item["reason"] == UNIT + " does not start at boot"

    def test_another_target_may_want_the_unit(self, hardened: KdumpHost) -> None:
        hardened.remove("/etc/systemd/system/multi-user.target.wants/" + UNIT)
        hardened.link("/etc/systemd/system/basic.target.wants/" + UNIT, "/lib/systemd/system/" + UNIT)
        assert judge(hardened)["installed"]["status"] == "pass"


class TestConfiguration:
    def test_an_edited_setting_is_named_with_its_line(self, hardened: KdumpHost) -> None:
        text = hardened.text(CONFIG)
        hardened.put(CONFIG, text + "KDUMP_NUM_DUMPS=0\n")
        item = only(judge(hardened), "configuration")
        place = "%s:%d" % (CONFIG, len(text.splitlines()) + 1)
        assert item["reason"] == "KDUMP_NUM_DUMPS is '0', not '3' (%s)" % place
        assert (item["observed"], item["evidence"], item["remedy"]) == ("1 differ", [place], HARDEN)

    def test_a_missing_file(self, hardened: KdumpHost) -> None:
        hardened.remove(CONFIG)
        item = judge(hardened)["configuration"]
        assert item["status"] == "fail"
        assert "USE_KDUMP is '', not '1'" in item["reason"]
        assert item["evidence"] == [CONFIG]

    @pytest.mark.parametrize(
        "variable, value, setting",
        [
            ("kdump_keep", 5, "KDUMP_NUM_DUMPS is '3', not '5'"),
            ("kdump_dump_level", 17, "MAKEDUMP_ARGS is '-c -d 31', not '-c -d 17'"),
            ("kdump_failure_action", "halt", "KDUMP_FAIL_CMD is 'reboot -f', not 'halt -f'"),
            ("kdump_compression", "lzo", "MAKEDUMP_ARGS is '-c -d 31', not '-l -d 31'"),
            ("kdump_compression", "none", "MAKEDUMP_ARGS is '-c -d 31', not '-d 31'"),
        ],
    )
    def test_another_policy(self, hardened: KdumpHost, variable: str, value: Any, setting: str) -> None:
        assert setting in only(judge(hardened, **{variable: value}), "configuration")["reason"]

    def test_a_lockdown_wants_the_call_that_checks_signatures(self, hardened: KdumpHost) -> None:
        hardened.put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        assert "KDUMP_KEXEC_ARGS is '', not '-s'" in only(judge(hardened), "configuration")["reason"]


class TestNotBlocked:
    SWITCH = "/proc/sys/kernel/kexec_load_disabled"

    def test_a_file_blocks_the_next_boot(self, hardened: KdumpHost) -> None:
        hardened.put("/etc/sysctl.d/90-lock.conf", "# x\nkernel.kexec_load_disabled = 1\n")
        item = only(judge(hardened), "not_blocked")
        assert item["reason"] == "kernel.kexec_load_disabled=1 (/etc/sysctl.d/90-lock.conf:2)"
        assert item["remedy"].startswith("remove it from /etc/sysctl.d/90-lock.conf:2 and reboot")
        assert item["evidence"] == ["/etc/sysctl.d/90-lock.conf:2"]

    def test_set_since_boot(self, hardened: KdumpHost) -> None:
        hardened.put(self.SWITCH, "1\n")
        item = only(judge(hardened), "not_blocked")
        assert item["reason"] == "kernel.kexec_load_disabled=1 (set since boot, by no file)"
        assert item["evidence"] == [self.SWITCH]

    def test_a_masked_unit(self, hardened: KdumpHost) -> None:
        hardened.link(MASK, "/dev/null")
        item = only(judge(hardened), "not_blocked")
        assert item["reason"] == UNIT + " is masked"
        assert "waive kdump.*" in item["remedy"]
        assert item["evidence"] == [MASK]

    def test_lockdown_for_confidentiality(self, hardened: KdumpHost) -> None:
        hardened.put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n")
        item = judge(hardened)["not_blocked"]
        assert item["status"] == "fail"
        assert "lockdown is 'confidentiality'" in item["reason"]

    def test_all_reasons_are_named_at_once(self, hardened: KdumpHost) -> None:
        hardened.put(self.SWITCH, "1\n")
        hardened.link(MASK, "/dev/null")
        assert len(judge(hardened)["not_blocked"]["reason"].split("; ")) == 2

    def test_a_switch_for_root_alone(self, hardened: KdumpHost) -> None:
        hardened.denied.add(self.SWITCH)
        assert only(judge(hardened), "not_blocked", "unknown")["remedy"] == "run as root"


class TestNotApplicable:
    def all_for(self, host: KdumpHost, **changes: Any) -> str:
        found = _kdump.evaluate(dict(POLICY, **changes), _kdump.observe(host))
        assert {item["status"] for item in found} == {"not_applicable"}
        assert len(found) == 12
        assert len({item["reason"] for item in found}) == 1
        return str(found[0]["reason"])

    def test_a_machine_of_512_mib(self, stock: KdumpHost) -> None:
        for number in range(4, 16):
            stock.remove("/sys/devices/system/memory/memory%d/online" % number)
            stock.remove_empty("/sys/devices/system/memory/memory%d" % number)
        assert self.all_for(stock) == (
            "512 MiB of memory are too little for kdump; it begins at 960 (kdump_memory_minimum)"
        )
        assert statuses(judge(stock, kdump_memory_minimum=512), "not_applicable") == ["last_drill"]

    def test_a_container(self, hardened: KdumpHost) -> None:
        hardened.record("systemd-detect-virt", "--container", out="lxc\n")
        assert self.all_for(hardened) == "a container (lxc) has no kernel of its own; set up its host"

    def test_a_kernel_without_crash_kernels(self, hardened: KdumpHost) -> None:
        hardened.remove("/sys/kernel/kexec_crash_loaded")
        assert "CONFIG_CRASH_DUMP" in self.all_for(hardened)

    def test_an_unknown_system(self, hardened: KdumpHost) -> None:
        hardened.put("/usr/lib/os-release", 'ID=suse\nPRETTY_NAME="openSUSE"\n')
        assert self.all_for(hardened).startswith("openSUSE: this role knows")


def test_a_waiver_silences_a_masked_unit(hardened: KdumpHost) -> None:
    hardened.link(MASK, "/dev/null")
    findings = _kdump.evaluate(POLICY, _kdump.observe(hardened))
    waivers = _finding.parse_waivers({"kdump.*": {"reason": "no dumps here", "until": "2026-12-31"}})
    judged = _finding.apply_waivers(findings, waivers, "2026-11-23")
    waived = [item for item in judged if item["status"] == "waived"]
    assert [item["control"] for item in waived] == ["kdump.not_blocked"]
    assert waived[0]["reason"].endswith("no dumps here")
    assert _finding.summarize(judged)["verdict"] == "hardened"
    assert _finding.summarize(findings)["verdict"] == "drifted"


def test_settings_for_root_alone(hardened: KdumpHost) -> None:
    hardened.denied.add(CONFIG)
    found = judge(hardened)
    assert (found["configuration"]["status"], found["configuration"]["remedy"]) == ("unknown", "run as root")
    assert found["kernel_loaded"]["status"] == "pass"


def test_without_memory_s_size_nothing_can_be_said(hardened: KdumpHost) -> None:
    hardened.remove("/sys/devices/system/memory/block_size_bytes")
    hardened.put("/proc/meminfo", "")
    with pytest.raises(HostError, match="^/proc/meminfo"):
        _kdump.observe(hardened)


class TestRedHat:
    @pytest.fixture
    def ready(self, tmp_path: Any) -> KdumpHost:
        host = redhat(str(tmp_path / "host"))
        host.put("/boot/initramfs-5.14.0-162.6.1.el9_1.x86_64kdump.img", "")
        set_up(host)
        host.put(
            "/proc/cmdline", "ro crashkernel=%s\n" % _kdump_policy.resolve(POLICY, _kdump.observe(host))["crashkernel"]
        )
        return host

    def test_it_passes_once_set_up(self, ready: KdumpHost) -> None:
        found = judge(ready)
        assert statuses(found, "fail") == statuses(found, "unknown") == []

    def test_the_rest_of_a_family_is_told_by_os_release(self, ready: KdumpHost) -> None:
        state = _kdump.observe(ready)
        assert (state["family"], state["major"], state["backend"]) == ("redhat", "9", "kdump-utils")
        ready.put("/etc/os-release", 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n')
        state = _kdump.observe(ready)
        assert (state["family"], state["major"]) == ("redhat", "10")
        assert sorted(state["packages"]) == ["kdump-utils", "kexec-tools", "makedumpfile"]
        ready.put("/etc/os-release", "ID=fedora\nVERSION_ID=9\n")
        assert _kdump.observe(ready)["major"] == "", "no Fedora is a RHEL of the same number"

    def test_an_edited_directive_is_named_with_its_line(self, ready: KdumpHost) -> None:
        text = ready.text("/etc/kdump.conf")
        ready.put("/etc/kdump.conf", text + "failure_action shell\n")
        item = judge(ready)["configuration"]
        place = "/etc/kdump.conf:%d" % (len(text.splitlines()) + 1)
        assert item["reason"] == "failure_action is 'shell', not 'reboot' (%s)" % place

    def test_no_initrd_points_to_boot(self, ready: KdumpHost) -> None:
        ready.remove("/boot/initramfs-5.14.0-162.6.1.el9_1.x86_64kdump.img")
        assert judge(ready)["capture_initrd"]["remedy"].endswith("below /boot")

    def test_a_capture_line_without_panic(self, ready: KdumpHost) -> None:
        ready.put("/etc/sysconfig/kdump", 'KDUMP_COMMANDLINE_APPEND="irqpoll"\n#X="panic=10"\n')
        assert judge(ready)["capture_restarts"]["status"] == "fail"


def test_state_is_the_same_twice(hardened: KdumpHost) -> None:
    first = _kdump.observe(hardened)
    assert dict(_kdump.observe(hardened), now="") == dict(first, now="")
