# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes, keeps and gives back, on the lab's machine. Runs on every Python from 3.6 on."""

import re
from typing import Any, Dict, List, Optional, Set

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _fallback_kernel_choice,
    _fallback_kernel_program,
    _fallback_kernel_record,
    _grub,
    _grub_menu,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_config as config
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_files as files
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_units import ARM, CONFIRM
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import CommandError, HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD, complete_machine, sized

OPTIONS: Dict[str, Any] = {
    "retain": 2,
    "ssh_port": 22,
    "healthy_minutes": 5,
    "boot_timeout": 900,
    "scripts": "/etc/fallback_kernel.d",
    "reboot_unconfirmed": False,
    "arm_at_reboot": True,
    "menu_timeout": 5,
    "menu_serial": True,
}
CFG = _grub.GRUB_CFG


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    return complete_machine(make_host)


def plan(host: FixtureHost, options: Optional[Dict[str, Any]] = OPTIONS) -> Any:
    before = host.snapshot()
    found = config.plan(host, _boot_kernel.observe(host), options)
    assert host.snapshot() == before, "foretelling changes nothing"
    return found


def apply(host: FixtureHost, options: Optional[Dict[str, Any]] = OPTIONS, **changes: Any) -> None:
    wanted = options if options is None else dict(options, **changes)
    config.apply(host, _boot_kernel.observe(host), wanted)
    assert plan(host, wanted) == []


def different(before: Dict[str, Any], after: Dict[str, Any]) -> Set[str]:
    """What is not as it was, but for directories that were made."""
    return {p for p in set(before) | set(after) if before.get(p) != after.get(p) and after.get(p) != "directory"}


def test_it_does_what_it_foretells_once_and_gives_all_back(host: FixtureHost) -> None:
    _grub.regenerate(host, lambda text: None)
    before = host.snapshot()
    foretold = plan(host)
    assert {change.path for change in foretold} > set(config.OWN_FILES) | {CFG, "/etc/apt/apt.conf.d/99fallback_kernel"}
    apply(host)
    for change in foretold:
        if change.mode is not None:
            assert (host.text(change.path), host.mode(change.path)) == (change.after, change.mode)
    after = host.snapshot()
    config.apply(host, _boot_kernel.observe(host), OPTIONS)
    assert host.snapshot() == after
    apply(host, None)
    left = host.snapshot()
    gone = {path for path in set(before) ^ set(left)}
    # A real host has these.
    assert gone == {"/etc/systemd", "/usr/local", "/usr/local/lib", "/var", "/var/lib"}
    assert {path: left[path] for path in before} == before


def test_the_running_kernel_becomes_known_good_and_stays_it(host: FixtureHost) -> None:
    apply(host)
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"]) == (OLD, OLD)
    host.put("/proc/sys/kernel/osrelease", NEW + "\n")
    assert _fallback_kernel_choice.known_good(_boot_kernel.observe(host)) == OLD, "a run of the role is no confirmation"


def test_one_that_was_removed_is_replaced_by_the_running_one(host: FixtureHost) -> None:
    apply(host)
    sized(host, "/boot/initrd.img-" + OLD, 0)
    host.put("/proc/sys/kernel/osrelease", NEW + "\n")
    apply(host)
    assert _boot_kernel.observe(host)["default"]["release"] == NEW


def test_without_a_whole_kernel_it_is_refused(host: FixtureHost) -> None:
    for release in (OLD, NEW):
        sized(host, "/boot/initrd.img-" + release, 0)
    with pytest.raises(HostError, match="no kernel on this host is whole"):
        plan(host)


class TestMenu:
    """The menu for a person at the console."""

    def test_an_entry_checks_the_file_systems(self, host: FixtureHost) -> None:
        apply(host)
        (entry,) = [item for item in _grub_menu.parse(host.text(CFG)) if item.ident == files.CHECK_IDENT]
        assert entry.title.startswith("Check the file systems, then: Debian GNU/Linux")
        assert entry.kernel == "/boot/vmlinuz-" + OLD
        assert entry.arguments.endswith(" kernelops.check fsck.mode=force fsck.repair=yes")
        assert "panic=" not in entry.arguments
        assert _grub_menu.parse(host.text(CFG))[0].arguments.endswith(" panic=10")
        shown = [e for e in _boot_kernel.observe(host)["entries"] if e["id"] == files.CHECK_IDENT]
        assert shown[0]["recovery"] is True, "it is no entry to try or to count"

    def test_a_host_that_checks_at_every_boot_has_normal_entries(self, host: FixtureHost) -> None:
        host.put("/etc/default/grub.d/50-fsck.cfg", 'GRUB_CMDLINE_LINUX="fsck.mode=force"\n')
        apply(host)
        state = _boot_kernel.observe(host)
        normal = {entry["release"] for entry in state["entries"] if not entry["recovery"]}
        assert {OLD, NEW} <= normal
        assert _boot_kernel_changes.named(state, "trial", NEW) == NEW

    def test_the_entry_follows_the_known_good_kernel(self, host: FixtureHost) -> None:
        apply(host)
        _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(NEW, None))
        (entry,) = [item for item in _grub_menu.parse(host.text(CFG)) if item.ident == files.CHECK_IDENT]
        assert entry.kernel == "/boot/vmlinuz-" + NEW

    def test_its_time_and_recovery_entries(self, host: FixtureHost) -> None:
        apply(host, menu_timeout=7)
        assert files.menu(host.text(CFG))["seconds"] == ["7"]
        assert "GRUB_DISABLE_RECOVERY=false\n" in host.text(files.CONSOLE)

    @pytest.mark.parametrize(
        "cmdline, serial, line",
        [
            ("console=tty0 console=ttyS1,57600n8", True, "serial --unit=1 --speed=57600"),
            ("console=ttyS0", True, "serial --unit=0 --speed=9600"),
            ("console=tty0", True, None),
            ("console=ttyS0,115200", False, None),
        ],
    )
    def test_the_serial_port_of_the_kernel(self, host: FixtureHost, cmdline: str, serial: bool, line: Any) -> None:
        host.put("/proc/cmdline", "root=/dev/vda3 %s\n" % cmdline)
        text = files.console(files.facts(host), dict(OPTIONS, menu_serial=serial))[files.CONSOLE].text
        assert ("GRUB_TERMINAL" in text) is (line is not None)
        assert line is None or line in text

    def test_a_later_file_that_decides_is_refused_and_nothing_is_left(self, host: FixtureHost) -> None:
        host.put("/etc/default/grub.d/zzz-image.cfg", "GRUB_TIMEOUT=0\n")
        before = host.snapshot()
        with pytest.raises(HostError, match="the menu is shown for 0 seconds, not 5; look for another file"):
            config.apply(host, _boot_kernel.observe(host), OPTIONS)
        assert different(before, host.snapshot()) == set()

    def test_nor_is_an_earlier_setting_changed_by_it(self, host: FixtureHost) -> None:
        apply(host)
        host.put("/etc/default/grub.d/zzz-image.cfg", "GRUB_TIMEOUT=0\n")
        before = host.snapshot()
        with pytest.raises(HostError, match="nothing was changed"):
            config.apply(host, _boot_kernel.observe(host), dict(OPTIONS, menu_timeout=7))
        assert different(before, host.snapshot()) == set()

    def test_a_menu_that_was_made_without_them_is_made_anew(self, host: FixtureHost) -> None:
        """As after a power cut between the files and the menu."""
        _grub.regenerate(host, lambda text: None)
        menu = host.text(CFG)
        apply(host)
        host.put(CFG, menu)
        assert CFG in [change.path for change in plan(host)]
        apply(host)


class TestUnits:
    def test_systemd_takes_them(self, host: FixtureHost) -> None:
        host.put("/usr/bin/python3", "")
        apply(host)
        text = host.text(files.unit_path(CONFIRM))
        command = re.findall(r"(?m)^ExecStart=(.*)$", text)[0].split()
        assert command[:4] == ["/usr/bin/python3", "-I", files.PROGRAM, "confirm"]
        with pytest.raises(SystemExit):
            _fallback_kernel_program.parse(command[3:4])
        parsed = _fallback_kernel_program.parse(command[3:])
        assert {name: parsed[name] for name in parsed if name != "order"} == {
            name: OPTIONS[name] for name in parsed if name != "order"
        }
        arm = re.findall(r"(?m)^ExecStop=-(.*)$", host.text(files.unit_path(ARM)))[0].split()
        assert _fallback_kernel_program.parse(arm[3:])["order"] == "arm"
        assert host.programs["systemctl"].active == [ARM]  # type: ignore[attr-defined]

    def test_restarting_what_does_not_serve_is_an_option(self, host: FixtureHost) -> None:
        apply(host, reboot_unconfirmed=True)
        assert " --reboot-unconfirmed\n" in host.text(files.unit_path(CONFIRM))

    def test_without_arming_at_restarts_there_is_no_unit_for_it(self, host: FixtureHost) -> None:
        apply(host)
        apply(host, arm_at_reboot=False)
        assert not host.exists(files.unit_path(ARM))
        assert host.programs["systemctl"].active == []  # type: ignore[attr-defined]

    def test_a_stopped_unit_is_started_again(self, host: FixtureHost) -> None:
        apply(host)
        host.programs["systemctl"].active.clear()  # type: ignore[attr-defined]
        assert [(change.path, change.after) for change in plan(host)] == [(ARM, "started")]

    def test_a_unit_that_failed_is_not_told_of_when_it_is_gone(self, host: FixtureHost) -> None:
        """As after a trial that failed; the host would be 'degraded' until its next boot."""
        apply(host)
        systemctl = host.programs["systemctl"]
        systemctl.failed.extend([CONFIRM, "other.service"])  # type: ignore[attr-defined]
        apply(host, None)
        assert systemctl.failed == ["other.service"]  # type: ignore[attr-defined]

    @pytest.mark.parametrize("version, line", [("252", "CrashReboot=yes"), ("257", "CrashAction=reboot")])
    def test_a_systemd_that_crashes_restarts(self, make_host: Any, version: str, line: str) -> None:
        host = complete_machine(make_host, version)
        apply(host)
        assert host.text(files.MANAGER).endswith("[Manager]\n%s\n" % line)

    def test_an_initramfs_that_hangs_restarts_where_initramfs_tools_make_it(self, host: FixtureHost) -> None:
        script = "/etc/initramfs-tools/scripts/init-top/kernelops_fallback_kernel"
        apply(host, boot_timeout=901)
        assert (host.mode(script), '[ "$passed" -lt 901 ]' in host.text(script)) == (0o755, True)
        host.remove("/usr/sbin/mkinitramfs")
        apply(host)
        assert not host.exists(script)


class TestTrouble:
    @pytest.mark.parametrize("unit", [CONFIRM, ARM])
    def test_a_masked_unit_stops_it_and_stays_masked(self, host: FixtureHost, unit: str) -> None:
        host.put("/dev/null", "")
        host.link(files.unit_path(unit), "/dev/null")
        before = host.snapshot()
        with pytest.raises(HostError, match="^%s: masked; systemctl unmask %s" % (unit, unit)):
            config.apply(host, _boot_kernel.observe(host), OPTIONS)
        assert host.snapshot() == before
        apply(host, None)
        assert host.readlink(files.unit_path(unit)) == "/dev/null"

    def test_a_full_disk_leaves_everything_as_it_was(self, host: FixtureHost) -> None:
        before = host.snapshot()
        host.refused.add(files.PROGRAM)
        with pytest.raises(HostError, match="No space left"):
            config.apply(host, _boot_kernel.observe(host), OPTIONS)
        host.refused.clear()
        assert different(before, host.snapshot()) == set()

    def test_a_menu_that_cannot_be_made_leaves_the_units_as_they_were(self, host: FixtureHost) -> None:
        apply(host)
        before, makes = host.snapshot(), host.programs["grub-mkconfig"]

        def refuse(argv: List[str]) -> Result:
            raise CommandError("grub-mkconfig: ended with code 1: No space left on device")

        host.programs["grub-mkconfig"] = refuse
        with pytest.raises(HostError, match="No space left"):
            config.apply(host, _boot_kernel.observe(host), None)
        host.programs["grub-mkconfig"] = makes
        assert different(before, host.snapshot()) == set()
        assert plan(host) == []

    def test_what_the_known_good_kernel_has_is_remembered_at_once(self, host: FixtureHost) -> None:
        apply(host)
        assert _fallback_kernel_record.known(host, OPTIONS) == (["eth0"], True)

    def test_a_half_installed_kernel_is_not_named_to_apt(self, host: FixtureHost) -> None:
        apply(host)
        text = host.text("/etc/apt/apt.conf.d/99fallback_kernel")
        assert re.escape(HALF).replace("\\-", "-") not in text
        assert NEW.replace(".", "\\.") in text
