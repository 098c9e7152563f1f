# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the role crash_evidence adds to a host."""

from typing import Any, Dict

JOURNALD = "/etc/systemd/journald.conf.d/zz-kernelops-crash_evidence.conf"
# Of several lines of tmpfiles.d for one path the first file's counts: k is in front of systemd-pstore.conf.
TMPFILES = "/etc/tmpfiles.d/kernelops-crash_evidence.conf"
PSTORE_UNIT = "/etc/systemd/system/systemd-pstore.service.d/kernelops-crash_evidence.conf"
NETCONSOLE = "kernelops-netconsole.service"
NETCONSOLE_UNIT = "/etc/systemd/system/" + NETCONSOLE
OWN = (JOURNALD, TMPFILES, PSTORE_UNIT, NETCONSOLE_UNIT)
ARCHIVE = "/var/lib/systemd/pstore"
POST_NOTIFIERS = "/sys/module/kernel/parameters/crash_kexec_post_notifiers"
HEADER = "# Managed by Ansible, kernelops.panic_hardening.crash_evidence_config: changes are overwritten.\n"


def texts(options: Dict[str, Any]) -> Dict[str, str]:
    """The text of each file that these options ask for."""
    found = {TMPFILES: HEADER + _tmpfiles(options)}
    if options["journal"]:
        found[JOURNALD] = HEADER + _journald(options)
    if options["ramoops"]:
        # Its records are there only once the module is: systemd-pstore would find none, and never look again.
        found[PSTORE_UNIT] = HEADER + "[Unit]\nWants=modprobe@ramoops.service\nAfter=modprobe@ramoops.service\n"
    if options["netconsole"]:
        found[NETCONSOLE_UNIT] = HEADER + _netconsole(options["netconsole"])
    return found


def _journald(options: Dict[str, Any]) -> str:
    text = "[Journal]\nStorage=persistent\nSyncIntervalSec=%ds\n" % options["journal_sync"]
    return text + ("" if options["journal_size"] == "auto" else "SystemMaxUse=%s\n" % options["journal_size"])


def _tmpfiles(options: Dict[str, Any]) -> str:
    age = "%dd" % options["pstore_days"] if options["pstore_days"] else "-"
    text = "d %s 0755 root root %s\n" % (ARCHIVE, age)
    return text + ("w- %s - - - - Y\n" % POST_NOTIFIERS if options["post_notifiers"] else "")


def _netconsole(target: str) -> str:
    # At boot the interface has neither its name nor its address before the network is up.
    return (
        "[Unit]\nDescription=Kernel messages to another host\nWants=network-online.target\nAfter=network-online.target\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sbin/modprobe netconsole netconsole=%s\n"
        "ExecStop=/sbin/modprobe -r netconsole\n[Install]\nWantedBy=multi-user.target\n" % target
    )
