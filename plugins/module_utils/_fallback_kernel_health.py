# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kernel that is tried serves as the known-good one did: each problem, and whether it keeps an operator out."""

from typing import Any, Dict, List, NamedTuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_scripts, _grub_disk
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp
IPV4_LOOPBACK, IPV6_LOOPBACK = "7F", "00000000000000000000000001000000"
ROUTE_UP = 0x1
ROUTE_REJECT = 0x200
# Of an interface without carrier: its default route may stay where it was, and leads nowhere.
LINK_DOWN = ("down", "lowerlayerdown", "notpresent")
# Taints that say that this boot went wrong, not merely that something foreign is loaded.
TAINTS = {"M": 4, "D": 7, "L": 14}
# How systemd says that it is done with the boot; units that failed are the business of the operator's own scripts.
BOOTED = ("running", "degraded")


class Known(NamedTuple):
    """What the known-good kernel was last seen with: default routes, and whether ssh could be reached."""

    routes: List[str]
    ssh: bool = True


class Problem(NamedTuple):
    """What is not as it should be; with C(cut_off) nobody can reach the host to set it right."""

    check: str
    text: str
    cut_off: bool = False


def routes(host: Host) -> List[str]:
    """The interfaces with a link that have a default route now, as C(eth0) for IPv4 and C(eth0/6) for IPv6."""
    found = set()
    for line in (host.read("/proc/net/route") or "").splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == "00000000" and _usable(fields[3]):
            found.add(fields[0])
    for line in (host.read("/proc/net/ipv6_route") or "").splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[0] == "0" * 32 and fields[1] == "00" and _usable(fields[8]) and fields[9] != "lo":
            found.add(fields[9] + "/6")
    return sorted(route for route in found if _linked(host, route.split("/")[0]))


def _linked(host: Host, interface: str) -> bool:
    # What has no link that could be down, e.g. a tunnel, says 'unknown'.
    return (host.read("/sys/class/net/%s/operstate" % interface) or "").strip() not in LINK_DOWN


def _usable(flags: str) -> bool:
    return int(flags, 16) & (ROUTE_UP | ROUTE_REJECT) == ROUTE_UP


def listens(host: Host, port: int) -> bool:
    """Whether something listens on a TCP port, on more than the loopback."""
    return port in listening(host)


def listening(host: Host) -> List[int]:
    """The TCP ports on which something listens, on more than the loopback."""
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (host.read(path) or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 4:
                # With a hundred thousand connections the file is longer than what is read of one.
                continue
            address, _sep, number = fields[1].partition(":")
            # Written byte for byte in the machine's order: of 127.0.0.1 the last byte comes first.
            loopback = address == IPV6_LOOPBACK or (len(address) == 8 and address.endswith(IPV4_LOOPBACK))
            if fields[3] == LISTENING and not loopback:
                found.add(int(number, 16))
    return sorted(found)


def uptime(host: Host) -> float:
    """Seconds since the kernel started."""
    return float((host.read("/proc/uptime") or "0").split()[0])


def problems(host: Host, policy: Dict[str, Any], known: Known) -> List[Problem]:
    """All that is not as it should be, next to what the known-good kernel had; empty for a healthy host."""
    found = reached(host, policy, known) + _boot(host, policy) + _mounts(host) + _taints(host)
    # Last, and only when all else is well: they may be slow, and are asked anew at each look.
    return found or [Problem("script", text) for text in _fallback_kernel_scripts.failed(host, policy["scripts"])]


def reached(host: Host, policy: Dict[str, Any], known: Known) -> List[Problem]:
    """What keeps an operator out, or may, as the kernel itself tells it."""
    found = []
    # What did not listen with the known-good kernel either is no fault of the new one.
    if known.ssh and not listens(host, policy["ssh_port"]):
        found.append(Problem("ssh", "nothing listens on TCP port %d" % policy["ssh_port"], True))
    present = routes(host)
    lost = [route for route in known.routes if route not in present]
    if lost:
        # With one of several left, an operator can still come in.
        found.append(Problem("route", "no default route by %s" % ", ".join(lost), not present))
    return found


def settled(host: Host, policy: Dict[str, Any]) -> bool:
    """Whether systemd has ended the boot well, and what it started had its time."""
    return not _boot(host, policy)


def boot_ended(host: Host) -> bool:
    """Whether systemd has ended the boot, in good or in an emergency shell."""
    return _said(host) in BOOTED + ("maintenance",)


def _said(host: Host) -> str:
    try:
        # Its code is not 0 for anything but 'running'.
        return host.run(["systemctl", "is-system-running"], check=False).out.strip()
    except HostError:
        return "no answer"


def _boot(host: Host, policy: Dict[str, Any]) -> List[Problem]:
    found = []
    said = _said(host)
    if said not in BOOTED:
        found.append(Problem("boot", "systemd says '%s'" % said))
    left = policy["healthy_minutes"] * 60 - uptime(host)
    if left > 0:
        found.append(Problem("time", "%d seconds are left of the time to wait" % (left + 1)))
    return found


def _mounts(host: Host) -> List[Problem]:
    mounted = [mount.point for mount in _grub_disk.mounts(host.read(_grub_disk.MOUNTS) or "")]
    found = []
    for line in (host.read("/etc/fstab") or "").splitlines():
        fields = line.split("#", 1)[0].split()
        if len(fields) < 3 or fields[2] == "swap" or not fields[1].startswith("/"):
            continue
        options = fields[3].split(",") if len(fields) > 3 else []
        # What is mounted when it is used need not be mounted now.
        optional = {"noauto", "nofail", "x-systemd.automount"} & set(options)
        point = _grub_disk.unescape(fields[1])
        # systemd follows links such as /var/run, too.
        if not optional and _grub_disk.without_links(host, point) not in mounted:
            found.append(Problem("fstab", "%s is not mounted" % point))
    return found


def _taints(host: Host) -> List[Problem]:
    value = int((host.read("/proc/sys/kernel/tainted") or "0").strip() or "0")
    flags = [flag for flag, bit in sorted(TAINTS.items()) if value & (1 << bit)]
    return [Problem("taint", "the kernel is tainted %s" % "".join(flags))] if flags else []
