# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of incident means and what to do first: one table, from which the documentation is made too.

In the texts {who} is the driver, else the function, else "the kernel"; {fix} is what to update or disable for it; {task} the process;
{device} the disk, file system or link; {users} and {biggest} the biggest users of memory. A kind that is lethal leaves the kernel damaged:
what follows in the same boot follows from it.
"""

from typing import Any, Dict, NamedTuple


class Kind(NamedTuple):
    suspect: str  # software, hardware, configuration, resources or unknown
    lethal: bool
    cause: str
    first_step: str
    source: str  # where the kernel writes the message or explains it, as paths in its sources


_UPDATE = "Update the kernel or disable {fix}; search the changelogs of newer kernels for {function}."
_ADMIN = "Documentation/admin-guide/"

KINDS: Dict[str, Kind] = {
    "null-deref": Kind(
        "software", True, "{who} used a pointer that was not set.",
        "Update or disable {fix}; see whether a newer kernel or driver names {function} in its changelog.", "arch/x86/mm/fault.c, arch/arm64/mm/fault.c",
    ),
    "paging-fault": Kind(
        "software", True, "{who} used an address that is not mapped: freed or overwritten memory, or a wrong pointer.",
        "Update or disable {fix}; if the function differs from crash to crash, test the memory with memtest86+.", "arch/x86/mm/fault.c, arch/arm64/mm/fault.c",
    ),
    "gpf": Kind(
        "software", True, "{who} used an impossible address: overwritten or already freed memory, or a bit that flipped.",
        "Update or disable {fix}; if the function differs from crash to crash, test the memory with memtest86+.", "arch/x86/kernel/traps.c",
    ),
    "cpu-exception": Kind(
        "software", True, "The CPU refused an instruction or an access of {who}.",
        "Update the kernel and the CPU's microcode; look for {function} in the changelog of {fix}.", "arch/x86/kernel/traps.c, arch/arm64/kernel/traps.c",
    ),
    "divide-error": Kind("software", True, "{who} divided by zero.", _UPDATE, "arch/x86/kernel/traps.c"),
    "double-fault": Kind(
        "software", True, "The CPU failed while it handled a fault: mostly a kernel stack that overflowed in {who}.",
        "Update the kernel; unload what stacks many layers (encryption over RAID over network, nested file systems).", "arch/x86/kernel/traps.c",
    ),
    "stack-overflow": Kind(
        "software", True, "The kernel's stack overflowed or was overwritten in {who}.",
        "Update or disable {fix}; stack fewer storage and network layers on each other.", "kernel/panic.c, arch/x86/kernel/traps.c, arch/arm64/kernel/traps.c",
    ),
    "kernel-bug": Kind(
        "software", True, "{who} found a state that its authors hold for impossible, and stopped.",
        "Search the line of the BUG and {function} in the changelogs of newer kernels; update or disable {fix}.", "lib/bug.c, " + _ADMIN + "bug-hunting.rst",
    ),
    "bug-other": Kind("software", True, "{who} found its own data wrong.", _UPDATE, _ADMIN + "bug-hunting.rst"),
    "mem-corruption": Kind(
        "hardware", True, "The kernel's own records of memory are wrong, seen in {who}: bad memory, or a driver that overwrote them.",
        "Test the memory with memtest86+ and read the EDAC counters; if it passes, update or disable {fix}.", "mm/memory.c, mm/slub.c, lib/list_debug.c",
    ),
    "kasan": Kind(
        "software", True, "{who} used memory that is not its own or was already freed (found by KASAN).",
        "Report the text to the maintainers of {fix}; update it.", "Documentation/dev-tools/kasan.rst",
    ),
    "kfence": Kind(
        "software", True, "{who} used memory that is not its own or was already freed (found by KFENCE).",
        "Report the text to the maintainers of {fix}; update it.", "Documentation/dev-tools/kfence.rst",
    ),
    "sanitizer": Kind(
        "software", False, "A checker built into this kernel found undefined behaviour, a race or a leak in {who}.",
        "Report the text to the maintainers of {fix}; the host can go on.",
        ", ".join("Documentation/dev-tools/%s.rst" % name for name in ("kcsan", "kmsan", "ubsan", "kmemleak")),
    ),
    "locking": Kind(
        "software", False, "{who} takes or holds locks in a way that can end in a deadlock.",
        "Report the text to the maintainers of {fix}; update it.", "Documentation/locking/lockdep-design.rst",
    ),
    "atomic-context": Kind(
        "software", False, "{who} slept or scheduled where that is not allowed.",
        "Update or disable {fix}; report the text to its maintainers.", "kernel/sched/core.c",
    ),
    "soft-lockup": Kind(
        "software", True, "The task {task} kept a CPU in the kernel, in {who}, for longer than the watchdog allows.",
        "Look at {task} and {fix}: update or disable the driver; on a virtual machine look for an overcommitted host first.",
        _ADMIN + "lockup-watchdogs.rst",
    ),
    "hard-lockup": Kind(
        "unknown", True, "A CPU did not answer interrupts any more, last seen in {who}.",
        "Update firmware, microcode and {fix}; look at the hardware's own event log (ipmitool sel list).", _ADMIN + "lockup-watchdogs.rst",
    ),
    "rcu-stall": Kind(
        "software", True, "A CPU did not let others go on for too long, in {who}.",
        "Look at {fix} and at the load; on a virtual machine look for an overcommitted host first.", "Documentation/RCU/stallwarn.rst",
    ),
    "hung-task": Kind(
        "resources", False, "The task {task} waited in {who} for longer than allowed, mostly for a disk or a network file system.",
        "Check the storage and the network mounts of {task} (dmesg, iostat -x, nfsstat -m).", "kernel/hung_task.c, " + _ADMIN + "sysctl/kernel.rst",
    ),
    "workqueue-lockup": Kind(
        "software", False, "A queue of kernel work stood still for too long, behind work of {who}.",
        "Look which work the message names as in flight; update or disable {fix}; on a virtual machine look for an overcommitted host.",
        "kernel/workqueue.c, Documentation/core-api/workqueue.rst",
    ),
    "warning": Kind(
        "software", False, "{who} met a state that it did not expect and went on.",
        "See whether it comes again; search {function} in the changelogs of newer kernels; update {fix}.", "lib/bug.c",
    ),
    "panic-vfs-root": Kind(
        "configuration", True, "The kernel found no root file system: wrong root= , no driver for the disk in the initramfs, or no disk.",
        "Start the previous kernel from the boot loader; compare root= with blkid; rebuild the initramfs with the storage driver; check the disk.",
        "init/do_mounts.c",
    ),
    "panic-init": Kind(
        "configuration", True, "The first process ended or could not be started: a damaged root file system, library or init program.",
        "Boot a rescue system; check the file system (fsck) and that /sbin/init and its libraries are whole.", "kernel/exit.c, init/main.c",
    ),
    "panic-other": Kind("unknown", True, "The kernel stopped: {title}.", "Read the lines before the panic; search its text for this kernel.", "kernel/panic.c"),
    "oom": Kind(
        "resources", False, "Memory ran out{users}.",
        "Limit or move what used most of it{biggest}; add memory or swap (free -m, swapon --show).", "mm/oom_kill.c",
    ),
    "mce": Kind(
        "hardware", True, "The CPU or the memory controller reported a hardware error{device}.",
        "Read ras-mc-ctl --errors and the hardware's event log; replace the memory module or CPU named there.", _ADMIN + "RAS/main.rst",
    ),
    "thermal": Kind(
        "hardware", False, "A part of the machine became too hot{device}.",
        "Check fans, dust and the air (sensors, ipmitool sdr).", "drivers/thermal/thermal_core.c, drivers/thermal/intel/therm_throt.c",
    ),
    "nmi": Kind(
        "hardware", True, "The hardware raised a non-maskable interrupt that nobody explained.",
        "Look at the hardware's own event log (ipmitool sel list); it may also be somebody's diagnostic button or command.", "arch/x86/kernel/nmi.c",
    ),
    "pcie-error": Kind(
        "hardware", False, "A PCI Express link or device reported errors{device}.",
        "Reseat or replace the card{device}; update its firmware (lspci -vvv shows the link).", "Documentation/PCI/pcieaer-howto.rst",
    ),
    "io-error": Kind(
        "hardware", False, "A disk or the way to it failed{device}.",
        "Read the disk's health{device} (smartctl -a, nvme smart-log), then check cables, backplane and controller.",
        "block/blk-core.c, drivers/ata/libata-eh.c",
    ),
    "fs-error": Kind(
        "hardware", False, "A file system found itself damaged{device}.",
        "Look for disk errors before it; save the data, then check the file system{device} while it is not mounted (fsck, xfs_repair).",
        "fs/ext4/super.c, fs/xfs/xfs_error.c",
    ),
    "unexpected-reboot": Kind(
        "unknown", False, "The machine started again without a shutdown and without a panic: power, reset, watchdog or firmware.",
        "Look at the hardware's or the provider's event log at this time; set up kdump and a serial console to see more.", "init/version.c",
    ),
}  # fmt: skip


class _Words(Dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def explain(entry: Kind, words: Dict[str, Any]) -> Dict[str, str]:
    """suspect, cause and first_step of an incident, in its own words."""
    filled = _Words(words)
    return dict(
        suspect=entry.suspect, cause=_sentence(entry.cause, filled), first_step=_sentence(entry.first_step, filled)
    )


def _sentence(template: str, words: Dict[str, Any]) -> str:
    text = template.format_map(words)
    return text[:1].upper() + text[1:]
