# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made of trees that can have kdump, with a systemctl that loads crash kernels as the real tools do."""

import os
import subprocess
from typing import Any, Dict, List, Set

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _kdump,
    _kdump_config,
    _kdump_plan,
    _kdump_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import (
    Host,
    Result,
    Space,
    Unreadable,
)
from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost, copy_tree
from unit.plugins.module_utils.fixture_programs import Grubby, GrubMkconfig

KERNEL = "6.1.0-56-cloud-amd64"
TABLE = "384M-2G:128M,2G-64G:256M,64G-:512M"
MIB = 1024 * 1024
CONFIG = "/etc/default/kdump-tools"
UNIT = "kdump-tools.service"
MASK = "/etc/systemd/system/kdump-tools.service"
KEXEC_CMD = "/var/crash/kexec_cmd"
HARDEN = "run kernelops.panic_hardening.harden on this host"
POLICY: Dict[str, Any] = {
    "kdump_crashkernel": "auto",
    "kdump_memory_minimum": 960,
    "kdump_directory": "/var/crash",
    "kdump_dump_level": 31,
    "kdump_compression": "auto",
    "kdump_keep": 3,
    "kdump_space_percent": 30,
    "kdump_target": "local",
    "kdump_ssh": "",
    "kdump_ssh_key": "/root/.ssh/kdump_id_rsa",
    "kdump_ssh_known_hosts": [],
    "kdump_nfs": "",
    "kdump_failure_action": "reboot",
    "kdump_capture_panic": 10,
    "kdump_capture_timeout": 3600,
    "kdump_reboot_timeout": 600,
    "kdump_drill_max_age": 0,
    "kdump_drill_timeout": 900,
}
OVER_SSH: Dict[str, Any] = {
    "kdump_target": "ssh",
    "kdump_ssh": "kdump@dumps.example.com",
    "kdump_ssh_known_hosts": ["dumps.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHq"],
}


class KdumpHost(FixtureHost):
    """A captured machine with file systems, rights and links that a test can choose."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.room = Space(8 << 30, 16 << 30, False)
        self.locked: Set[str] = set()
        self.read_from: List[str] = []
        self.opened: List[str] = []

    def link(self, path: str, target: str) -> None:
        """Make a link in place of one that is there."""
        folder = os.path.dirname(self.root + path)
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(self.root + path):
            os.unlink(self.root + path)
        os.symlink(target, self.root + path)

    def space(self, path: str) -> Space:
        return self.room

    def writable(self, path: str) -> bool:
        return path not in self.locked

    def listdir(self, path: str) -> List[str]:
        if path in self.denied:
            raise Unreadable("%s: Permission denied" % path)
        found: List[str] = super().listdir(path)
        return found

    def run(self, argv: List[str], timeout: int = 60, check: bool = True, stdin: str = "/dev/null") -> Result:
        self.read_from.append(stdin)
        return super().run(argv, timeout, check, stdin)

    def record(self, *argv: str, **parts: Any) -> None:
        self.answers[argv] = Result(parts.get("rc", 0), parts.get("out", ""), parts.get("err", ""))


class Systemctl:
    """systemctl as far as kdump goes: a restart of the unit loads the crash kernel as the real tools do."""

    def __init__(self, host: KdumpHost) -> None:
        self.host = host
        self.loads = True
        self.done: List[str] = []

    def __call__(self, argv: List[str]) -> Result:
        self.done.append(" ".join(argv[1:]))
        if argv[1] == "enable":
            wants = "/etc/systemd/system/multi-user.target.wants/" + argv[2]
            self.host.link(wants, "/lib/systemd/system/" + argv[2])
        elif argv[1] == "restart":
            self.host.put("/sys/kernel/kexec_crash_loaded", "%d\n" % self.loads)
            if argv[2] == UNIT and self.loads:
                self.load_kdump_tools()
        else:
            assert argv[1:] == ["daemon-reload"], argv
        return Result(0, "", "")

    def load_kdump_tools(self) -> None:
        # The file of settings is a shell's, so that a shell says what is in it.
        script = '. "$1"; printf "%s\\n%s\\n" "$KDUMP_COREDIR" "$KDUMP_CMDLINE_APPEND"'
        command = ["sh", "-c", script, "sh", self.host.root + CONFIG]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        folder, append = process.communicate(timeout=20)[0].decode("utf-8").splitlines()
        append = append or "reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll usbcore.nousb"
        kernel = self.host.text("/proc/sys/kernel/osrelease").strip()
        line = 'kexec -p --command-line="%s %s" --initrd=/var/lib/kdump/initrd.img /var/lib/kdump/vmlinuz\n'
        self.host.put((folder or "/var/crash") + "/kexec_cmd", line % ("ro panic=10", append))
        self.host.link("/var/lib/kdump/vmlinuz", "/boot/vmlinuz-" + kernel)


def machine(root: str, *trees: str) -> KdumpHost:
    os.makedirs(root)
    for tree in trees:
        copy_tree(os.path.join(FIXTURES, tree), root)
    host = KdumpHost(root)
    if "/boot/grub/grub.cfg" in host.snapshot():
        host.programs["grub-mkconfig"] = GrubMkconfig(host)
    if ("grubby", "--info=ALL") in host.answers:
        host.programs["grubby"] = Grubby(host)
    host.programs["systemctl"] = Systemctl(host)
    host.record("uname", "-m", out="x86_64\n")
    host.record("uname", "-n", out="web1\n")
    return host


def debian(root: str) -> KdumpHost:
    """Debian 12 with the package and a loaded crash kernel, and nothing of ours."""
    return machine(root, "debian12/stock", "debian12/hardened", "debian12/kdump-tools", "debian12/kdump")


def redhat(root: str, tree: str = "rhel9") -> KdumpHost:
    """A RHEL with crash memory of its own and a loaded crash kernel; the trees have no kernel's side."""
    host = machine(root, tree)
    release = {"rhel9": "5.14.0-162.6.1.el9_1.x86_64", "rhel8": "4.18.0-553.el8_10.x86_64"}[tree]
    host.put("/proc/sys/kernel/osrelease", release + "\n")
    host.put("/sys/kernel/kexec_crash_size", "%d\n" % (256 * MIB))
    host.put("/sys/kernel/kexec_crash_loaded", "1\n")
    host.put("/proc/meminfo", "MemTotal:        3900000 kB\nMemFree:         3000000 kB\n")
    host.put("/proc/sys/kernel/kexec_load_disabled", "0\n")
    host.put("/usr/bin/kdumpctl", "")
    host.put("/usr/sbin/makedumpfile", "")
    host.make_directory("/var/crash", 0o755)
    return host


def wish(host: Host, **changes: Any) -> _kdump_plan.Wish:
    """The policy's wish, changes by the names of the variables without kdump_."""
    policy = dict(POLICY, **dict(("kdump_" + key, value) for key, value in changes.items()))
    found = _kdump_plan.wish(host, _kdump_policy.options(policy))
    assert found is not None
    return found


def set_up(host: KdumpHost, **changes: Any) -> KdumpHost:
    """As the role leaves it, after the reboot that it asked for."""
    wanted = _kdump_policy.resolve(POLICY, _kdump.observe(host))
    _kdump_config.apply(host, wish(host, **changes), [])
    _bootloader.apply(host, "kdump", {"crashkernel": wanted["crashkernel"]}, True)
    return host
