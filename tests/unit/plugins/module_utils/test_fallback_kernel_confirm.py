# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trial while the host runs: confirmed, waited for, restarted or alarmed about. Runs on every Python from 3.6 on."""

from typing import Any, Dict

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _fallback_kernel_confirm,
    _grub_env,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kernels import NEW, OLD, lab_machine, sized

ENV = "/boot/grub/grubenv"
POLICY: Dict[str, Any] = {
    "ssh_port": 22,
    "minutes": 5,
    "scripts": "/etc/fallback_kernel.d",
    "boot_timeout": 900,
    "reboot_unconfirmed": False,
}
ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
)
TCP = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1261094 1 0 100 0 0 10 0\n"
)


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    """A host whose known-good kernel was looked at, and that now runs the new one as a trial."""
    made = lab_machine(make_host)
    made.put("/proc/net/route", ROUTES)
    made.put("/proc/net/tcp", TCP)
    made.put("/proc/uptime", "400.00 1.00\n")
    made.answers[("systemctl", "is-system-running")] = Result(0, "running\n", "")
    _boot_kernel.apply(made, _boot_kernel.observe(made), _boot_kernel.Wish(OLD, None))
    assert act(made) == "none"
    _boot_kernel.apply(made, _boot_kernel.observe(made), _boot_kernel.Wish(None, NEW))
    made.put(ENV, _grub_env.edit(_grub_env.read(made, ENV), {"next_entry": ""}))
    made.put("/proc/sys/kernel/random/boot_id", "2\n")
    made.put("/proc/sys/kernel/osrelease", NEW + "\n")
    return made


def act(host: FixtureHost, **policy: Any) -> str:
    return _fallback_kernel_confirm.step(host, dict(POLICY, **policy)).action


def test_a_healthy_one_is_confirmed_once(host: FixtureHost) -> None:
    assert _fallback_kernel_confirm.step(host, POLICY) == ("confirmed", NEW, [])
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"], state["trial"]["status"]) == (NEW, NEW, "none")
    before = host.snapshot()
    assert act(host) == "none"
    assert host.snapshot() == before


@pytest.mark.parametrize(
    "seconds, route, reboot, action",
    [
        ("899", False, False, "waiting"),
        ("900", False, False, "restart"),
        ("900", True, False, "unconfirmed"),
        ("900", True, True, "restart"),
        ("899", True, True, "waiting"),
    ],
)
def test_one_that_is_not_healthy(host: FixtureHost, seconds: str, route: bool, reboot: bool, action: str) -> None:
    """Cut off it is restarted; one that serves stays up, unless the operator says otherwise."""
    host.put("/proc/uptime", seconds + ".00 1.00\n")
    host.put("/proc/sys/kernel/tainted", "128\n")
    if not route:
        host.put("/proc/net/route", ROUTES.splitlines()[0] + "\n")
    before = host.snapshot()
    assert act(host, reboot_unconfirmed=reboot) == action
    assert host.snapshot() == before


def test_one_that_was_left_again_is_told_with_its_name(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    assert _fallback_kernel_confirm.step(host, POLICY) == ("failed", NEW, [])


def test_one_whose_files_were_lost_meanwhile_is_not_confirmed(host: FixtureHost) -> None:
    sized(host, "/boot/initrd.img-" + NEW, 0)
    with pytest.raises(HostError, match="only half installed"):
        act(host)
    assert _boot_kernel.observe(host)["default"]["release"] == OLD


def test_a_moment_without_network_is_no_new_standard(host: FixtureHost) -> None:
    host.put("/proc/sys/kernel/osrelease", OLD + "\n")
    _boot_kernel.apply(host, _boot_kernel.observe(host), _boot_kernel.Wish(None, ""))
    host.put("/proc/net/route", ROUTES.splitlines()[0] + "\n")
    assert act(host) == "none"
    assert _fallback_kernel_confirm.known_routes(host) == ["eth0"]
    host.put("/proc/net/route", ROUTES.replace("eth0", "bond0"))
    assert act(host) == "none"
    assert _fallback_kernel_confirm.known_routes(host) == ["bond0"]


def test_a_damaged_record_is_named(host: FixtureHost) -> None:
    host.put(_fallback_kernel_confirm.RECORD, "[]")
    with pytest.raises(HostError, match="^%s: is damaged" % _fallback_kernel_confirm.RECORD):
        act(host)
