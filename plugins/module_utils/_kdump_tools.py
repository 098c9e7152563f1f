# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kdump-tools of Debian and Ubuntu: a shell file of settings; the dump is taken in the system's own root file system."""

import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_files, _systemd
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

PACKAGE_MANAGER = "apt"
UNIT = "kdump-tools.service"
DUMP_UNIT = "kdump-tools-dump.service"
CONFIG = "/etc/default/kdump-tools"
FOLDER = "/var/lib/kdump"
DEFAULT_APPEND = "reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll usbcore.nousb"
DEFAULT_DIRECTORY = "/var/crash"
COMPRESSION = {"auto": "-c", "zlib": "-c", "lzo": "-l", "none": ""}
# Three seconds apart when the network is not there yet: a switch may take thirty to let a port through.
SSH_ATTEMPTS = 10
# What may bring up the network. Nothing else does in the capture boot where its wait-online unit is masked, as many do.
NETWORK_UNITS = ("systemd-networkd.service", "NetworkManager.service", "networking.service")
# The host's panic sysctls are for a whole system: an oops in the capture kernel should not cost the dump.
NO_SYSCTLS = "systemd.mask=systemd-sysctl.service"
OURS = re.compile(r"^(?:panic=.*|%s)\Z" % re.escape(NO_SYSCTLS))


def packages(_major: str) -> Dict[str, str]:
    """What must be installed, and a program of each."""
    return {
        "kdump-tools": "kdump-config",
        "kexec-tools": "kexec",
        "makedumpfile": "makedumpfile",
        "initramfs-tools-core": "mkinitramfs",
    }


def parse(text: str) -> Dict[str, Tuple[str, str]]:
    """Value and file:line of each setting; the last line counts."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"""^\s*(\w+)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))\s*(?:#.*)?$""", line)
        if match:
            value = next((part for part in match.groups()[1:] if part is not None), "")
            found[match.group(1)] = (value, "%s:%d" % (CONFIG, number))
    return found


def settings(text: str, options: Dict[str, Any], _major: str, lockdown: str) -> Dict[str, str]:
    """What the settings must be; C(text) is the file without our part."""
    given = parse(text)
    append = given.get("KDUMP_CMDLINE_APPEND", (DEFAULT_APPEND, ""))[0] or DEFAULT_APPEND
    kept = [token for token in append.split() if not OURS.match(token)]
    remote = options["target"]
    found = {
        "USE_KDUMP": "1",
        "KDUMP_COREDIR": options["directory"],
        "KDUMP_NUM_DUMPS": str(options["keep"]),
        "MAKEDUMP_ARGS": " ".join(("%s -d %d" % (COMPRESSION[options["compression"]], options["dump_level"])).split()),
        "KDUMP_CMDLINE_APPEND": " ".join(kept + ["panic=%d" % options["capture_panic"], NO_SYSCTLS]),
        "KDUMP_FAIL_CMD": options["failure_action"] + " -f",
        "SSH": options["ssh"] if remote == "ssh" else "",
        "NFS": options["nfs"] if remote == "nfs" else "",
        "FTP": "",
    }
    if remote == "ssh":
        found.update(SSH_KEY=options["ssh_key"], SSH_KDUMP_RETRY=str(SSH_ATTEMPTS))
    if remote != "local":
        # Many machines behind one address translation have the same address.
        found["HOSTTAG"] = "hostname"
    if lockdown != "none":
        # Only the newer system call checks signatures, and a locked kernel takes no other image.
        found["KDUMP_KEXEC_ARGS"] = "-s"
    return found


def lines(wanted: Dict[str, str]) -> List[str]:
    """The settings as lines of the file."""
    return ['%s="%s"' % pair for pair in sorted(wanted.items())]


def clashes(_line: str) -> bool:
    """Nothing in the file works against lines behind it."""
    return False


def effective(host: Host) -> Dict[str, Tuple[str, str]]:
    """Value and file:line of each setting of this host; raises Unreadable."""
    return parse(host.read(CONFIG) or "")


def files(host: Host, options: Dict[str, Any]) -> Dict[str, File]:
    """Our own files for these options, the rotation aside; raises Unreadable."""
    remote = options["target"] != "local"
    network = [name for name in NETWORK_UNITS if remote and _systemd.unit(host, name).enabled]
    found = {
        _kdump_files.drop_in(UNIT): _kdump_files.rotate_at_boot(),
        _kdump_files.drop_in(DUMP_UNIT): _kdump_files.bounded_dump(options["capture_timeout"], network),
        _kdump_files.drop_in("emergency.service"): _kdump_files.no_emergency_shell(),
    }
    if options["target"] == "ssh":
        found[_kdump_files.SSH_CONFIG] = _kdump_files.ssh_config(options)
    return found


def directory(config: Dict[str, Any]) -> str:
    """Where dumps go by the settings of this host."""
    return str(config["KDUMP_COREDIR"][0]) if "KDUMP_COREDIR" in config else DEFAULT_DIRECTORY


def target(config: Dict[str, Any]) -> str:
    """C(local), C(ssh), C(nfs) or C(ftp) by the settings of this host."""
    return next((name.lower() for name in ("SSH", "NFS", "FTP") if config.get(name, ("",))[0]), "local")


def level(config: Dict[str, Any]) -> int:
    """The dump level by the settings of this host."""
    match = re.search(r"-d\s*(\d+)", str(config.get("MAKEDUMP_ARGS", ("",))[0]))
    return int(match.group(1)) if match else 31


def capture_initrd(kernel: str) -> str:
    """The initrd of the capture kernel."""
    return "%s/initrd.img-%s" % (FOLDER, kernel)


def loaded_kernel(host: Host) -> str:
    """The version of the crash kernel that was loaded last, or an empty text."""
    return (host.readlink(FOLDER + "/vmlinuz") or "").partition("-")[2]


def capture_line(host: Host, config: Dict[str, Any]) -> str:
    """The command line of the loaded crash kernel as kdump-config noted it, else the one it would get; raises Unreadable."""
    noted = host.read(directory(config) + "/kexec_cmd")
    if noted:
        match = re.search(r'--command-line="([^"]*)"', noted)
        return match.group(1) if match else noted
    append = config.get("KDUMP_CMDLINE_APPEND", (DEFAULT_APPEND,))[0]
    return "%s %s" % ((host.read("/proc/cmdline") or "").strip(), append)


def loads_as_configured(host: Host, wanted: Dict[str, str]) -> Optional[bool]:
    """Whether the loaded crash kernel has the arguments that are wanted; None where nothing tells."""
    noted = host.read(wanted["KDUMP_COREDIR"] + "/kexec_cmd")
    return None if noted is None else wanted["KDUMP_CMDLINE_APPEND"] in noted
