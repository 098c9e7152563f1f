# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines for the role crash_evidence: captured files of systemd, and a kernel's side in the form of the lab's machines."""

import os
from typing import Any, Callable, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _crash_evidence,
    _crash_evidence_config,
    _crash_evidence_policy,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result, Space
from unit.plugins.module_utils.fixture_host import FixtureHost
from unit.plugins.module_utils.fixture_kdump import KdumpHost, machine

MACHINE_ID = "5c1d0f4e7a9b4d63a5a0cf0be6a7d1e2"
POST_NOTIFIERS = "/sys/module/kernel/parameters/crash_kexec_post_notifiers"
BACKEND = "/sys/module/pstore/parameters/backend"
KMSG_BYTES = "/sys/module/pstore/parameters/kmsg_bytes"
JOURNAL = "/var/log/journal/%s/system.journal" % MACHINE_ID
POLICY: Dict[str, Any] = {
    "crash_evidence_journal": True,
    "crash_evidence_journal_size": "auto",
    "crash_evidence_journal_sync": 60,
    "crash_evidence_space_minimum": 256,
    "crash_evidence_pstore_days": 365,
    "crash_evidence_pstore_kib": 0,
    "crash_evidence_efi_pstore": False,
    "crash_evidence_ramoops": "",
    "crash_evidence_post_notifiers": False,
    "crash_evidence_consoles": [],
    "crash_evidence_console_loglevel": 0,
    "crash_evidence_netconsole": "",
    "crash_evidence_panic_info": [],
}
# As a machine of 1 GiB shows it to root, with its last MiB taken from the kernel.
IOMEM = """\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-3fefffff : System RAM
  01000000-01ffffff : Kernel code
3ff00000-3fffffff : Reserved
"""
RAMOOPS = "0x3ff00000,1M"
NETCONSOLE = "6665@192.0.2.10/eth0,6666@192.0.2.20/52:54:00:12:34:56"


def policy(**changes: Any) -> Dict[str, Any]:
    """The defaults, with changes by the names of the variables without crash_evidence_."""
    return dict(POLICY, **dict(("crash_evidence_" + key, value) for key, value in changes.items()))


class Systemctl:
    """systemctl and journalctl as far as evidence goes: a journald that is told so keeps its journal on the disk."""

    def __init__(self, host: FixtureHost) -> None:
        self.host = host
        self.persists = True
        self.fails = ""
        self.done: List[str] = []

    def __call__(self, argv: List[str]) -> Result:
        self.done.append(" ".join(argv))
        if self.fails and self.fails in self.done[-1]:
            return Result(1, "", "Job failed.\n")
        wants = "/etc/systemd/system/multi-user.target.wants/" + argv[-1]
        if argv[1] == "enable":
            self.host.link(wants, "/etc/systemd/system/" + argv[-1])
        elif argv[1] == "disable" and os.path.islink(self.host.root + wants):
            os.unlink(self.host.root + wants)
        elif argv[1:] == ["--flush"] and self.persists:
            self.host.put(JOURNAL, "")
        return Result(0, "", "")


def debian(root: str, tree: str = "debian12") -> KdumpHost:
    """A stock machine: its journal is on the disk because Debian makes the directory."""
    trees = ["debian12/stock", "%s/evidence" % tree]
    host = machine(root, *trees)
    host.room = Space(4 << 30, 8 << 30, False)
    program = Systemctl(host)
    for name in ("systemctl", "journalctl", "systemd-tmpfiles"):
        host.programs[name] = program
    host.link(
        "/etc/systemd/system/sysinit.target.wants/systemd-pstore.service", "/lib/systemd/system/systemd-pstore.service"
    )
    for path, text in (
        ("/etc/machine-id", MACHINE_ID + "\n"),
        (JOURNAL, ""),
        ("/proc/consoles", "ttyS0                -W- (EC   p a)    4:64\n"),
        ("/proc/sys/kernel/printk", "4\t4\t1\t7\n"),
        ("/proc/iomem", IOMEM),
        (BACKEND, "(null)\n"),
        (KMSG_BYTES, "10240\n"),
        (POST_NOTIFIERS, "N\n"),
    ):
        host.put(path, text)
    return host


def systemctl(host: FixtureHost) -> Systemctl:
    program = host.programs["systemctl"]
    assert isinstance(program, Systemctl)
    return program


def options(**changes: Any) -> Dict[str, Any]:
    found: Dict[str, Any] = _crash_evidence_policy.options(policy(**changes))
    return found


def configure(host: FixtureHost, **changes: Any) -> None:
    _crash_evidence_config.apply(host, options(**changes))


def findings(host: FixtureHost, **changes: Any) -> Dict[str, Dict[str, Any]]:
    """The findings by the name of their control without the role's."""
    judged = _crash_evidence.evaluate(policy(**changes), _crash_evidence.observe(host))
    return dict((item["control"].split(".", 1)[1], item) for item in judged)


Judge = Callable[..., Dict[str, Dict[str, Any]]]
