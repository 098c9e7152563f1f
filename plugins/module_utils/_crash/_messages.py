# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages with which the kernel begins to report a crash, as its sources write them, by the kind that each stands for.

A message is a literal; behind C( ~ ) stands a pattern for what must begin there, where the literal alone is not enough.
The first that fits wins, so what is special comes before what is general. Repeats in patterns are bounded.
"""

from typing import Tuple

_HEX = "[0-9a-fA-F]{1,16}"
# Disks of which an error says nothing: loop devices, floppies, optical drives, and the boot areas of an eMMC.
_NO_DISK = r"(?!loop|fd\d|sr\d|mmcblk\d{1,3}(?:rpmb|boot))"

# Kind, messages.
MESSAGES: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("kasan", (
        "BUG: KASAN: ",
    )),
    ("kfence", (
        "BUG: KFENCE: ",
    )),
    ("sanitizer", (
        "BUG: KMSAN: ", "BUG: KCSAN: ", "UBSAN: ~ UBSAN: .{1,80} in ", "BUG: memory leak", "unreferenced object 0x",
        "suspected memory leak",
    )),
    ("panic-vfs-root", (
        "Kernel panic - not syncing: VFS: ", "Kernel panic - not syncing: Unable to mount root",
    )),
    ("panic-init", (
        "Kernel panic - not syncing: Attempted to kill init",
        "Kernel panic - not syncing: No init found",
        "Kernel panic - not syncing: No working init found", "Kernel panic - not syncing: Requested init ",
    )),
    ("stack-overflow", (
        "Kernel panic - not syncing: stack-protector", "Kernel panic - not syncing: corrupted stack end",
        "Kernel panic - not syncing: kernel stack overflow", "Kernel panic - not syncing: Kernel stack",
    )),
    ("hung-task", (
        "Kernel panic - not syncing: hung_task",
    )),
    ("soft-lockup", (
        "Kernel panic - not syncing: softlockup",
    )),
    ("hard-lockup", (
        "Kernel panic - not syncing: Hard LOCKUP", "Kernel panic - not syncing: Watchdog detected hard LOCKUP",
    )),
    ("rcu-stall", (
        "Kernel panic - not syncing: RCU Stall",
    )),
    ("oom", (
        "Kernel panic - not syncing: Out of memory", "Kernel panic - not syncing: out of memory",
        "Kernel panic - not syncing: System is deadlocked on memory",
    )),
    ("mce", (
        "Kernel panic - not syncing: ~ Kernel panic - not syncing: .{0,80}(?:[Mm]achine [Cc]heck|MCE|hardware error|Hardware Error)",
        "Kernel panic - not syncing: Timeout: Not all CPUs entered broadcast exception handler",
        "Kernel panic - not syncing: Uncorrected", "Kernel panic - not syncing: Asynchronous SError Interrupt",
        # powerpc
        "Oops: Machine check", "Machine check interrupt [", r"MCE: CPU ~ MCE: CPU\d{1,5}: machine check \(Severe\)",
    )),
    ("nmi", (
        "Kernel panic - not syncing: NMI", "Kernel panic - not syncing: An NMI occurred",
    )),
    ("double-fault", (
        "Kernel panic - not syncing: Double fault", "Kernel panic - not syncing: Machine halted", "PANIC: double fault", "double fault: ",
    )),
    ("warning", (
        "Kernel panic - not syncing: ~ Kernel panic - not syncing: .{0,40}panic_on_warn set",
    )),
    ("kernel-bug", (
        "Kernel panic - not syncing: BUG!",
    )),
    ("atomic-context", (
        "Kernel panic - not syncing: scheduling while atomic",
    )),
    ("fs-error", (
        r"Kernel panic - not syncing: ~ Kernel panic - not syncing: (?:EXT[234]-fs|XFS|BTRFS|F2FS-fs|JBD2?|OCFS2|GFS2|NILFS|UBIFS|FAT-fs)\b",
    )),
    ("panic-other", (
        "Kernel panic - not syncing",
    )),
    ("stack-overflow", (
        "stack guard page was hit", "ernel stack overflow ~ (?!ernel stack overflow detection)",
        "Insufficient stack space to handle exception", "corrupted stack end detected",
    )),
    ("null-deref", (
        "ernel NULL pointer dereference", "nable to handle kernel instruction fetch (NULL pointer",
        "BUG: Unable to handle kernel data access ~ .{10,80} at 0x0{0,13}[0-9a-f]{1,3}$",
        r"Kernel attempted to ~ Kernel attempted to .{4,40}\(0?x?0{0,13}[0-9a-f]{1,3}\)",
        # MIPS and LoongArch, and powerpc up to 4.20.
        "Unable to handle kernel paging request ~ Unable to handle kernel paging request "
        "(?:at virtual address |for data at address 0x)0{4,13}[0-9a-f]{1,3}(?:,|$)",
    )),
    ("paging-fault", (
        "nable to handle kernel paging request", "nable to handle page fault for address",
        "nable to handle kernel ~ .{20,40}(?:data access|instruction fetch|access to user memory|pointer dereference)",
        "nable to handle kernel ~ .{20,40}(?:write to read-only memory|read from unreadable memory)",
        "nable to handle kernel execute ", "nable to handle kernel execution ", "Unable to handle kernel unaligned",
        "Kernel attempted to ~ Kernel attempted to (?:read|write|access|execute) user page",
        # arm and arm64 have it from a page fault alone; what it says of others begins otherwise.
        r"Internal error: Oops: ~ Internal error: Oops: [0-9a-f]{1,16} \[#",
    )),
    ("gpf", (
        "general protection fault ~ general protection fault(?! ip:)(?:, |: |$| in )",
        r"general protection exception: ~ general protection exception: [0-9a-f]{4}(?: ilc:\d)? \[#",
    )),
    ("divide-error", (
        "divide error: ~ divide error: [0-9a-f]{4}", "divide error, ", "divide_error: ", "Oops: divide error",
        r"divide exception: ~ divide exception: [0-9a-f]{4}(?: ilc:\d)? \[#",
    )),
    ("kernel-bug", (
        "kernel BUG at ", "Kernel bug detected[#", "Kernel BUG at ", "kernel BUG in ", "Internal error: Oops - BUG",
    )),
    ("mem-corruption", (
        "list_add corruption", "list_del corruption", "list_add double add", "BUG: Bad page state",
        "BUG: Bad page map", "BUG: Bad page cache", "BUG: Bad rss-counter", "BUG: non-zero pgtables_bytes",
        "BUG: non-zero nr_pt", "Slab corruption", "INFO: Freed in ", "INFO: Allocated in ", "INFO: Slab 0x",
        "INFO: Object 0x", r"BUG ~ BUG [\w-]{1,64} \((?:Not tainted|Tainted:.{1,60}?)\): (?!kasan: bad access)",
    )),
    ("locking", (
        "possible circular locking dependency detected", "possible recursive locking detected",
        "possible irq lock inversion dependency detected", "inconsistent lock state", "-unsafe lock order detected",
        "suspicious RCU usage", "suspicious rcu_dereference_check() usage", "bad unlock balance detected",
        "bad contention detected", "BUG: ~ BUG: held lock freed!", "WARNING: ~ WARNING: held lock freed!",
        "BUG: ~ BUG: .{1,80} still has locks held!", "WARNING: ~ WARNING: .{1,80} still has locks held!",
        "BUG: ~ BUG: lock held when returning", "WARNING: ~ WARNING: lock held when returning",
        "BUG: ~ BUG: lock held at task exit time", "WARNING: ~ WARNING: [Nn]ested lock was not taken",
        "BUG: ~ BUG: [Ii]nvalid wait context", "INFO: ~ INFO: trying to register non-static key",
        "BUG: ~ BUG: looking up invalid subclass", r"BUG: ~ BUG: key .{1,40}(?:not in \.data|not been registered)",
        "BUG: MAX_LOCK", "BUG: MAX_STACK_TRACE", "BUG: ~ BUG: (?:spinlock|rwlock|rtmutex|mutex|rt_mutex) ?",
        "INFO: ~ INFO: (?:possible|inconsistent) .{0,60}lock", "DEBUG_LOCKS_WARN_ON(",
        r"WARNING: ~ WARNING: (?:CPU: \d{1,5} PID: -?\d{1,12} )?(?:at )?[^ ]{0,100}kernel/(?:locking/|)lockdep\.c:",
    )),
    ("atomic-context", (
        "BUG: ~ BUG: scheduling while atomic", "BUG: ~ BUG: sleeping function called",
        "BUG: ~ BUG: using .{1,60} in preemptible", "BUG: ~ BUG: workqueue leaked ",
        "INFO: ~ INFO: using .{1,60} in preemptible", "BUG: ~ BUG: assuming ", "BUG: ~ BUG: scheduling from",
    )),
    ("soft-lockup", (
        "soft lockup - CPU#", "soft lockup detected",
    )),
    ("hard-lockup", (
        "detected hard LOCKUP", "detected Hard LOCKUP", "detected LOCKUP on CPU",
        r"watchdog: ~ watchdog: CPU \d{1,5} (?:self-detected |detected )?[Hh]ard LOCKUP",
        "csd: Detected non-responsive CSD lock",
        r"Watchdog CPU: ~ Watchdog CPU:\d{1,5} Hard LOCKUP",
    )),
    ("rcu-stall", (
        "detected stall on CPU", "detected stalls on CPU", "detected expedited stalls on",
        "INFO: rcu ~ .{0,40} detected stall", "INFO: task_blocked_on_rcu", "detected stalls on tasks:", " kthread starved for ",
    )),
    ("hung-task", (
        "INFO: task ~ INFO: task .{1,40} blocked", r" blocked for more than ~ .blocked for more than \d{1,6} seconds",
        r" blocked in I/O wait for more than ~ .blocked in I/O wait for more than \d{1,6} seconds",
        "INFO: task ~ INFO: task .{1,40} can't die for more than",
    )),
    ("workqueue-lockup", (
        "BUG: workqueue lockup",
    )),
    ("oom", (
        " invoked oom-killer", "ut of memory: Kill", "ut of memory and no killable", "oom-kill:constraint=",
        ": page allocation failure: order:", ": page allocation stalls for",
        "Out of memory (oom_kill_allocating_task)",
        r"Killed process ~ Killed process \d{1,10}(?:, UID \d{1,10},)? \(.{1,64}\),? total-vm:",
    )),
    ("mce", (
        "[Hardware Error]", "HARDWARE ERROR", "Machine check events logged", "Machine Check Exception",
        "achine check in kernel mode", "Disabling lock debugging due to kernel taint by machine check",
        r"EDAC ~ EDAC [\w# -]{2,40}: (?:\d{1,9} [CU]E |[CU]E (?:page|row|error)|uncorrected|HANDLING MCE)",
        "SError Interrupt on CPU", "Uncorrected hardware memory error",
        "Memory failure: ~ Memory failure: 0x%s: (?!recovery)" % _HEX, "synchronous external abort",
        "Synchronous External Abort",
    )),
    ("thermal", (
        "critical temperature reached", "temperature above threshold", "temperature is above threshold",
    )),
    ("pcie-error", (
        "PCIe Bus Error: severity=",
        "AER: ~ AER: (?:Multiple )?(?:Corrected|Uncorrected|Uncorrectable|Correctable)[^:]{0,40} (?:error|message) received",
        "containment event, status:", "EEH: Frozen P",
    )),
    ("nmi", (
        "NMI received for unknown reason", "NMI: PCI system error", "NMI: IOCK error", "NMI: Not continuing",
    )),
    ("io-error", (
        "I/O error, dev ~ I/O error, dev %s" % _NO_DISK, "I/O error on dev ~ I/O error on dev(?:ice)? %s" % _NO_DISK,
        "critical ~ critical (?:medium|target|space allocation|nexus) error, dev ", "exception Emask 0x",
        ": hard resetting link", ": link is slow to respond", "rejecting I/O to offline device",
        ": controller is down; will reset",
        # Up to 4.19 with the address of the device.
        r"nvme ~ nvme (?:nvme\d{1,4}|[0-9a-f]{4,5}:[0-9a-f:.]{7}): "
        "(?:I/O .{1,60}timeout|Device not ready|Abort status|controller is dead|Removing after probe failure|Disabling device after reset failure)",
        r"no available path - failing I/O ~ (?<=n\d: )", r": Disk failure on ~ (?<=\w): Disk failure on .{1,64}, disabling",
        r": failed command: ~ (?<=\.\d\d): failed command: [A-Z]", ": COMRESET failed (errno=", ": Device offlined - ",
        r"multipath: ~ multipath: (?:[\d:]{1,16} )?Failing path \d",
        "lost page write due to I/O error on ~ lost page write due to I/O error on %s" % _NO_DISK,
        "Buffer I/O error on ~ Buffer I/O error on (?:dev(?:ice)? %s|(?!dev)%s)" % (_NO_DISK, _NO_DISK),
    )),
    ("fs-error", (
        r"EXT ~ EXT[234]-fs error \(device %s" % _NO_DISK,
        r"EXT ~ EXT[234]-fs \(%s[^)]{1,40}\): (?:Remounting filesystem read-only|error count since|previous I/O error|I/O error while writing)" % _NO_DISK,
        r"emounting filesystem read-only ~ (?<!\): )",
        r"XFS ( ~ XFS \(%s[^)]{1,40}\): (?:.{0,40}[Cc]orruption|Metadata CRC |.{0,20}I/O [Ee]rror|.{0,20}Internal error|.{0,20}shut(?:ting)? ?down)" % _NO_DISK,
        r"BTRFS ~ BTRFS:? (?:error|critical)[: ]{1,2}\(device %s" % _NO_DISK,
        r"F2FS-fs ( ~ F2FS-fs \(%s[^)]{1,40}\): .{0,60}(?:corrupt|inconsisten|I/O error)" % _NO_DISK,
        r"FAT-fs ( ~ FAT-fs \(%s[^)]{1,40}\): error" % _NO_DISK,
        "Aborting journal on device ~ Aborting journal on device %s" % _NO_DISK,
        "journal commit I/O error", r"GFS2: ~ GFS2: fsid=.{1,100}?: fatal: ", "OCFS2: ERROR (device ",
        "JBD2: ~ JBD2: (?:Detected|I/O error|Error )", "ZFS: ~ .{0,40}(?:suspended|uncorrectable)",
    )),
    ("cpu-exception", (
        r"invalid opcode: ~ invalid opcode: [0-9a-f]{4} \[#", "Oops: invalid opcode",
        "illegal operation: ~ illegal operation: [0-9a-f]{4}", "Unhandled fault: ", "ad mode in ",
        r"stack segment: ~ stack segment: [0-9a-f]{4} \[#", "Oops: stack segment",
        r"segment not present: ~ segment not present: [0-9a-f]{4} \[#",
        r"alignment check: ~ alignment check: [0-9a-f]{4} \[#", r"int3: ~ int3: [0-9a-f]{4} \[#", "Oops: int3",
        r"ontrol protection: ~ .{19,60}\[#", "Internal error: ", "Oops - undefined instruction",
        r"bounds: ~ bounds: [0-9a-f]{4} \[#", r"simd exception: ~ simd exception: [0-9a-f]{4} \[#",
        r"fpu exception: ~ fpu exception: [0-9a-f]{4} \[#", "machine check in kernel",
    )),
    ("warning", (
        r"WARNING: ~ WARNING: CPU: \d{1,5} PID: -?\d{1,12} at ?[^ ]", r"WARNING: ~ WARNING: at ?[^ ]{1,300}:\d{1,6}",
        r"WARNING: ~ WARNING: [^ :]{1,300}:\d{1,6} at ", "WARNING: kernel stack ", "WARNING: stack ",
        "WARNING: can't access registers", "WARNING: kobject bug",
        "sysfs: cannot create duplicate filename ", r": nobody cared ~ (?<=\d): nobody cared \(try",
    )),
    ("paging-fault", (
        r"Oops: ~ Oops: (?:0x)?[0-9a-f]{4} \[#",
    )),
    ("cpu-exception", (
        r"Oops: ~ Oops: .{0,60}\[#\d", "Oops - ", "Oops[#", r"[# ~ \[#\d{1,6}\]",
    )),
    ("bug-other", (
        # Programs that log into the same file say it too, but rarely as their first word.
        "BUG: ~ ^BUG: (?!KASAN|KCSAN)[A-Za-z]", "unregister_netdevice: waiting for ",
    )),
)  # fmt: skip

# Every line that holds one of the messages holds one of these words: most lines of a log are done with after a search for them.
WORDS = (
    "BUG", "WARNING: ", "INFO: ", "Oops", "nable to handle ", "nternal error", " fault", "LOCKUP", "lockup",
    "dependency detected", "locking detected", "order detected", "balance detected", "contention detected", "detected stall",
    "detected expedited stall", "UBSAN", "Kernel panic - not", " blocked for more than", " blocked in I/O wait", "ut of memory",
    "oom-kill", "rror, dev", "rror on dev", "I/O error", "ardware error", "ARDWARE ERROR", "ardware Error", "chine check",
    "chine Check", "EDAC ", "AER: ", "PCIe Bus Error", "exception Emask", "resetting link", "slow to respond", "XFS (", "BTRFS",
    "-fs ", "-fs (", "ZFS: ", "JBD2: ", "Aborting journal", "unreferenced object", "suspected memory leak", "NMI", "temperature ",
    "list_add ", "list_del corruption", "Slab ", "stack guard page", "stack overflow", "stack space to", "corrupted stack end",
    "illegal operation", "ad mode in ",
    "divide error", "divide_error", "inconsistent lock", "DEBUG_LOCKS", "offline device", "ilesystem read-only",
    "controller is down", "page allocation ", "Kernel attempted to ", "Kernel bug ", "kernel BUG", "nvme nvme", "Linux version ",
    "NULL pointer", "[#", "suspicious RCU", "suspicious rcu_", "SError", "emory failure", "hardware memory", "nal abort",
    "nal Abort", "containment event", "EEH: ", "unregister_netdevice", "nvme 0", "Disk failure on", "failed command: ", "COMRESET ",
    "Device offlined", "Failing path", "failing I/O", "GFS2: ", "OCFS2: ", "Killed process ", "kthread starved", "CSD lock", "sysfs: cannot ",
    ": nobody cared",
)  # fmt: skip
