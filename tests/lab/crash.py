# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""Make a fault strike a machine, and know from the console that it did."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Protocol

from lab.errors import LabError
from lab.faults import Fault
from lab.ssh import Result

ENTRY_ID = "kernelops-lab-fault"
CUSTOM = "/boot/grub/custom.cfg"
STRIKE_SECONDS = {"running": 45.0, "early": 240.0, "complaint": 120.0}
FORGET = (
    f"if grep -qs {ENTRY_ID} {CUSTOM}; then rm -f {CUSTOM}; grub-editenv /boot/grub/grubenv unset next_entry; sync; fi"
)


class Target(Protocol):
    """What a machine must offer to be crashed."""

    name: str

    def ssh(self, command: str, timeout: float = 60, text: str | None = None) -> Result: ...
    def boot_id(self) -> str: ...
    def serial(self, since: int = 0) -> str: ...
    def serial_size(self) -> int: ...
    def alive(self) -> bool: ...
    def monitor(self, line: str) -> str: ...


@dataclass(frozen=True)
class Crash:
    """A fault that struck: which boot it ended, when, and where its console output begins."""

    fault: Fault
    boot_id: str
    struck_at: float
    serial_offset: int


def normal_entry(menu: str) -> list[str]:
    """Return the body of the first menu entry that boots Linux: what the machine boots by itself."""
    for entry in re.finditer(r"^[ \t]*menuentry [^\n]*\{\n(.*?)^[ \t]*\}$", menu, re.MULTILINE | re.DOTALL):
        lines = entry[1].splitlines()
        if any(line.split()[:1] == ["linux"] for line in lines):
            return lines
    raise LabError(
        "No menu entry in /boot/grub/grub.cfg boots Linux: early faults need a GRUB menu with its entries in that file."
    )


def faulty_entry(menu: str, fault: Fault) -> str:
    """Return a menu entry like the machine's own, with the fault on its command line."""
    lines = []
    for line in normal_entry(menu):
        verb = line.split()[:1]
        if verb == ["initrd"] and fault.without_initrd:
            continue
        if verb == ["linux"] and fault.append:
            line = f"{_without(line, fault.append)} {fault.append}"
        lines.append(line)
    body = "\n".join(lines)
    return f"menuentry '{ENTRY_ID}' --id {ENTRY_ID} {{\n{body}\n}}\n"


def _without(line: str, argument: str) -> str:
    """Drop what the new argument replaces: the kernel takes the last one, an initramfs perhaps not."""
    name = argument.partition("=")[0]
    return re.sub(rf"(?<=\s){re.escape(name)}=\S+\s*", "", line).rstrip()


def prepare_early(machine: Target, fault: Fault) -> str:
    """Write a one-time menu entry; return the command that boots it."""
    menu = machine.ssh("cat /boot/grub/grub.cfg && ! grep -sv '^#' /dev/null")
    taken = machine.ssh(f"test ! -e {CUSTOM} || grep -q {ENTRY_ID} {CUSTOM}")
    if taken.returncode:
        raise LabError(f"{machine.name} has a {CUSTOM} of its own: the lab would have to overwrite it.")
    written = machine.ssh(f"cat > {CUSTOM}", text=faulty_entry(menu.stdout, fault))
    if written.returncode:
        raise LabError(f"Cannot write {CUSTOM} on {machine.name}: {written.stderr.strip()}")
    later = "systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=50ms systemctl reboot"
    return f"grub-editenv /boot/grub/grubenv set next_entry={ENTRY_ID} && sync && {later}"


def _lines(machine: Target) -> int:
    return len(machine.ssh("dmesg").stdout.splitlines())


def strike(machine: Target, fault: Fault) -> Crash:
    """Make the fault strike and wait until the console shows it."""
    boot_id = machine.boot_id()
    if not boot_id:
        raise LabError(f"{machine.name} does not answer on ssh, so there is nothing to crash.")
    command = prepare_early(machine, fault) if fault.kind == "early" else fault.command()
    offset = machine.serial_size()
    # The console shows a complaint only where somebody has asked for such levels.
    log = f"dmesg | tail -n +{_lines(machine) + 1}" if fault.survived else ""
    result = machine.ssh(command)
    if result.returncode:
        raise LabError(f"{machine.name} refused the fault {fault.name}: {result.stderr.strip() or result.returncode}")
    if fault.monitor:
        machine.monitor(fault.monitor)
    deadline = time.monotonic() + STRIKE_SECONDS[fault.kind]
    while time.monotonic() < deadline and machine.alive():
        if re.search(fault.mark, machine.ssh(log).stdout if log else machine.serial(offset)):
            return Crash(fault, boot_id, time.monotonic(), offset)
        time.sleep(1 if log else 0.1)
    tail = (machine.ssh(log).stdout if log else machine.serial(offset))[-600:]
    raise LabError(
        f"The fault {fault.name} did not show on the console or in the log of {machine.name} ({fault.mark}); its last words:\n{tail}"
    )
