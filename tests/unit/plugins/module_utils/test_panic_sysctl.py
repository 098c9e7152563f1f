# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a host: everything observed, and the controls that follow, on captured machines."""

from typing import Any, Callable, Dict, List

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _panic_sysctl
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_programs import Grubby

POLICY: Dict[str, Any] = {
    "panic_hardening_profile": "availability",
    "panic_sysctl_profiles": {
        "availability": {
            "kernel.panic": 10,
            "kernel.panic_on_oops": 1,
            "kernel.oops_limit": 100,
            "kernel.panic_on_warn": 0,
            "kernel.warn_limit": 0,
            "kernel.softlockup_panic": "auto",
            "kernel.hardlockup_panic": "auto",
            "kernel.hung_task_panic": 0,
            "kernel.panic_on_rcu_stall": 0,
            "kernel.panic_on_unrecovered_nmi": "auto",
            "kernel.panic_on_io_nmi": 0,
            "kernel.unknown_nmi_panic": 0,
            "vm.panic_on_oom": 0,
        }
    },
    "panic_sysctl_overrides": {},
    "panic_sysctl_cmdline": True,
}
PANIC = "/proc/sys/kernel/panic"
DROP_IN = "/etc/sysctl.d/99-zz-panic_sysctl.conf"


@pytest.fixture
def hardened(make_host: Callable[..., FixtureHost]) -> FixtureHost:
    return make_host("debian12/stock", "debian12/hardened")


def judge(host: FixtureHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    before = host.snapshot()
    findings = _panic_sysctl.evaluate(dict(POLICY, **changes), _panic_sysctl.observe(host))
    assert host.snapshot() == before, "an audit changes nothing"
    assert all(item["control"].startswith("panic_sysctl.") for item in findings)
    assert all(item["remedy"] and item["reason"] for item in findings if item["status"] in ("fail", "unknown"))
    return {item["control"][len("panic_sysctl.") :]: item for item in findings}


def statuses(found: Dict[str, Dict[str, Any]], status: str) -> List[str]:
    return sorted(name for name in found if found[name]["status"] == status)


def test_a_stock_machine_has_drifted_in_all_that_no_file_sets(debian12: FixtureHost) -> None:
    found = judge(debian12)
    assert statuses(found, "fail") == sorted(list(POLICY["panic_sysctl_profiles"]["availability"]) + ["cmdline_panic"])
    assert statuses(found, "pass") == ["cmdline_conflicts"]
    assert statuses(found, "not_applicable") == ["kernel.kexec_load_disabled"]
    panic = found["kernel.panic"]
    assert panic["severity"] == "critical"
    assert panic["reason"] == "the running kernel has 0; no file sets it at boot"
    assert panic["observed"] == "live 0, at boot not set"
    assert panic["evidence"] == [PANIC]


def test_the_hardened_machine_passes(hardened: FixtureHost) -> None:
    found = judge(hardened)
    assert statuses(found, "fail") == statuses(found, "unknown") == []
    assert statuses(found, "not_applicable") == ["kernel.kexec_load_disabled"]
    assert found["cmdline_panic"]["observed"] == "2 of 2 normal entries, next: panic=10"


def test_a_live_value_set_behind_our_back(hardened: FixtureHost) -> None:
    hardened.put(PANIC, "0\n")
    found = judge(hardened)
    assert statuses(found, "fail") == ["kernel.panic"]
    assert found["kernel.panic"]["reason"] == "the running kernel has 0"
    assert "harden" in found["kernel.panic"]["remedy"]


def test_a_later_file_is_named(hardened: FixtureHost) -> None:
    hardened.put("/etc/sysctl.d/zz-local.conf", "# x\nkernel.panic = 0\n")
    item = judge(hardened)["kernel.panic"]
    assert (item["status"], item["reason"]) == ("fail", "/etc/sysctl.d/zz-local.conf:2 sets 0 at boot")
    assert item["remedy"].startswith(
        "remove kernel.panic from /etc/sysctl.d/zz-local.conf:2, or set panic_sysctl_overrides"
    )
    assert "/etc/sysctl.d/zz-local.conf:2" in item["evidence"]


def test_sysctl_conf_is_named_through_its_link_on_a_stock_machine(debian12: FixtureHost) -> None:
    debian12.put("/etc/sysctl.conf", "kernel.panic = 3\n")
    item = judge(debian12)["kernel.panic"]
    assert "/etc/sysctl.d/99-sysctl.conf:1 (a link to /etc/sysctl.conf) sets 3 at boot" in item["reason"]
    assert item["remedy"] == "run kernelops.panic_hardening.harden on this host"


def test_sysctl_conf_that_is_not_read_at_boot_is_mentioned(hardened: FixtureHost) -> None:
    """As on Debian 13: it looks right after sysctl -p, until the reboot."""
    hardened.remove("/etc/sysctl.d/99-sysctl.conf")
    hardened.put("/etc/sysctl.conf", "kernel.panic = 3\n")
    item = judge(hardened)["kernel.panic"]
    assert item["status"] == "pass"
    assert item["reason"] == "/etc/sysctl.conf:1 sets 3: not read at boot, but 'sysctl --system' applies it"


def test_a_key_that_this_kernel_lacks_does_not_apply(hardened: FixtureHost) -> None:
    hardened.remove("/proc/sys/kernel/hung_task_panic")
    item = judge(hardened)["kernel.hung_task_panic"]
    assert (item["status"], item["reason"]) == ("not_applicable", "this kernel has no kernel.hung_task_panic")


def test_the_drop_in_gone_is_drift_that_hardening_mends(hardened: FixtureHost) -> None:
    hardened.remove(DROP_IN)
    item = judge(hardened)["kernel.panic"]
    assert (item["status"], item["reason"]) == ("fail", "no file sets it at boot")
    assert "harden" in item["remedy"]


def test_kdump_tools_beats_a_wanted_zero(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian12/hardened", "debian12/kdump-tools")
    host.put(DROP_IN, host.text(DROP_IN).replace("panic_on_oops = 1", "panic_on_oops = 0"))
    item = judge(host, panic_sysctl_overrides={"kernel.panic_on_oops": 0})["kernel.panic_on_oops"]
    assert item["status"] == "fail"
    assert "kdump-config load" in item["reason"]
    assert judge(host)["kernel.panic_on_oops"]["observed"].startswith("live 1, at boot 1 (/usr/sbin/kdump-config)")


def test_tuned_that_does_not_apply_the_files_again_is_named(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("debian12/stock", "debian12/hardened", "debian12/tuned")
    override = {"kernel.panic_on_oops": 0}
    host.put(DROP_IN, host.text(DROP_IN).replace("panic_on_oops = 1", "panic_on_oops = 0"))
    host.put("/proc/sys/kernel/panic_on_oops", "0\n")
    assert judge(host, panic_sysctl_overrides=override)["kernel.panic_on_oops"]["status"] == "pass"
    host.put("/etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    item = judge(host, panic_sysctl_overrides=override)["kernel.panic_on_oops"]
    assert item["status"] == "fail"
    assert item["reason"].startswith("TuneD profile oracle sets 1 (/usr/lib/tuned/oracle/tuned.conf:")


class TestKexec:
    """kernel.kexec_load_disabled is a one-way switch that keeps kdump out."""

    @pytest.fixture
    def host(self, make_host: Callable[..., FixtureHost]) -> FixtureHost:
        return make_host("debian12/stock", "debian12/hardened", "debian12/kdump-tools")

    def test_with_kdump_it_must_be_off(self, host: FixtureHost) -> None:
        assert judge(host)["kernel.kexec_load_disabled"]["status"] == "pass"
        host.put("/proc/sys/kernel/kexec_load_disabled", "1\n")
        host.put("/etc/sysctl.d/50-dev-sec.conf", "kernel.kexec_load_disabled = 1\n")
        item = judge(host)["kernel.kexec_load_disabled"]
        assert (item["status"], item["reason"]) == ("fail", "kdump cannot load its crash kernel")
        assert item["remedy"].startswith(
            "remove kernel.kexec_load_disabled from /etc/sysctl.d/50-dev-sec.conf:1 and reboot"
        )

    def test_the_next_boot_counts_too(self, host: FixtureHost) -> None:
        host.put("/etc/sysctl.d/50-dev-sec.conf", "kernel.kexec_load_disabled = 1\n")
        assert judge(host)["kernel.kexec_load_disabled"]["status"] == "fail"

    def test_without_kexec_it_does_not_apply(self, host: FixtureHost) -> None:
        host.remove("/proc/sys/kernel/kexec_load_disabled")
        assert judge(host)["kernel.kexec_load_disabled"]["reason"] == "this kernel has no kexec"


class TestCommandLine:
    """panic= on the boot entries, and arguments that work against the policy."""

    def test_an_edited_entry_is_named(self, hardened: FixtureHost) -> None:
        cfg = "/boot/grub/grub.cfg"
        hardened.put(cfg, hardened.text(cfg).replace("panic=10", "panic=0", 1))
        item = judge(hardened)["cmdline_panic"]
        assert item["status"] == "fail"
        assert item["reason"].startswith("gnulinux-simple-")
        assert item["reason"].endswith(" has panic=0")
        assert item["evidence"] == [cfg]

    def test_a_file_that_takes_it_from_the_next_kernel_is_named(self, hardened: FixtureHost) -> None:
        hardened.put("/etc/default/grub.d/zzz.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
        item = judge(hardened)["cmdline_panic"]
        assert item["reason"] == "the next kernel's entry gets panic=nothing from /etc/default/grub.d/zzz.cfg:1"
        assert item["remedy"].startswith("change /etc/default/grub.d/zzz.cfg:1, or remove it, then run")

    def test_an_edited_drop_in_is_named_and_mended_by_hardening(self, hardened: FixtureHost) -> None:
        hardened.put("/etc/default/grub.d/zz-panic_sysctl.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="panic=1"\n')
        item = judge(hardened)["cmdline_panic"]
        assert "panic=1 from /etc/default/grub.d/zz-panic_sysctl.cfg:1" in item["reason"]
        assert item["remedy"].startswith("run kernelops.panic_hardening.harden")

    def test_no_entry_at_all_is_a_failure(self, hardened: FixtureHost) -> None:
        hardened.put("/boot/grub/grub.cfg", "# empty\n")
        assert "no boot entry was found" in judge(hardened)["cmdline_panic"]["reason"]

    def test_switched_off_it_does_not_apply(self, hardened: FixtureHost) -> None:
        item = judge(hardened, panic_sysctl_cmdline=False)["cmdline_panic"]
        assert (item["status"], item["reason"]) == ("not_applicable", "panic_sysctl_cmdline is false")

    def test_an_unknown_boot_method_is_named(self, hardened: FixtureHost) -> None:
        hardened.put("/run/ostree-booted", "")
        found = judge(hardened)
        for name in ("cmdline_panic", "cmdline_conflicts"):
            assert found[name]["status"] == "not_applicable"
            assert found[name]["reason"].startswith("boot method: ostree;")
        assert found["kernel.panic"]["status"] == "pass"

    def test_contradictions_are_found_on_the_running_line_and_the_entries(self, hardened: FixtureHost) -> None:
        hardened.put("/proc/cmdline", hardened.text("/proc/cmdline").strip() + " sysctl.kernel.panic=0\n")
        item = judge(hardened)["cmdline_conflicts"]
        assert (item["status"], item["observed"]) == ("fail", "sysctl.kernel.panic=0")
        assert item["evidence"] == ["/proc/cmdline"]


def test_rhel_is_judged_by_what_grubby_lists(make_host: Callable[..., FixtureHost]) -> None:
    host = make_host("rhel9")
    host.programs["grubby"] = Grubby(host)
    host.put(PANIC, "0\n")
    found = judge(host)
    assert found["cmdline_panic"]["observed"] == "0 of 2 normal entries, next: panic=nothing"
    assert found["cmdline_panic"]["evidence"][-1] == "/etc/default/grub"
    assert found["kernel.panic_on_oops"]["status"] == "not_applicable"


class TestUnreadable:
    """Without root, what cannot be read is unknown, with the reason, and all the rest is judged."""

    def test_boot_entries(self, hardened: FixtureHost) -> None:
        hardened.denied.add("/boot/grub/grub.cfg")
        found = judge(hardened)
        assert statuses(found, "unknown") == ["cmdline_conflicts", "cmdline_panic"]
        assert found["cmdline_panic"]["reason"] == "/boot/grub/grub.cfg: Permission denied"
        assert found["cmdline_panic"]["remedy"] == "run as root"
        assert statuses(found, "fail") == []

    def test_a_live_value(self, hardened: FixtureHost) -> None:
        hardened.denied.add(PANIC)
        found = judge(hardened)
        assert statuses(found, "unknown") == ["kernel.panic"]
        assert found["kernel.panic"]["reason"] == PANIC + ": Permission denied"

    @pytest.mark.parametrize(
        "path", ["/etc/sysctl.d/50-secret.conf", "/etc/tuned/active_profile", "/etc/default/kdump-tools"]
    )
    def test_a_file_that_may_decide(self, hardened: FixtureHost, path: str) -> None:
        hardened.put(path, "x\n")
        hardened.denied.add(path)
        found = judge(hardened)
        assert found["kernel.panic"]["status"] == "unknown"
        assert path in found["kernel.panic"]["reason"]
        assert found["cmdline_panic"]["status"] == "pass"


def test_a_container_is_left_alone(hardened: FixtureHost) -> None:
    answer = hardened.answers[("systemd-detect-virt", "--vm")]
    hardened.answers[("systemd-detect-virt", "--container")] = answer._replace(out="systemd-nspawn\n")
    found = judge(hardened)
    assert set(statuses(found, "not_applicable")) == set(found)
    assert found["kernel.panic"]["reason"] == "a container (systemd-nspawn) has no kernel of its own; harden its host"
    assert set(found) >= {"kernel.panic", "cmdline_panic", "cmdline_conflicts", "kernel.kexec_load_disabled"}
