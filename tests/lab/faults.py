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

    A `running` fault strikes a running system; an `early` one the next boot, before userspace; a `complaint` is survived.
    `always_fatal` ones kill any host, the others only one that has panic_on_oops set. `mark` is what the console shows
    when it happened, of a complaint the kernel's log. `incident` and `function` are what a diagnosis must say of it.
    """

    name: str
    kind: str
    summary: str
    mark: str
    always_fatal: bool = True
    append: str = ""
    without_initrd: bool = False
    may_reset: bool = False  # the panic itself may fault, and then the processor resets before the kernel can say so
    incident: str = ""
    function: str = ""
    prepare: str = "true"  # run on the machine before
    shell: str = ""  # strikes instead of the module
    monitor: str = ""  # a line for QEMU's monitor strikes

    @property
    def survived(self) -> bool:
        """Tell whether the machine lives on."""
        return self.kind == "complaint"

    def command(self) -> str:
        """Return what to run on the machine; it returns before the fault strikes."""
        if self.shell or self.monitor:
            return f"{self.prepare}; sync; {self.shell or 'true'}"
        return (
            f"{self.prepare}; sync; if [ -e {PARAMETER} ]; then echo {self.name} > {PARAMETER}; "
            f"else insmod {MODULE} fault={self.name}; fi"
        )


def _module(
    name: str,
    summary: str,
    mark: str,
    incident: str,
    *,
    always_fatal: bool = False,
    may_reset: bool = False,
    function: str = "",
) -> Fault:
    culprit = function or "strike_" + name.replace("-", "_")
    return Fault(name, "running", summary, mark, always_fatal, may_reset=may_reset, incident=incident, function=culprit)


def _complaint(
    name: str,
    summary: str,
    mark: str,
    incident: str,
    *,
    function: str = "",
    prepare: str = "true",
    shell: str = "",
    monitor: str = "",
) -> Fault:
    return Fault(
        name,
        "complaint",
        summary,
        mark,
        always_fatal=False,
        incident=incident,
        function=function,
        prepare=prepare,
        shell=shell,
        monitor=monitor,
    )


FAULTS: tuple[Fault, ...] = (
    Fault(
        "sysrq-c",
        "running",
        "echo c > /proc/sysrq-trigger",
        PANIC,
        incident="panic-other",
        function="sysrq_handle_crash",
        shell=SYSRQ,
    ),
    _module("panic", "a direct call of panic()", PANIC, "panic-other", always_fatal=True),
    _module("bug", "BUG(): a failed assertion of the kernel", r"kernel BUG at", "kernel-bug"),
    _module("null-read", "a read through a pointer that is not set", r"NULL pointer dereference", "null-deref"),
    # The compiler makes a jump of a function's last call, so that its caller is the one on the stack.
    _module(
        "null-call",
        "a call of a function that is not set",
        r"NULL pointer dereference",
        "null-deref",
        function="strike",
    ),
    _module("bad-pointer", "a write to an address that cannot exist", r"general protection fault", "gpf"),
    _module("write-readonly", "a write to the kernel's own code", r"unable to handle page fault", "paging-fault"),
    _module("invalid-opcode", "an instruction that does not exist", r"invalid opcode", "cpu-exception"),
    _module("divide-error", "a division by zero", r"divide error", "divide-error"),
    _module(
        "stack-exhausted",
        "a recursion without end",
        r"stack guard page|double fault",
        "stack-overflow",
        always_fatal=True,
        may_reset=True,
        function="deeper",
    ),
    _module(
        "stack-corrupted",
        "a write beyond an array on the stack",
        r"stack is corrupted",
        "stack-overflow",
        always_fatal=True,
    ),
    _module(
        "in-interrupt",
        "an oops in an interrupt",
        r"Fatal exception in interrupt",
        "null-deref",
        always_fatal=True,
        function="strike_null_read",
    ),
    _module("list-corruption", "a list whose links contradict each other", r"list_add corruption", "mem-corruption"),
    Fault("init-exits", "early", "init ends at once", PANIC, append="init=/bin/false", incident="panic-init"),
    Fault(
        "no-initrd",
        "early",
        "no initrd, so no root file system for the kernel",
        PANIC,
        without_initrd=True,
        incident="panic-vfs-root",
    ),
    Fault(
        "root-missing",
        "early",
        "a root file system that is not there: the initramfs gives up",
        r"ALERT! .* does not exist|\(initramfs\)|Rebooting automatically",
        append="root=UUID=00000000-0000-4000-8000-000000000000",
    ),
)

# What the kernel complains of and lives on.
COMPLAINTS: tuple[Fault, ...] = (
    _complaint("warning", "WARN()", r"strike_warning", "warning", function="strike_warning"),
    _complaint(
        "sleep-in-atomic",
        "a task that sleeps where it must not",
        r"scheduling while atomic",
        "atomic-context",
        function="strike_sleep_in_atomic",
    ),
    _complaint(
        "soft-lockup",
        "a task that keeps a CPU to itself",
        r"soft lockup - CPU#",
        "soft-lockup",
        function="spin_for",
        prepare="sysctl -q kernel.watchdog_thresh=3",
    ),
    _complaint(
        "rcu-stall",
        "a reader that lets RCU wait",
        r"rcu_\w+ (?:self-)?detected stall",
        "rcu-stall",
        function="spin_for",
        prepare="sysctl -q kernel.watchdog_thresh=30; echo 4 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout",
    ),
    _complaint(
        "hung-task",
        "a task that waits for ever",
        r"blocked for more than",
        "hung-task",
        function="strike_hung_task",
        prepare="sysctl -q kernel.hung_task_timeout_secs=5",
    ),
    _complaint("device-held", "a network device that does not go", r"unregister_netdevice: waiting for", "bug-other"),
    _complaint(
        "out-of-memory",
        "a program that takes all memory",
        r"Out of memory: Killed process",
        "oom",
        shell="systemd-run --quiet --collect tail /dev/zero",
    ),
    _complaint(
        "file-system-error",
        "an error of ext4, on a disk in memory",
        r"EXT4-fs error \(device ram0\)",
        "fs-error",
        prepare="modprobe brd rd_nr=1 rd_size=16384; mkfs.ext4 -q -F /dev/ram0; mount /dev/ram0 /mnt",
        shell="echo asked-to > /sys/fs/ext4/ram0/trigger_fs_error; umount /mnt",
    ),
    _complaint(
        "disk-error",
        "a sector that cannot be read; of DIAGNOSED_HARDWARE",
        r"I/O error, dev vdb",
        "io-error",
        shell="dd if=/dev/vdb of=/dev/null bs=4096 skip=3085 count=1 iflag=direct 2>/dev/null || true",
    ),
    _complaint("unknown-nmi", "an NMI that nobody knows", r"NMI received for unknown reason", "nmi", monitor="nmi"),
)

# A place where the kernel's last words outlive a restart (ACPI ERST), as many servers have one.
KEPT_LAST_WORDS = (
    "-object",
    "memory-backend-ram,id=erst,size=1M",
    "-device",
    "acpi-erst,memdev=erst",
)

# What a machine that is to be diagnosed has: that, and a disk of 16 MiB with a sector that cannot be read, where nobody looks
# for a file system.
DIAGNOSED_HARDWARE = (
    *KEPT_LAST_WORDS,
    "-blockdev",
    "driver=blkdebug,node-name=broken,read-only=on,image.driver=null-co,image.size=16777216,"
    "inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.sector=24680,inject-error.0.errno=5",
    "-device",
    "virtio-blk-pci,drive=broken",
)

# Not among those that a panic parameter saves a machine from: only a watchdog does.
HANG = Fault("hang", "running", "all processors spin with interrupts off", r"kernelops_crash: hang")


def find(name: str) -> Fault:
    """Return a fault by its name."""
    known = (*FAULTS, *COMPLAINTS, HANG)
    for fault in known:
        if fault.name == name:
            return fault
    raise LabError(f"No fault is called {name!r}: there are {', '.join(fault.name for fault in known)}.")


def one_of_each_class() -> Sequence[Fault]:
    """Return the faults of a quick test: how they strike differs, and how the kernel comes back."""
    return [find(name) for name in ("sysrq-c", "null-read", "init-exits")]


def all_faults() -> Sequence[Fault]:
    """Return every fault that a machine dies of."""
    return FAULTS


def diagnosed(everything: bool) -> Sequence[Fault]:
    """Return what a diagnosis is tried on: of each way to leave evidence one, or all."""
    if everything:
        return [fault for fault in FAULTS + COMPLAINTS if fault.incident]
    return [find(name) for name in ("null-read", "no-initrd", "warning", "hung-task", "file-system-error")]
