# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls of fallback_kernel on the lab's machine, and on what can be wrong with it. For Python 3.6 too."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel,
    _fallback_kernel_config,
    _fallback_kernel_controls,
    _fallback_kernel_policy,
    _grub,
    _grub_env,
)
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD, complete_machine, kernel, sized

POLICY: Dict[str, Any] = {
    "fallback_kernel_retain": 1,
    "fallback_kernel_trial_max_age": 14,
    "fallback_kernel_ssh_port": 22,
    "fallback_kernel_healthy_minutes": 5,
    "fallback_kernel_boot_timeout": 900,
    "fallback_kernel_scripts": "/etc/fallback_kernel.d",
    "fallback_kernel_reboot_unconfirmed": False,
    "fallback_kernel_arm_at_reboot": True,
    "fallback_kernel_menu_timeout": 5,
    "fallback_kernel_menu_serial": True,
}
ENV = "/boot/grub/grubenv"
CFG = "/boot/grub/grub.cfg"
STATES = "/var/lib/apt/extended_states"
NAMES = [name for name, _category, _severity, _judge in _fallback_kernel_controls.CONTROLS]


def hardened_machine(make_host: Any) -> FixtureHost:
    """The lab's machine as the role would leave it, with a new kernel that came later."""
    made = complete_machine(make_host)
    _fallback_kernel_config.apply(made, _boot_kernel.observe(made), _fallback_kernel_policy.options(POLICY))
    kernel(made, NEW)
    return made


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    return hardened_machine(make_host)


def findings(host: FixtureHost, **policy: Any) -> Dict[str, Dict[str, Any]]:
    found = _fallback_kernel.evaluate(dict(POLICY, **policy), _fallback_kernel.observe(host))
    return {item["control"].split(".", 1)[1]: item for item in found}


def one(host: FixtureHost, name: str, **policy: Any) -> Dict[str, Any]:
    return findings(host, **policy)[name]


def test_a_hardened_machine_passes_all(host: FixtureHost) -> None:
    found = findings(host)
    assert list(found) == NAMES
    assert {name: item["status"] for name, item in found.items() if item["status"] != "pass"} == {}


def test_a_machine_of_the_distribution(make_host: Any) -> None:
    stock = complete_machine(make_host)
    _grub.apply(stock, "panic", None)
    found = findings(stock)
    failed = {name for name, item in found.items() if item["status"] == "fail"}
    assert failed == {
        "default_bootable",
        "default_is_known_good",
        "restart_on_failed_boot",
        "confirmation_installed",
        "console_menu",
    }
    for name in failed:
        assert found[name]["reason"] and found[name]["remedy"], name
    assert found["default_bootable"]["reason"] == "initrd: /boot/initrd.img-%s is not there or empty" % HALF


def test_a_container_has_no_kernel_of_its_own(host: FixtureHost) -> None:
    yes = host.answers[("systemd-detect-virt", "--vm")]
    host.answers[("systemd-detect-virt", "--container")] = yes._replace(out="docker\n")
    assert {item["status"] for item in findings(host).values()} == {"not_applicable"}


def test_an_unknown_boot_method_is_named(host: FixtureHost) -> None:
    host.put("/run/ostree-booted", "")
    found = findings(host)
    assert {item["status"] for item in found.values()} == {"not_applicable"}
    assert "boot method: ostree" in found["spare_kernel"]["reason"]


def test_what_only_root_may_read_is_unknown(host: FixtureHost) -> None:
    """Debian 12 gives grub.cfg the mode 0600."""
    host.denied.add(CFG)
    found = findings(host)
    assert {name for name, item in found.items() if item["status"] == "unknown"} == set(NAMES) - {
        "boot_space",
        "confirmation_installed",
        "ssh_watched",
    }
    assert found["spare_kernel"]["remedy"] == "run as root"


class TestSpareKernel:
    def test_too_few(self, host: FixtureHost) -> None:
        found = one(host, "spare_kernel", fallback_kernel_retain=2)
        assert (found["status"], found["observed"], found["severity"]) == ("fail", NEW, "critical")
        assert found["reason"].startswith("1 of 2; not whole: %s (initrd: " % HALF)

    def test_one_that_failed_its_trial_is_none(self, host: FixtureHost) -> None:
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"kernelops_failed": NEW}))
        found = one(host, "spare_kernel")
        assert (found["status"], found["observed"]) == ("fail", "none")
        assert found["reason"].endswith("; failed: " + NEW)

    def test_one_without_a_boot_entry_is_none(self, host: FixtureHost) -> None:
        host.put(CFG, host.text(CFG).replace("vmlinuz-" + NEW, "vmlinuz-x"))
        assert one(host, "spare_kernel")["status"] == "fail"


class TestTheDefault:
    def test_that_names_no_entry(self, host: FixtureHost) -> None:
        host.put(CFG, host.text(CFG).replace('set default="kernelops-known-good"', 'set default="gone"'))
        found = one(host, "default_bootable")
        assert (found["status"], found["reason"][:6]) == ("fail", "'gone'")

    def test_whose_kernel_is_not_whole_any_more(self, host: FixtureHost) -> None:
        sized(host, "/boot/initrd.img-" + OLD, 0)
        assert one(host, "default_bootable")["status"] == "fail"

    def test_that_is_not_the_known_good_kernel(self, host: FixtureHost) -> None:
        host.put(CFG, host.text(CFG).replace('set default="kernelops-known-good"', 'set default="1"'))
        found = one(host, "default_is_known_good")
        assert (found["status"], found["expected"], found["observed"]) == ("fail", OLD, HALF)

    def test_a_hand_made_grub_set_default_is_named(self, host: FixtureHost) -> None:
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"saved_entry": "1>2"}))
        found = one(host, "default_is_known_good")
        assert found["status"] == "fail"
        assert "somebody chose '1>2' with grub-set-default" in found["reason"]

    def test_but_not_what_was_saved_before_the_role_came(self, make_host: Any) -> None:
        """As with GRUB_DEFAULT=saved; the role has no other way to pass its own control."""
        host = complete_machine(make_host)
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"saved_entry": "1>2"}))
        before = host.text(ENV)
        options = _fallback_kernel_policy.options(POLICY)
        for _run in range(2):
            _fallback_kernel_config.apply(host, _boot_kernel.observe(host), options)
            assert _fallback_kernel_config.plan(host, _boot_kernel.observe(host), options) == []
            assert one(host, "default_is_known_good")["status"] == "pass"
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"saved_entry": "1>4"}))
        assert one(host, "default_is_known_good")["status"] == "fail"
        host.put(ENV, _grub_env.edit(_grub_env.read(host, ENV), {"saved_entry": "1>2"}))
        _fallback_kernel_config.apply(host, _boot_kernel.observe(host), None)
        assert host.text(ENV) == before

    def test_a_pin_of_proxmox_that_has_no_effect_is_named(self, host: FixtureHost) -> None:
        host.put("/etc/kernel/proxmox-boot-pin", OLD + "\n")
        assert one(host, "default_is_known_good")["status"] == "pass"
        host.put("/etc/kernel/proxmox-boot-pin", NEW + "\n")
        found = one(host, "default_is_known_good")
        assert (found["status"], found["reason"][:25]) == ("fail", "somebody pinned 6.1.0-56-")


class TestRestartOnFailedBoot:
    def test_without_panic_on_the_entries(self, host: FixtureHost) -> None:
        _grub.apply(host, "panic", None)
        found = one(host, "restart_on_failed_boot")
        assert found["status"] == "fail"
        assert "recovery" not in found["reason"]

    @pytest.mark.parametrize(
        "old, new, reason",
        [
            ("set fallback=0", "", "GRUB waits for a key when a kernel cannot be loaded"),
            ("set timeout=5", "set timeout=-1", "GRUB's menu waits for a key"),
        ],
    )
    def test_a_grub_that_waits(self, host: FixtureHost, old: str, new: str, reason: str) -> None:
        host.put(CFG, host.text(CFG).replace(old, new))
        found = one(host, "restart_on_failed_boot")
        assert (found["status"], found["reason"]) == ("fail", reason)

    @pytest.mark.parametrize("panic, status", [(True, "unknown"), (False, "fail")])
    def test_with_boot_loader_entries_no_fallback_has_been_seen(
        self, host: FixtureHost, panic: bool, status: str
    ) -> None:
        if not panic:
            _grub.apply(host, "panic", None)
        state = _fallback_kernel.observe(host)
        state["boot"]["method"] = "bls"
        found = [f for f in _fallback_kernel.evaluate(POLICY, state) if f["control"].endswith("restart_on_failed_boot")]
        assert found[0]["status"] == status


def test_a_kernel_that_apt_would_remove(host: FixtureHost) -> None:
    text = "".join("Package: linux-image-%s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % r for r in (OLD, NEW, HALF))
    host.put(STATES, text)
    found = one(host, "retention_configured")
    assert (found["status"], found["reason"]) == ("fail", "the next clean-up of apt would remove " + NEW)
    assert found["evidence"] == ["/etc/apt/apt.conf.d/99fallback_kernel"]


def test_a_known_good_kernel_that_apt_would_remove(host: FixtureHost) -> None:
    """It is neither the running kernel nor one of the newest, so apt itself does not keep it."""
    older = "6.1.0-50-cloud-amd64"
    kernel(host, older)
    text = "".join(
        "Package: linux-image-%s\nArchitecture: amd64\nAuto-Installed: 1\n\n" % r for r in (older, NEW, HALF)
    )
    host.put(STATES, text)
    host.put("/proc/sys/kernel/osrelease", NEW + "\n")
    state = _fallback_kernel.observe(host)
    for known_good, lost in ((OLD, ""), (older, "the next clean-up of apt would remove " + older)):
        state["boot"]["known_good"] = known_good
        found = [f for f in _fallback_kernel.evaluate(POLICY, state) if f["control"].endswith("retention_configured")]
        assert found[0]["reason"] == lost


def test_a_port_on_which_nothing_listens_is_watched_in_vain(host: FixtureHost) -> None:
    assert one(host, "ssh_watched")["observed"] == "22"
    found = one(host, "ssh_watched", fallback_kernel_ssh_port=2222)
    assert (found["status"], found["category"], found["observed"]) == ("fail", "health", "22")
    host.denied.add("/proc/net/tcp")
    assert one(host, "ssh_watched")["status"] == "unknown"


def test_too_little_room_for_the_next_kernel(host: FixtureHost) -> None:
    state = _fallback_kernel.observe(host)
    needed = max(kernel["bytes"] for kernel in state["kernels"]) * 12 // 10
    for free, status in ((needed, "pass"), (needed - 1, "fail")):
        state["space"]["free"] = free
        found = [f for f in _fallback_kernel.evaluate(POLICY, state) if f["control"].endswith("boot_space")]
        assert found[0]["status"] == status
