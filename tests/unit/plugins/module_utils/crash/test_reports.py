# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says: kind, culprit, driver, task, and the first step, on every architecture."""

from typing import Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _kinds, _messages, _triggers
from unit.plugins.module_utils.crash import samples


@pytest.mark.parametrize(
    "text, kind, function, module, cpu, pid",
    [
        (samples.X86_NULL, "null-deref", "rtl8125_poll", "r8125", 1, 0),
        (samples.ARM64_PAGING, "paging-fault", "mlx5_eq_poll", "mlx5_core", 3, 812),
        (samples.ARM_NULL, "null-deref", "dcmi_start", "stm32_dcmi", 0, 301),
        (samples.PPC64_BUG, "kernel-bug", "ibmvfc_free_event", "ibmvfc", 8, 1422),
        (samples.S390_FAULT, "paging-fault", "qeth_l2_probe", "qeth", 2, 902),
        (samples.RISCV_NULL, "null-deref", "vs_crtc_enable", "starfive_vout", 1, 233),
        (samples.SOFT_LOCKUP, "soft-lockup", "dummy_work", "dummy_drv", 2, 771),
    ],
    ids=["x86", "arm64", "arm", "ppc64", "s390", "riscv", "soft-lockup"],
)
def test_the_culprit_is_found(text: str, kind: str, function: str, module: str, cpu: int, pid: int) -> None:
    found = samples.only(samples.stamped(text))
    assert (found["kind"], found["function"], found["module"]) == (kind, function, module)
    assert (found["cpu"], found["task"]["pid"]) == (cpu, pid)
    assert module in found["cause"] + found["first_step"]
    assert found["kernel"]


LOCKS_WARN = samples.LIST_WARN.replace(samples.LIST_WARN.splitlines()[1], "DEBUG_LOCKS_WARN_ON(lock->magic != lock)")


@pytest.mark.parametrize(
    "form", ["%s\n", "[  100.000000] %s\n", "[  100.000000][  T512] %s\n", "Jan  5 10:00:25 n kernel: %s\n"]
)
@pytest.mark.parametrize(
    "text, kind, function, module, pid",
    [
        (samples.PPC64_NULL, "null-deref", "foo_write", "foo", 2417),
        (samples.LIST_WARN, "mem-corruption", "foo_enqueue", "foo", 512),
        (LOCKS_WARN, "locking", "foo_enqueue", "foo", 512),
        (samples.SLUB, "mem-corruption", "foo_open", "foo", 77),
    ],
    ids=["ppc64", "list", "locks", "slub"],
)
def test_what_is_announced_is_one_report(text: str, kind: str, function: str, module: str, pid: int, form: str) -> None:
    found = samples.only("".join(form % line for line in text.splitlines()))
    assert (found["kind"], found["function"], found["module"]) == (kind, function, module)
    assert (found["task"]["pid"], found["follow_ups"]) == (pid, [])


def test_two_faults_of_powerpc_are_told_apart() -> None:
    other = samples.PPC64_NULL.replace("foo_write", "bar_poll")
    prints = {samples.only(samples.stamped(text))["fingerprint"] for text in (samples.PPC64_NULL, other)}
    assert len(prints) == 2


def test_the_owners_of_an_object_did_not_find_it_overwritten() -> None:
    assert samples.only(samples.stamped(samples.SLUB.split("CPU: 1")[0]))["function"] is None


def test_a_warning_does_not_lend_its_stack_to_a_stall() -> None:
    stall = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
    found = samples.only(samples.stamped(stall + samples.LIST_WARN.split("\n", 2)[2]))
    assert (found["kind"], found["function"]) == ("rcu-stall", None)


def test_the_task_of_a_lockup_and_its_driver_are_named() -> None:
    found = samples.only(samples.stamped(samples.SOFT_LOCKUP))
    assert found["cause"].startswith("The task kworker/2:1 kept a CPU in the kernel, in the driver dummy_drv")


def test_without_a_driver_the_function_is_named() -> None:
    found = samples.only(samples.stamped(samples.RISCV_NULL.replace(" [starfive_vout]", "")))
    assert found["cause"] == "The function vs_crtc_enable used a pointer that was not set."
    assert found["first_step"].startswith("Update or disable the driver or subsystem of vs_crtc_enable;")


def test_the_stack_of_the_watchdog_is_not_that_of_the_hung_task() -> None:
    text = "Kernel panic - not syncing: hung_task: blocked tasks\nCall Trace:\n panic+0x1/0x2\n watchdog+0x1/0x2\n kthread+0x1/0x2\n"
    found = samples.only(samples.stamped(text))
    assert (found["kind"], found["fatal"], found["function"]) == ("hung-task", True, None)


def test_a_hung_task_is_on_no_cpu_and_not_its_watchdog() -> None:
    watchdog = "CPU: 3 PID: 27 Comm: khungtaskd Not tainted 6.1.0 #1\n"
    found = samples.only(
        "INFO: task cp:4711 blocked for more than 120 seconds.\n      Not tainted 6.1.0 #1\n" + watchdog
    )
    assert (found["task"], found["cpu"]) == ({"comm": "cp", "pid": 4711}, None)
    found = samples.only("Kernel panic - not syncing: hung_task: blocked tasks\n" + watchdog)
    assert (found["task"], found["cpu"]) == (None, None)


def test_the_task_that_ran_out_of_memory_has_its_number() -> None:
    assert samples.only(samples.OOM)["task"] == {"comm": "java", "pid": 1403}


def test_the_cpu_of_an_old_kernel_stands_alone() -> None:
    lines = samples.X86_NULL.splitlines(True)
    old = [line for line in lines if not line.startswith("CPU: ")]
    old.insert(1, "CPU 5 \nPid: 2901, comm: cat Tainted: G           O 2.6.32-504.el6.x86_64 #1 Dell\n")
    found = samples.only("".join(old))
    assert (found["cpu"], found["task"]) == (5, {"comm": "cat", "pid": 2901})


def test_an_address_in_the_first_page_is_a_null_pointer_on_s390_too() -> None:
    text = samples.S390_FAULT.replace(
        "Failing address: 6b6b6b6b6b6b6000 TEID", "Failing address: 0000000000000000 TEID"
    )
    assert samples.only(text)["kind"] == "null-deref"


@pytest.mark.parametrize("text", [samples.ARM64_PAGING, samples.S390_FAULT, samples.RISCV_NULL, samples.X86_NULL])
def test_no_frame_is_told_twice(text: str) -> None:
    trace = samples.only(samples.stamped(text))["call_trace"]
    assert len(trace) > 1 and all(one != other for one, other in zip(trace, trace[1:]))


def test_a_report_in_full() -> None:
    found = samples.only(samples.stamped(samples.X86_NULL))
    assert found["fatal"] is True
    assert found["title"] == "BUG: kernel NULL pointer dereference in rtl8125_poll"
    assert found["kernel"] == "6.1.0-56-amd64"
    assert found["hardware"] == "QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-1 04/01/2014"
    assert found["task"] == {"comm": "swapper/1", "pid": 0}
    assert found["taint"] == [{"flag": "O", "meaning": "out-of-tree module"}]
    assert found["call_trace"][:3] == ["memcpy_orig+0x15", "rtl8125_poll.isra.0+0x1c2", "__napi_poll+0x2b"]
    assert "__die+0x23" not in found["call_trace"]
    assert found["suspect"] == "software"
    assert found["cause"] == "The driver r8125 used a pointer that was not set."
    assert found["line"] == 1
    assert found["seconds"] == 100.0


@pytest.mark.parametrize("kdump", ["", "Kdump: loaded "])
@pytest.mark.parametrize(
    "tainted, release",
    [
        ("Not tainted 6.1.0-56-amd64", "6.1.0-56-amd64"),
        ("Tainted: G    B   W  OE    --------- ---  5.14.0-70.22.1.el9_0.x86_64", "5.14.0-70.22.1.el9_0.x86_64"),
        ("Tainted: P           OE  ------------   3.10.0-957.el7.x86_64", "3.10.0-957.el7.x86_64"),
        ("Tainted: G          I      --------- -  - 4.18.0-305.el8.x86_64", "4.18.0-305.el8.x86_64"),
    ],
)
def test_the_task_and_the_kernel_of_distributions(kdump: str, tainted: str, release: str) -> None:
    """lib/dump_stack.c names a loaded crash kernel, and the RHEL family its own flags."""
    line = "CPU: 1 PID: 77 Comm: my task %s%s #1" % (kdump, tainted)
    found = samples.only(samples.stamped(samples.X86_NULL.replace(samples.X86_NULL.splitlines()[5], line)))
    assert (found["task"], found["kernel"]) == ({"comm": "my task", "pid": 77}, release)


def test_the_biggest_users_of_memory_come_from_the_kernel_s_own_table() -> None:
    found = samples.only(samples.stamped(samples.OOM))
    assert found["kind"] == "oom"
    assert found["suspect"] == "resources"
    assert found["fatal"] is False
    assert "java (1600 MiB), php-fpm7.4 (100 MiB)" in found["cause"]
    assert "java" in found["first_step"] and "swap" in found["first_step"]


@pytest.mark.parametrize(
    "orders, size",
    [
        ("Node 0 Normal: 5*64kB (UM) 2*128kB (U) = 576kB", "java (25600 MiB)"),
        ("Normal: 5*4kB 2*8kB = 36kB", "java (1600 MiB)"),
        # A log that lost them has the size of the killed process in both units, or not even that.
        ("", "java (1600 MiB)"),
        (None, "java (409600 pages)"),
    ],
)
def test_the_size_of_a_page_is_the_machine_s(orders: Optional[str], size: str) -> None:
    text = samples.OOM.replace("Node 0 Normal: 1024*4kB (UME) 512*8kB (UME) 0*16kB = 8192kB", orders or "")
    text = text if orders is not None else text.replace("total-vm:8000000kB", "total-vm:8000001kB")
    assert size in samples.only(samples.stamped(text))["cause"]


@pytest.mark.parametrize("message", ["Out of memory", "Memory cgroup out of memory"])
def test_who_was_killed_is_named(message: str) -> None:
    """vm.oom_dump_tasks=0 leaves the table out."""
    text = "".join(line for line in samples.OOM.splitlines(True) if not line.startswith("["))
    found = samples.only(samples.stamped(text.replace("Out of memory", message)))
    group = message.startswith("Memory cgroup")
    assert found["cause"] == "%s; killed: java." % (
        "A control group used up the memory that it is allowed" if group else "Memory ran out"
    )
    assert (
        "%s: java" % ("See what needs so much" if group else "Limit or move what used most of it")
        in found["first_step"]
    )


def test_a_root_that_cannot_be_mounted() -> None:
    found = samples.only(samples.stamped(samples.NO_ROOT))
    assert (found["kind"], found["fatal"], found["suspect"]) == ("panic-vfs-root", True, "configuration")
    assert "boot loader" in found["first_step"] and "storage driver" in found["first_step"]


def test_resets_of_a_link_name_the_port_smart_and_cables() -> None:
    found = samples.only(samples.stamped(samples.ATA))
    assert (found["kind"], found["suspect"]) == ("io-error", "hardware")
    assert "ata3" in found["cause"]
    assert "smartctl" in found["first_step"] and "cables" in found["first_step"]


@pytest.mark.parametrize(
    "line, kind",
    [
        ("WARNING: CPU: 0 PID: 1 at net/core/dev.c:100 dev_open+0x10/0x20", "warning"),
        ("WARNING: net/core/dev.c:100 at dev_open+0x10/0x20, CPU#0: ip/123", "warning"),
        ("general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP", "gpf"),
        ("Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1] SMP", "gpf"),
        ("divide error: 0000 [#1] SMP", "divide-error"),
        ("fixpoint divide exception: 0009 ilc:2 [#1]SMP", "divide-error"),
        ("Unable to handle kernel write to read-only memory at virtual address ffff800008b9d000", "paging-fault"),
        ("Unable to handle kernel read from unreadable memory at virtual address 0000aaaab9d0", "paging-fault"),
        ("Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP", "paging-fault"),
        ("Internal error: Oops: 805 [#1] SMP ARM", "paging-fault"),
        ("Internal error: Oops - Undefined instruction: 0000000002000000 [#1] SMP", "cpu-exception"),
        ("specification exception: 0006 ilc:3 [#1] SMP", "cpu-exception"),
        ("Reserved instruction in kernel code[#1]:", "cpu-exception"),
        ("watchdog: CPU 5 Hard LOCKUP", "hard-lockup"),
        ("BUG: key ffff88810a2b3c40 has not been registered!", "locking"),
        ("unregister_netdevice: waiting for lo to become free. Usage count = 1", "bug-other"),
        ("Oops: divide error: 0000 [#1] SMP", "divide-error"),
        ("invalid opcode: 0000 [#1] SMP", "cpu-exception"),
        ("traps: PANIC: double fault, error_code: 0x0", None),
        ("PANIC: double fault, error_code: 0x0", "double-fault"),
        ("BUG: TASK stack guard page was hit at 0000000012345678", "stack-overflow"),
        ("Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: foo+0x1/0x2", "stack-overflow"),
        ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009", "panic-init"),
        ("Kernel panic - not syncing: hung_task: blocked tasks", "hung-task"),
        ("Kernel panic - not syncing: sysrq triggered crash", "panic-other"),
        ("Kernel panic - not syncing: Attempted to kill the idle task!", "panic-other"),
        ("Kernel panic - not syncing: Asynchronous SError Interrupt", "mce"),
        ("Kernel panic - not syncing: Machine halted.", "double-fault"),
        ("Kernel panic - not syncing: EXT4-fs (device sda1): panic forced after error", "fs-error"),
        ("Oops: Machine check, sig: 7 [#1]", "mce"),
        ("MCE: CPU3: machine check (Severe) Real address Load/Store (foreign/control memory) [Not recovered]", "mce"),
        ("Severe Machine check interrupt [Not recovered]", "mce"),
        (
            "CPU 0 Unable to handle kernel paging request at virtual address 00000010, epc == 80271f5c, ra == 80272104",
            "null-deref",
        ),
        ("Unable to handle kernel paging request for data at address 0x00000038", "null-deref"),
        ("CPU 0 Unable to handle kernel paging request at virtual address 80271f5c, epc == 80271f5c", "paging-fault"),
        ("Unable to handle kernel paging request for data at address 0xd000000002a316fc", "paging-fault"),
        ("Unable to handle kernel paging request for instruction fetch", "paging-fault"),
        ("INFO: task jbd2/sda1-8:201 blocked for more than 120 seconds.", "hung-task"),
        ("rcu: INFO: rcu_preempt self-detected stall on CPU", "rcu-stall"),
        ("watchdog: Watchdog detected hard LOCKUP on cpu 3", "hard-lockup"),
        ("BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 46s!", "workqueue-lockup"),
        ("BUG: KASAN: slab-use-after-free in foo+0x1/0x2", "kasan"),
        ("BUG: KFENCE: use-after-free read in foo+0x1/0x2", "kfence"),
        ("UBSAN: shift-out-of-bounds in ./include/linux/log2.h:57:13", "sanitizer"),
        ("WARNING: possible circular locking dependency detected", "locking"),
        ("BUG: scheduling while atomic: foo/1/0x00000002", "atomic-context"),
        ("BUG: Bad page state in process foo  pfn:12345", "mem-corruption"),
        ("mce: [Hardware Error]: CPU 2: Machine Check Exception: 5 Bank 4: be00000000800400", "mce"),
        ("EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "mce"),
        ("pcieport 0000:00:1c.0: AER: Corrected error received: 0000:01:00.0", "pcie-error"),
        ("pcieport 0000:00:1c.0: PCIe Bus Error: severity=Corrected, type=Physical Layer", "pcie-error"),
        ("nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10", "io-error"),
        ("I/O error, dev sdb, sector 12345 op 0x0:(READ) flags 0x80700", "io-error"),
        ("Buffer I/O error on dev sdb, logical block 0, async page read", "io-error"),
        ("Buffer I/O error on device dm-3, logical block 0", "io-error"),
        ("Buffer I/O error on sdb, logical block 0", "io-error"),
        (
            "EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0",
            "fs-error",
        ),
        ("XFS (dm-0): Metadata corruption detected at xfs_agf_read_verify+0x70/0x120", "fs-error"),
        ("BTRFS error (device sdb1): parent transid verify failed on 1234", "fs-error"),
        ("thermal thermal_zone0: critical temperature reached (105 C), shutting down", "thermal"),
        ("CPU3: Core temperature above threshold, cpu clock throttled (total events = 12)", "thermal"),
        ("CPU5: Package temperature is above threshold, cpu clock is throttled (total events = 3)", "thermal"),
        ("Uhhuh. NMI received for unknown reason 2c on CPU 0.", "nmi"),
        ("BUG: Dentry 00000000abcdef00{i=1,n=x} still in use (1) [unmount of ext4 sda1]", "bug-other"),
        ("sysfs: cannot create duplicate filename '/devices/virtual/foo/foo0'", "warning"),
        ('irq 18: nobody cared (try booting with the "irqpoll" option)', "warning"),
        ("rcu_tasks: rcu_tasks detected stalls on tasks:", "rcu-stall"),
        (
            "rcu: rcu_sched kthread starved for 5252 jiffies! g1234 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=3",
            "rcu-stall",
        ),
        (
            "smp: csd: Detected non-responsive CSD lock (#1) on CPU#3, waiting 5000000042 ns for CPU#05 do_sync_core+0x0/0x30(0x0).",
            "hard-lockup",
        ),
        # What only looks like one.
        ("sd 0:0:0:0: [sda] failed command: READ", None),
        ("app: no available path - failing I/O", None),
        ("nvme 0000:04:00.0: platform quirk: setting simple suspend", None),
        ("multipath: no path is failing", None),
        ("GFS2: fsid=cl:data.0: first mount done, others may mount", None),
        ("lost page write due to I/O error on sr0", None),
        ("WARNING: this is a test kernel", None),
        ("INFO: lockdep is turned off.", None),
        ("traps: foo[123] general protection fault ip:401136 sp:7ffc error:0 in foo[401000+1000]", None),
        ('audit: type=1400 audit(1.1:1): apparmor="DENIED" info="BUG: x"', None),
        ("I/O error, dev loop3, sector 0 op 0x0:(READ)", None),
        ("I/O error, dev sr0, sector 0 op 0x0:(READ)", None),
        ("Buffer I/O error on dev sr0, logical block 0, async page read", None),
        ("Buffer I/O error on device fd0, logical block 0", None),
        ("Buffer I/O error on loop0, logical block 0", None),
        ("EDAC MC0: Giving out device to module i7core_edac", None),
        ("EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro", None),
        ("ODEBUG: free active (active state 0) object type: work_struct", None),
        ("systemd[1]: WARNING: at /etc/foo:12 something", None),
        ("Kernel command line: BOOT_IMAGE=/vmlinuz oops=panic panic_on_warn=1", None),
    ],
)
def test_the_kernel_s_first_words(line: str, kind: Optional[str]) -> None:
    found = _triggers.find(line)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    "line, kind, device",
    [
        ("md/raid1:md0: Disk failure on sda1, disabling device.", "io-error", "sda1"),
        ("nvme nvme1: Disabling device after reset failure: -19", "io-error", "nvme1"),
        ("nvme 0000:04:00.0: I/O 21 QID 4 timeout, aborting", "io-error", "0000:04:00.0"),
        ("block nvme3n1: no available path - failing I/O", "io-error", "nvme3n1"),
        ("lost page write due to I/O error on dm-0", "io-error", "dm-0"),
        ("device-mapper: multipath: 253:3: Failing path 8:16.", "io-error", "8:16"),
        ("device-mapper: multipath: Failing path 8:16.", "io-error", "8:16"),
        ("sd 6:0:0:0: Device offlined - not ready after error recovery", "io-error", "6:0:0:0"),
        ("ata4: COMRESET failed (errno=-16)", "io-error", "ata4"),
        ("ata1.00: failed command: WRITE DMA EXT", "io-error", "ata1"),
        ("EXT4-fs (sda1): I/O error while writing superblock", "fs-error", "sda1"),
        ("GFS2: fsid=cl:data.0: fatal: filesystem consistency error", "fs-error", "cl:data.0"),
        (
            "OCFS2: ERROR (device dm-2): ocfs2_validate_inode_block: Invalid dinode #10: signature = ",
            "fs-error",
            "dm-2",
        ),
        (
            "XFS (vda3): Metadata CRC error detected at xfs_agf_read_verify+0x5e/0x110 [xfs], xfs_agf block 0x1",
            "fs-error",
            "vda3",
        ),
        ("journal commit I/O error", "fs-error", None),
    ],
)
def test_what_fails_is_named(line: str, kind: str, device: Optional[str]) -> None:
    found = samples.only("[   12.000000] " + line)
    assert (found["kind"], found["cause"].rstrip(".").partition(": ")[2]) == (kind, device or "")


def test_the_last_word_about_a_killed_process_is_enough() -> None:
    line = "Killed process 1012 (heapster) total-vm:327128kB, anon-rss:308328kB, file-rss:11288kB"
    assert samples.only("[   12.000000] " + line)["cause"] == "Memory ran out; killed: heapster."
    assert (
        samples.only("[   12.000000] Out of memory: Kill process 1012 (heapster) score 9\n[   12.1] " + line)[
            "follow_ups"
        ]
        == []
    )


def test_every_message_is_seen_by_the_search_for_words() -> None:
    for rule in _triggers.RULES:
        pattern = rule.pattern.pattern.replace("\\", "") if rule.pattern else ""
        assert any(word in rule.literal + " " + pattern for word in _messages.WORDS), rule


def test_every_kind_is_explained() -> None:
    assert {rule.kind for rule in _triggers.RULES} | {"unexpected-reboot"} == set(_kinds.KINDS)
    for kind, entry in _kinds.KINDS.items():
        assert entry.suspect in ("software", "hardware", "configuration", "resources", "unknown"), kind
        assert entry.source, kind
        words = _kinds.explain(
            entry, {"who": "the driver x", "fix": "the driver x", "function": "f", "task": "t", "title": "T"}
        )
        assert "{" not in words["cause"] + words["first_step"], kind


@pytest.mark.parametrize("suffix", ["", ".isra.0", ".constprop.3", ".cold", ".part.12", ".llvm.123456"])
def test_the_fingerprint_outlives_builds(suffix: str) -> None:
    other = samples.X86_NULL.replace("rtl8125_poll.isra.0+0x1c2/0x420", "rtl8125_poll%s+0x77/0x99" % suffix)
    other = other.replace("PID: 0", "PID: 44").replace("6.1.0-56", "6.1.0-57").replace("CPU: 1", "CPU: 9")
    mine, theirs = samples.only(samples.stamped(samples.X86_NULL)), samples.only(samples.stamped(other))
    assert mine["fingerprint"] == theirs["fingerprint"]
    assert mine["fingerprint"] != samples.only(samples.stamped(samples.SOFT_LOCKUP))["fingerprint"]
