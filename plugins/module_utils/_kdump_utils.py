# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kdump of the RHEL family (kexec-tools, later kdump-utils): /etc/kdump.conf; the dump is taken in an initramfs of its own."""

import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_files
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PACKAGE_MANAGER = "dnf"
UNIT = "kdump.service"
DUMP_UNIT = ""  # the dump is taken before the system and its journal are there
CONFIG = "/etc/kdump.conf"
SYSCONFIG = "/etc/sysconfig/kdump"
DEFAULT_DIRECTORY = "/var/crash"
COMPRESSION = {"auto": "-l", "zlib": "-c", "lzo": "-l", "none": ""}
# One target at most, so a line of another kind is in the way too. "default" is the old name of failure_action.
TARGETS = ("ssh", "sshkey", "nfs", "raw", "ext2", "ext3", "ext4", "xfs", "minix", "btrfs", "virtiofs")
REPLACED = TARGETS + ("path", "core_collector", "failure_action", "default", "auto_reset_crashkernel")


def packages(major: str) -> Dict[str, str]:
    """What must be installed, and a program of each; from release 10 on kdump has a package of its own."""
    if major.isdigit() and int(major) < 10:
        return {"kexec-tools": "kdumpctl"}
    return {"kdump-utils": "kdumpctl", "kexec-tools": "kexec", "makedumpfile": "makedumpfile"}


def parse(text: str) -> Dict[str, Tuple[str, str]]:
    """Value and file:line of each directive; the last line counts."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split(None, 1)
        if words:
            found[words[0]] = (words[1].strip() if len(words) > 1 else "", "%s:%d" % (CONFIG, number))
    return found


def settings(_text: str, options: Dict[str, Any], major: str, _lockdown: str) -> Dict[str, str]:
    """What the directives must be."""
    remote = options["target"]
    flags = "%s --message-level 7 -d %d" % (COMPRESSION[options["compression"]], options["dump_level"])
    found = {
        "path": options["directory"],
        # A stream cannot be written at random, so over ssh the dump must be flattened.
        "core_collector": " ".join(("makedumpfile %s%s" % ("-F " if remote == "ssh" else "", flags)).split()),
        "failure_action": options["failure_action"],
    }
    if major != "8":
        # Its default, yes, lets an update of the package put its own crashkernel= over an operator's (kdump-utils).
        found["auto_reset_crashkernel"] = "no"
    if remote == "ssh":
        found.update(ssh=options["ssh"], sshkey=options["ssh_key"])
    if remote == "nfs":
        found["nfs"] = options["nfs"]
    return found


def lines(wanted: Dict[str, str]) -> List[str]:
    """The directives as lines of the file."""
    return ["%s %s" % pair for pair in sorted(wanted.items())]


def clashes(line: str) -> bool:
    """Whether a line of others must be set aside: kdumpctl refuses most directives that stand twice."""
    return line.split(None, 1)[0] in REPLACED if line.split() else False


def effective(host: Host) -> Dict[str, Tuple[str, str]]:
    """Value and file:line of each directive of this host; raises Unreadable."""
    return parse(host.read(CONFIG) or "")


def files(_host: Host, _options: Dict[str, Any]) -> Dict[str, File]:
    """Our own files, the rotation aside: the capture initramfs restarts by itself where a dump fails."""
    return {_kdump_files.drop_in(UNIT): _kdump_files.rotate_at_boot()}


def directory(config: Dict[str, Any]) -> str:
    """Where dumps go by the directives of this host."""
    return str(config["path"][0]) if "path" in config else DEFAULT_DIRECTORY


def target(config: Dict[str, Any]) -> str:
    """C(local), C(ssh), C(nfs) or the name of another target by the directives of this host."""
    remote = [name for name in ("ssh", "nfs", "raw", "virtiofs") if name in config]
    return remote[0] if remote else "local"


def level(config: Dict[str, Any]) -> int:
    """The dump level by the directives of this host."""
    match = re.search(r"-d\s*(\d+)", str(config.get("core_collector", ("",))[0]))
    return int(match.group(1)) if match else 31


def capture_initrd(kernel: str) -> str:
    """The initrd of the capture kernel."""
    return "/boot/initramfs-%skdump.img" % kernel


def loaded_kernel(_host: Host) -> str:
    """Nothing on the host tells which kernel is loaded; kdumpctl loads the running one."""
    return ""


def capture_line(host: Host, _config: Dict[str, Any]) -> str:
    """The command line that kdumpctl gives the capture kernel: the host's own, or another, and what it appends."""
    found = dict(re.findall(r'(?m)^\s*(KDUMP_COMMANDLINE\w*)="?([^"\n]*)', host.read(SYSCONFIG) or ""))
    base = found.get("KDUMP_COMMANDLINE") or (host.read("/proc/cmdline") or "").strip()
    return "%s %s" % (base, found.get("KDUMP_COMMANDLINE_APPEND", ""))


def loads_as_configured(_host: Host, _wanted: Dict[str, str]) -> Optional[bool]:
    """Nothing on the host tells."""
    return None
