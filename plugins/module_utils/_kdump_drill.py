# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deliberate crash: what the host knows before it, and what must be there after it before anyone calls it proven."""

import json
import time
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _kdump_backends,
    _kdump_dumps,
    _kernels,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import STATE_DIR, Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kdump_proof import BEGUN, PROOF, STRUCK

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SSH_OPTIONS = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=15"]
SSH_UNITS = ("ssh.service", "sshd.service", "ssh.socket", "sshd.socket")
# Where a dump is fetched to that has to be opened here: for root alone, since it holds what the kernel knew.
SCRATCH = STATE_DIR + "/kdump-drill"


def begin(host: Host, options: Dict[str, Any]) -> Dict[str, Any]:
    """Note this boot and the dumps that are there already; raises HostError, e.g. for a target that does not answer."""
    begun = {
        "boot_id": (host.read(BOOT_ID) or "").strip(),
        "kernel": _kernels.running(host),
        "at": int(time.time()),
        "folders": _folders(host, options),
    }
    host.remove(STRUCK)
    host.write(BEGUN, json.dumps(begun, sort_keys=True) + "\n")
    return begun


def prove(host: Host, options: Dict[str, Any]) -> Dict[str, Any]:
    """Find the new dump, open it, and write the proof; raises HostError that says what is missing and where to look."""
    begun = _begun(host)
    if (host.read(BOOT_ID) or "").strip() == begun["boot_id"]:
        raise HostError("the host did not restart: this is still the boot in which the drill began")
    new = [name for name in _folders(host, options) if name not in begun["folders"]]
    if not new:
        raise HostError("no new dump is in %s; %s" % (_place(options), _last_words(host, begun["at"])))
    dump, verdict = _open(host, options, new[-1])
    if not verdict.complete:
        raise HostError("%s cannot be read: %s; %s" % (dump["dump"], verdict.reason, _last_words(host, begun["at"])))
    panic = _kdump_dumps.panic_line(verdict.dmesg)
    if not panic:
        raise HostError("the kernel log in %s names no panic: is it of another crash?" % dump["dump"])
    if not dump["dmesg"]:
        raise HostError("%s has no dmesg beside it; %s" % (dump["dump"], _last_words(host, begun["at"])))
    shown = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "kernel": begun["kernel"],
        "target": "%s:%s" % (options["target"], _place(options)),
        "dump": dump["dump"],
        "dmesg": dump["dmesg"],
        "bytes": dump["bytes"],
        "panic": panic,
        "seconds": _seconds(host),
    }
    host.write(PROOF, json.dumps(shown, sort_keys=True) + "\n")
    host.remove(BEGUN)
    host.remove(STRUCK)
    return shown


def _begun(host: Host) -> Dict[str, Any]:
    text = host.read(BEGUN)
    if text is None:
        raise HostError("%s is not there: no drill was begun on this host" % BEGUN)
    try:
        found = json.loads(text)
        return {key: found[key] for key in ("boot_id", "kernel", "at", "folders")}
    except (ValueError, KeyError, TypeError) as error:
        raise HostError("%s: is damaged (%s); begin the drill again" % (BEGUN, error)) from None


def _place(options: Dict[str, Any]) -> str:
    if options["target"] == "ssh":
        return "%s:%s" % (options["ssh"], options["directory"])
    return str(options["nfs"] if options["target"] == "nfs" else options["directory"])


def _ssh(options: Dict[str, Any], *command: str) -> List[str]:
    return ["ssh", "-i", options["ssh_key"]] + SSH_OPTIONS + [options["ssh"]] + list(command)


def _folders(host: Host, options: Dict[str, Any]) -> List[str]:
    """The names of this host's dump folders on the target, oldest first."""
    if options["target"] == "nfs":
        raise HostError("a drill cannot look into the target nfs; crash the host by hand, and look at the export")
    if options["target"] == "ssh":
        # A first dump finds no directory there and makes it.
        command = _ssh(options, "ls", "-1", options["directory"], "2>/dev/null", "||", "true")
        own = host.run(["uname", "-n"]).out.split() + host.run(["hostname", "-I"], check=False).out.split()
        # Others may send their dumps there too: theirs prove nothing for this host.
        begins = tuple("%s-" % name for name in own)
        names = [name for name in host.run(command, timeout=90).out.split("\n") if name.startswith(begins)]
    else:
        names = host.listdir(options["directory"])
    return sorted(name for name in names if _kdump_dumps.FOLDER.match(name))


def _open(host: Host, options: Dict[str, Any], name: str) -> Tuple[Dict[str, Any], _kdump_dumps.Verdict]:
    folder = "%s/%s" % (options["directory"], name)
    if options["target"] == "local":
        dump = next(d for d in _kdump_dumps.listing(host, options["directory"]) if d["folder"] == folder)
        if not dump["dump"]:
            return dict(dump, dump=folder), _nothing(host.listdir(folder))
        return dump, _kdump_dumps.check(host, dump["dump"], options["directory"] + "/.kernelops-kdump-drill")
    names = host.run(_ssh(options, "ls", "-1", folder), timeout=90).out.split("\n")
    dumps = [n for n in names if _kdump_dumps.DUMP.match(n)]
    logs = [n for n in names if _kdump_dumps.DMESG.match(n)]
    if not dumps:
        return {"dump": folder}, _nothing(names)
    path, copy = "%s/%s" % (folder, dumps[0]), SCRATCH + "/copy"
    try:
        host.make_directory(SCRATCH, 0o700)
        command = ["scp", "-q", "-i", options["ssh_key"]] + SSH_OPTIONS + ["%s:%s" % (options["ssh"], path), copy]
        host.run(command, timeout=7200)
        found = {"dump": path, "dmesg": "%s/%s" % (folder, logs[0]) if logs else "", "bytes": host.size(copy)}
        return found, _kdump_dumps.check(host, copy, copy)
    finally:
        host.remove(copy)
        host.remove_empty(SCRATCH)


def _nothing(names: List[str]) -> _kdump_dumps.Verdict:
    held = " ".join(name for name in names if name)
    return _kdump_dumps.Verdict(False, "the folder holds %s" % (held or "nothing"), "")


def _last_words(host: Host, since: int) -> str:
    """What the capture boot said, where a journal kept it."""
    backend = _kdump_backends.BACKENDS.get(_kdump_backends.system(host).backend)
    unit = getattr(backend, "DUMP_UNIT", "")
    if not unit or not host.which("journalctl"):
        return "the console of the capture kernel says why"
    command = ["journalctl", "--quiet", "--no-pager", "-o", "cat", "-n", "12", "-u", unit, "--since", "@%d" % since]
    words = host.run(command, check=False).out.strip()
    return "the capture kernel said: %s" % words if words else "the console of the capture kernel says why"


def _seconds(host: Host) -> Optional[int]:
    """From the crash to an sshd that listens, by the host's own clock; None where that is not known."""
    struck = (host.read(STRUCK) or "").strip()
    uptime = (host.read("/proc/uptime") or "0").split()[0]
    for unit in SSH_UNITS:
        line = host.run(["systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", unit], check=False).out
        since_boot = int(line.strip().partition("=")[2] or "0") / 1e6
        if since_boot and struck.isdigit():
            return round(time.time() - float(uptime) + since_boot - int(struck))
    return None
