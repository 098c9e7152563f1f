# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kernel that is tried serves, from what /proc and systemd say. Runs on every Python from 3.6 on."""

import os
from typing import Any, Callable, Dict, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_health as health
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_host import FixtureHost

POLICY: Dict[str, Any] = {"ssh_port": 22, "healthy_minutes": 5, "scripts": "/etc/fallback_kernel.d"}
# As a Linux 6.18 wrote them.
ROUTE_HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
LOCAL = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
DEFAULT6 = "%s 00 %s 00 fd000000000000000000000000000001 00000400 00000003 00000000 %s     %s\n"
TCP_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = "   0: %s:%s %s:0000 %s 00000000:00000000 00:00000000 00000000     0        0 1261094 1 00000000414ca53a 100 0 0 10 0\n"
ANY, ANY6, LO = "00000000", "0" * 32, "0100007F"


@pytest.fixture
def host(empty: FixtureHost) -> FixtureHost:
    empty.put("/proc/net/route", ROUTE_HEAD + DEFAULT + LOCAL)
    empty.put("/proc/net/tcp", TCP_HEAD + TCP % (ANY, "0016", ANY, "0A"))
    empty.put("/proc/net/tcp6", TCP_HEAD)
    empty.put("/proc/uptime", "301.23 500.00\n")
    empty.put("/proc/sys/kernel/tainted", "0\n")
    empty.put(
        "/etc/fstab", "# <file system> <mount point>\nUUID=1 / ext4 errors=remount-ro 0 1\nUUID=2 none swap sw 0 0\n"
    )
    empty.put("/proc/self/mountinfo", "27 1 254:3 / / rw - ext4 /dev/vda3 rw\n")
    empty.answers[("systemctl", "is-system-running")] = Result(0, "running\n", "")
    return empty


def checks(host: FixtureHost, known: List[str]) -> List[Any]:
    return [(problem.check, problem.cut_off) for problem in health.problems(host, POLICY, health.Known(known))]


def test_a_healthy_host(host: FixtureHost) -> None:
    assert health.routes(host) == ["eth0"]
    assert health.problems(host, POLICY, health.Known(["eth0"])) == []


class TestReached:
    @pytest.mark.parametrize(
        "line, listens",
        [
            (TCP % (ANY, "0016", ANY, "0A"), True),
            (TCP % ("0F02000A", "0016", ANY, "0A"), True),
            (TCP % (LO, "0016", ANY, "0A"), False),
            # A connection that is there is no door for the next one.
            (TCP % (ANY, "0016", "0202000A", "01"), False),
            (TCP % (ANY, "08AE", ANY, "0A"), False),
            ("", False),
        ],
    )
    def test_ssh(self, host: FixtureHost, line: str, listens: bool) -> None:
        host.put("/proc/net/tcp", TCP_HEAD + line)
        assert health.listens(host, 22) is listens
        assert checks(host, []) == ([] if listens else [("ssh", True)])

    @pytest.mark.parametrize("address, listens", [(ANY6, True), ("00000000000000000000000001000000", False)])
    def test_ssh_by_ipv6(self, host: FixtureHost, address: str, listens: bool) -> None:
        host.put("/proc/net/tcp", TCP_HEAD)
        host.put("/proc/net/tcp6", TCP_HEAD + TCP % (address, "0016", ANY6, "0A"))
        assert health.listens(host, 22) is listens

    def test_a_line_that_was_cut_off(self, host: FixtureHost) -> None:
        """A host with a hundred thousand connections has more than is read of a file."""
        host.put("/proc/net/tcp", host.text("/proc/net/tcp") + "   1: 00000000:0050 000")
        assert health.listens(host, 22)

    @pytest.mark.parametrize("flags, up", [("00000003", True), ("00000002", False), ("00200201", False)])
    def test_a_default_route_of_ipv6(self, host: FixtureHost, flags: str, up: bool) -> None:
        host.put("/proc/net/ipv6_route", DEFAULT6 % (ANY6, ANY6, flags, "eth1"))
        assert health.routes(host) == (["eth0", "eth1/6"] if up else ["eth0"])

    def test_what_only_looks_like_a_default_route(self, host: FixtureHost) -> None:
        host.put("/proc/net/route", ROUTE_HEAD + LOCAL + DEFAULT.replace("0003", "0002"))
        host.put("/proc/net/ipv6_route", DEFAULT6 % (ANY6, ANY6, "00000001", "lo"))
        assert health.routes(host) == []

    def test_without_any_route_the_host_is_cut_off(self, host: FixtureHost) -> None:
        host.put("/proc/net/route", ROUTE_HEAD)
        assert checks(host, ["eth0"]) == [("route", True)]

    @pytest.mark.parametrize(
        "state, linked",
        [("up", True), ("unknown", True), ("dormant", True), ("", True)]
        + [("down", False), ("lowerlayerdown", False), ("notpresent", False)],
    )
    def test_a_route_without_a_link_leads_nowhere(self, host: FixtureHost, state: str, linked: bool) -> None:
        """The kernel leaves a route that somebody set by hand, marked linkdown, which /proc does not show."""
        host.put("/proc/net/ipv6_route", DEFAULT6 % (ANY6, ANY6, "00000003", "eth0"))
        host.put("/sys/class/net/eth0/operstate", state + "\n")
        assert health.routes(host) == (["eth0", "eth0/6"] if linked else [])
        assert checks(host, ["eth0", "eth0/6"]) == ([] if linked else [("route", True)])

    def test_a_link_that_the_known_good_kernel_did_not_have_either_is_not_missed(self, host: FixtureHost) -> None:
        host.put("/sys/class/net/eth0/operstate", "down\n")
        assert checks(host, health.routes(host)) == []

    def test_with_one_of_two_it_is_not(self, host: FixtureHost) -> None:
        assert checks(host, ["eth0", "eth0/6"]) == [("route", False)]

    def test_a_host_that_never_had_a_route_misses_none(self, host: FixtureHost) -> None:
        host.put("/proc/net/route", ROUTE_HEAD)
        assert checks(host, []) == []


class TestHealthy:
    @pytest.mark.parametrize(
        "said, rc, healthy",
        [
            ("running", 0, True),
            ("degraded", 1, True),
            ("starting", 1, False),
            ("maintenance", 1, False),
            ("", 1, False),
        ],
    )
    def test_the_end_of_the_boot(self, host: FixtureHost, said: str, rc: int, healthy: bool) -> None:
        host.answers[("systemctl", "is-system-running")] = Result(rc, said + "\n", "")
        assert checks(host, []) == ([] if healthy else [("boot", False)])

    @pytest.mark.parametrize("seconds, healthy", [("299.99", False), ("300.00", True)])
    def test_the_time_to_wait(self, host: FixtureHost, seconds: str, healthy: bool) -> None:
        host.put("/proc/uptime", seconds + " 1.0\n")
        assert checks(host, []) == ([] if healthy else [("time", False)])

    @pytest.mark.parametrize(
        "value, flags", [(1 << 7, "D"), (1 << 4, "M"), (1 << 14, "L"), (1 << 12 | 1 << 13, ""), (1 << 7 | 1 << 9, "D")]
    )
    def test_taints_of_what_went_wrong(self, host: FixtureHost, value: int, flags: str) -> None:
        host.put("/proc/sys/kernel/tainted", "%d\n" % value)
        found = [problem.text for problem in health.problems(host, POLICY, health.Known([]))]
        assert found == (["the kernel is tainted " + flags] if flags else [])

    @pytest.mark.parametrize(
        "line, healthy",
        [
            ("UUID=3 /srv ext4 defaults 0 2", False),
            ("UUID=3 /srv ext4 nofail 0 2", True),
            ("UUID=3 /srv ext4 defaults,noauto 0 2", True),
            ("server:/x /srv nfs x-systemd.automount 0 0", True),
            ("#UUID=3 /srv ext4 defaults 0 2", True),
            ("UUID=3 /srv\\040a ext4 defaults 0 2", False),
            ("UUID=3 / ext4", True),
            ("nonsense", True),
        ],
    )
    def test_what_fstab_asks_for(self, host: FixtureHost, line: str, healthy: bool) -> None:
        host.put("/etc/fstab", line + "\n")
        assert checks(host, []) == ([] if healthy else [("fstab", False)])

    @pytest.mark.parametrize("point", ["/srv", "/srv/", "/srv\\040a"])
    def test_what_is_mounted_is_not_missing(self, host: FixtureHost, point: str) -> None:
        host.put("/etc/fstab", "UUID=3 %s ext4 defaults 0 2\n" % point)
        host.put("/proc/self/mountinfo", "28 27 254:4 / %s rw - ext4 /dev/vdb rw\n" % point.rstrip("/"))
        assert checks(host, []) == []

    def test_what_is_mounted_by_way_of_a_link_is_not_missing(self, host: FixtureHost) -> None:
        host.link("/var/run", "/run")
        host.put("/run/app/x", "")
        host.put("/etc/fstab", "tmpfs /var/run/app tmpfs defaults 0 0\n")
        assert checks(host, []) == [("fstab", False)]
        host.put("/proc/self/mountinfo", "28 27 0:30 / /run/app rw - tmpfs tmpfs rw\n")
        assert checks(host, []) == []


class TestScripts:
    """The operator's own: each executable, whatever its name, and nothing else."""

    FOLDER = "/etc/fallback_kernel.d"

    @pytest.fixture
    def script(self, host: FixtureHost) -> Callable[..., str]:
        def make(name: str, rc: int = 0, mode: int = 0o755) -> str:
            path = "%s/%s" % (self.FOLDER, name)
            host.put(path, "")
            os.chmod(host.root + path, mode)
            host.answers[(host.root + path,)] = Result(rc, "", "no answer from the shop")
            return path

        return make

    def found(self, host: FixtureHost) -> List[str]:
        host.calls.clear()
        return [
            problem.text for problem in health.problems(host, POLICY, health.Known([])) if problem.check == "script"
        ]

    def test_each_must_end_with_0(self, host: FixtureHost, script: Callable[..., str]) -> None:
        script("10-database")
        script("20-web.sh", 3)
        script("30 web.bak", 1)
        found = self.found(host)
        assert [text.split(": ")[0][-9:] for text in found] == ["20-web.sh", "0 web.bak"]
        assert "no answer from the shop" in found[0]

    def test_what_is_no_executable_keeps_nobody_waiting(self, host: FixtureHost, script: Callable[..., str]) -> None:
        script("README", 126, 0o644)
        host.put(self.FOLDER + "/old/10-database", "")
        assert self.found(host) == []

    def test_a_link_is_what_it_leads_to(self, host: FixtureHost, script: Callable[..., str]) -> None:
        host.put("/opt/check", "")
        os.chmod(host.root + "/opt/check", 0o755)
        host.answers[(host.root + "/opt/check",)] = Result(1, "", "no")
        host.link(self.FOLDER + "/10-check", "/opt/check")
        assert len(self.found(host)) == 1
        host.owners["/opt"] = 1000
        assert "10-check: was not run: others than root may change /opt;" in self.found(host)[0]

    @pytest.mark.parametrize("path", [FOLDER, FOLDER + "/10-database", "/etc"])
    @pytest.mark.parametrize("mode", [None, 0o775, 0o757])
    def test_what_others_than_root_may_change_is_not_run(
        self, host: FixtureHost, script: Callable[..., str], path: str, mode: Optional[int]
    ) -> None:
        script("10-database")
        if mode is None:
            host.owners[path] = 1000
        else:
            os.chmod(host.root + path, mode)
        (text,) = self.found(host)
        assert "others than root may change %s;" % path in text
        assert [call for call in host.calls if call[0] != "systemctl"] == []
