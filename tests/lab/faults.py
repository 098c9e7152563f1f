# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
"""The ways in which the lab's machines die, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.errors import LabError

PANIC = r"Kernel panic - not syncing"
MODULE = "/usr/local/lib/kernelops-lab/$(uname -r)/kernelops_crash.ko"
PARAMETER = "/sys/module/kernelops_crash/parameters/fault"
SYSRQ = (
    "systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=50ms sh -c 'echo c > /proc/sysrq-trigger'"
)


@dataclass(frozen=True)
class Fault:
    """One way to die.

    A `running` fault strikes a running system; an `early` one the next boot, before userspace. `always_fatal` ones kill
    any host, the others only one that has panic_on_oops set. `mark` is what the console shows when it happened.
    """

    name: str
    kind: str
    summary: str
    mark: str
    always_fatal: bool = True
    append: str = ""
    without_initrd: bool = False
    may_reset: bool = False  # the panic itself may fault, and then the processor resets before the kernel can say so

    def command(self) -> str:
        """Return what to run on the machine; it returns before the fault strikes."""
        if self.name == "sysrq-c":
            return f"sync; {SYSRQ}"
        return (
            f"sync; if [ -e {PARAMETER} ]; then echo {self.name} > {PARAMETER}; "
            f"else insmod {MODULE} fault={self.name}; fi"
        )


def _module(name: str, summary: str, mark: str, always_fatal: bool = False, may_reset: bool = False) -> Fault:
    return Fault(name, "running", summary, mark, always_fatal, may_reset=may_reset)


FAULTS: tuple[Fault, ...] = (
    Fault("sysrq-c", "running", "echo c > /proc/sysrq-trigger", PANIC),
    _module("panic", "a direct call of panic()", PANIC, always_fatal=True),
    _module("bug", "BUG(): a failed assertion of the kernel", r"kernel BUG at"),
    _module("null-read", "a read through a pointer that is not set", r"NULL pointer dereference"),
    _module("null-call", "a call of a function that is not set", r"NULL pointer dereference"),
    _module("bad-pointer", "a write to an address that cannot exist", r"general protection fault"),
    _module("write-readonly", "a write to the kernel's own code", r"unable to handle page fault"),
    _module("invalid-opcode", "an instruction that does not exist", r"invalid opcode"),
    _module("divide-error", "a division by zero", r"divide error"),
    _module("stack-exhausted", "a recursion without end", r"stack guard page|double fault", True, may_reset=True),
    _module("stack-corrupted", "a write beyond an array on the stack", r"stack is corrupted", always_fatal=True),
    _module("in-interrupt", "an oops in an interrupt", r"Fatal exception in interrupt", always_fatal=True),
    Fault("init-exits", "early", "init ends at once", PANIC, append="init=/bin/false"),
    Fault("no-initrd", "early", "no initrd, so no root file system for the kernel", PANIC, without_initrd=True),
    Fault(
        "root-missing",
        "early",
        "a root file system that is not there: the initramfs gives up",
        r"ALERT! .* does not exist|\(initramfs\)|Rebooting automatically",
        append="root=UUID=00000000-0000-4000-8000-000000000000",
    ),
)


def find(name: str) -> Fault:
    """Return a fault by its name."""
    for fault in FAULTS:
        if fault.name == name:
            return fault
    raise LabError(f"No fault is called {name!r}: there are {', '.join(fault.name for fault in FAULTS)}.")


def one_of_each_class() -> Sequence[Fault]:
    """Return the faults of a quick test: how they strike differs, and how the kernel comes back."""
    return [find(name) for name in ("sysrq-c", "null-read", "init-exits")]


def all_faults() -> Sequence[Fault]:
    """Return every fault."""
    return FAULTS
