# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports written after the formats in the kernel's sources, one for each way in which they differ."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _scan

X86_NULL = """\
BUG: kernel NULL pointer dereference, address: 0000000000000010
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
PGD 0 P4D 0
Oops: 0000 [#1] PREEMPT SMP PTI
CPU: 1 PID: 0 Comm: swapper/1 Tainted: G           O       6.1.0-56-amd64 #1  Debian 6.1.187-1
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-1 04/01/2014
RIP: 0010:memcpy_orig+0x15/0x110
Code: 48 89 f8 48 83 fa 20 0f 82 86 00 00 00 40 38 fe 7c 35 48 83 ea 20 <4c> 8b 06
RSP: 0018:ffffb1f5400c8e50 EFLAGS: 00010246
RAX: ffff9a1d05c8c000 RBX: ffff9a1d05c8c000 RCX: 0000000000000000
Call Trace:
 <IRQ>
 ? __die+0x23/0x70
 rtl8125_poll.isra.0+0x1c2/0x420 [r8125]
 __napi_poll+0x2b/0x1f0
 net_rx_action+0x2b8/0x390
 </IRQ>
 <TASK>
 cpuidle_enter_state+0xde/0x420
 </TASK>
Modules linked in: r8125(O) ext4 virtio_net
---[ end trace 0000000000000000 ]---
Kernel panic - not syncing: Fatal exception in interrupt
Kernel Offset: 0x1e000000 from 0xffffffff81000000
"""

ARM64_PAGING = """\
Unable to handle kernel paging request at virtual address ffff80001234f000
Mem abort info:
  ESR = 0x0000000096000007
Internal error: Oops: 0000000096000007 [#1] SMP
Modules linked in: mlx5_core nvme
CPU: 3 UID: 0 PID: 812 Comm: ib_write_bw Not tainted 6.12.8 #1
Hardware name: ARM Server, BIOS 2.1 01/02/2025
pstate: 60400009 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)
pc : mlx5_eq_poll+0x94/0x220 [mlx5_core]
lr : mlx5_eq_int+0x58/0xb0 [mlx5_core]
sp : ffff800083b3bd40
Call trace:
 mlx5_eq_poll+0x94/0x220 [mlx5_core] (P)
 mlx5_eq_int+0x58/0xb0 [mlx5_core] (L)
 atomic_notifier_call_chain+0x68/0xa0
 handle_irq_event+0x4c/0x100
---[ end trace 0000000000000000 ]---
"""

ARM_NULL = """\
8<--- cut here ---
Unable to handle kernel NULL pointer dereference at virtual address 00000004 when read
[00000004] *pgd=00000000
Internal error: Oops: 5 [#1] SMP ARM
CPU: 0 PID: 301 Comm: camerad Not tainted 6.1.55 #1
Hardware name: STM32 (Device Tree Support)
PC is at mutex_lock+0x10/0x40
LR is at dcmi_start+0x2c/0x1f0 [stm32_dcmi]
Backtrace:
 mutex_lock from dcmi_start+0x2c/0x1f0 [stm32_dcmi]
 dcmi_start [stm32_dcmi] from vb2_start_streaming+0x70/0x168
 vb2_start_streaming from vb2_core_streamon+0xfc/0x1a8
---[ end trace 0000000000000000 ]---
"""

PPC64_BUG = """\
------------[ cut here ]------------
kernel BUG at drivers/scsi/ibmvscsi/ibmvfc.c:2901!
Oops: Exception in kernel mode, sig: 5 [#1]
LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA pSeries
CPU: 8 PID: 1422 Comm: kworker/8:1 Not tainted 5.14.0-427.el9.ppc64le #1
NIP:  c0080000012e3f14 LR: c0080000012e3f10 CTR: c000000000a3b1f0
REGS: c00000001f2bf8a0 TRAP: 0700   Not tainted  (5.14.0-427.el9.ppc64le)
NIP [c0080000012e3f14] ibmvfc_free_event+0xbc/0xd0 [ibmvfc]
LR [c0080000012e3f10] ibmvfc_free_event+0xb8/0xd0 [ibmvfc]
Call Trace:
[c00000001f2bfb40] [c0080000012e3f10] ibmvfc_free_event+0xb8/0xd0 [ibmvfc] (unreliable)
[c00000001f2bfba0] [c0080000012e81d4] ibmvfc_tgt_logout_done+0x6c/0x100 [ibmvfc]
[c00000001f2bfc00] [c0000000001a2b3c] process_one_work+0x2a4/0x580
---[ end trace 0000000000000000 ]---
"""

S390_FAULT = """\
Unable to handle kernel pointer dereference in virtual kernel address space
Failing address: 6b6b6b6b6b6b6000 TEID: 6b6b6b6b6b6b6803
Oops: 0038 ilc:3 [#1] SMP
CPU: 2 PID: 902 Comm: systemd-udevd Not tainted 6.4.0-150600.23-default #1
Hardware name: IBM 3931 A01 703 (z/VM 7.3.0)
Krnl PSW : 0704c00180000000 000003ff80a1c2f4 (qeth_l2_probe+0x84/0x1b0 [qeth])
           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:0 PM:0 RI:0 EA:3
Call Trace:
 [<000003ff80a1c2f4>] qeth_l2_probe+0x84/0x1b0 [qeth]
([<000003ff80a1c2d0>] qeth_l2_probe+0x60/0x1b0 [qeth])
 [<00000000a1b2c3d4>] ccwgroup_probe+0x50/0xa0
Last Breaking-Event-Address:
 [<00000000a1b2c3d4>] ccwgroup_probe+0x50/0xa0
"""

RISCV_NULL = """\
Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008
Oops [#1]
Modules linked in: starfive_vout
CPU: 1 PID: 233 Comm: weston Not tainted 6.6.20 #1
Hardware name: StarFive VisionFive 2 v1.3B (DT)
epc : vs_crtc_enable+0x2e/0xc0 [starfive_vout]
 ra : vs_crtc_atomic_enable+0x1a/0x60 [starfive_vout]
epc : ffffffff0131c02e ra : ffffffff0131c7b4 sp : ffffffc800e3b9e0
[<ffffffff0131c02e>] vs_crtc_enable+0x2e/0xc0 [starfive_vout]
[<ffffffff0131c7b4>] vs_crtc_atomic_enable+0x1a/0x60 [starfive_vout]
---[ end trace 0000000000000000 ]---
"""

SOFT_LOCKUP = """\
watchdog: BUG: soft lockup - CPU#2 stuck for 22s! [kworker/2:1:771]
Modules linked in: dummy_drv(O)
CPU: 2 PID: 771 Comm: kworker/2:1 Tainted: G           OE      6.1.0-56-amd64 #1  Debian 6.1.187-1
Hardware name: Example
RIP: 0010:native_queued_spin_lock_slowpath+0x65/0x2a0
Call Trace:
 <TASK>
 _raw_spin_lock+0x29/0x30
 dummy_work+0x44/0xa0 [dummy_drv]
 process_one_work+0x1c7/0x380
 </TASK>
"""

NO_ROOT = """\
List of all partitions:
No filesystem could mount root, tried:
Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-56-amd64 #1  Debian 6.1.187-1
Call Trace:
 <TASK>
 dump_stack_lvl+0x45/0x5e
 panic+0x118/0x2ed
 mount_block_root+0x1d8/0x1ea
 </TASK>
"""

OOM = """\
java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
CPU: 0 PID: 1403 Comm: java Not tainted 6.1.0-56-amd64 #1  Debian 6.1.187-1
Call Trace:
 <TASK>
 dump_stack_lvl+0x45/0x5e
 oom_kill_process.cold+0xb/0x10
 </TASK>
Mem-Info:
active_anon:141 inactive_anon:483211 isolated_anon:0
Node 0 Normal: 1024*4kB (UME) 512*8kB (UME) 0*16kB = 8192kB
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[    312]     0   312     8243     1024    94208        0             0 systemd-journal
[   1403]  1000  1403  2000000   409600  3600000        0             0 java
[   1500]    33  1500   150000    25600   400000        0             0 php-fpm7.4
oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/user.slice,task=java,pid=1403,uid=1000
Out of memory: Killed process 1403 (java) total-vm:8000000kB, anon-rss:1638400kB, file-rss:0kB
"""

ATA = """\
ata3.00: exception Emask 0x10 SAct 0x0 SErr 0x4050000 action 0xe frozen
ata3.00: irq_stat 0x00400040, connection status changed
ata3.00: failed command: FLUSH CACHE EXT
ata3: hard resetting link
ata3: link is slow to respond, please be patient (ready=0)
"""


PPC64_NULL = """\
Kernel attempted to read user page (0) - exploit attempt? (uid: 0)
BUG: Kernel NULL pointer dereference on read at 0x00000000
Faulting instruction address: 0xc008000000fd0114
Oops: Kernel access of bad area, sig: 11 [#1]
LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA pSeries
Modules linked in: foo ibmveth
CPU: 3 PID: 2417 Comm: bash Kdump: loaded Not tainted 5.14.0-427.el9.ppc64le #1
NIP:  c008000000fd0114 LR: c008000000fd0110 CTR: c0000000007a1b10
NIP [c008000000fd0114] foo_write+0x3c/0x90 [foo]
LR [c008000000fd0110] foo_write+0x38/0x90 [foo]
Call Trace:
[c00000000d5d3c20] [c008000000fd0110] foo_write+0x38/0x90 [foo] (unreliable)
[c00000000d5d3c90] [c0000000005a1e24] vfs_write+0xf4/0x470
---[ end trace 0000000000000000 ]---
"""

# WARN() with a text: the text comes first.
LIST_WARN = """\
------------[ cut here ]------------
list_add corruption. prev->next should be next (ffff8881), but was 0000. (prev=ffff8882).
WARNING: CPU: 1 PID: 512 at lib/list_debug.c:26 __list_add_valid+0x4d/0x70
Modules linked in: foo(O)
CPU: 1 PID: 512 Comm: kworker/1:2 Tainted: G           O       6.1.0-56-amd64 #1  Debian 6.1.187-1
RIP: 0010:__list_add_valid+0x4d/0x70
Call Trace:
 <TASK>
 foo_enqueue+0x44/0xa0 [foo]
 process_one_work+0x1c7/0x380
 </TASK>
---[ end trace 0000000000000000 ]---
"""

# mm/slub.c up to 5.12
SLUB = """\
=============================================================================
BUG kmalloc-64 (Tainted: G           OE    ): Poison overwritten
-----------------------------------------------------------------------------
Disabling lock debugging due to kernel taint
INFO: 0x00000000a1b2c3d4-0x00000000a1b2c3d4. First byte 0x6a instead of 0x6b
INFO: Allocated in bar_probe+0x3c/0x1d0 [bar] age=57 cpu=0 pid=1833
	__slab_alloc+0x1c/0x30
	bar_probe+0x3c/0x1d0 [bar]
INFO: Freed in bar_remove+0x18/0x40 [bar] age=14 cpu=1 pid=1834
	kfree+0x129/0x140
	bar_remove+0x18/0x40 [bar]
INFO: Slab 0x00000000f4d5ea20 objects=17 used=17 fp=0x0000000000000000 flags=0x40000080
INFO: Object 0x00000000f2751960 @offset=2400 fp=0x00000000f2751780
Bytes b4 00000000f2751950: 64 02 00 00 ae ce fe ff 5a 5a 5a 5a 5a 5a 5a 5a  d.......ZZZZZZZZ
CPU: 1 PID: 77 Comm: foo Tainted: G    B      OE    --------- -  - 4.18.0-553.el8_10.x86_64 #1
Call Trace:
 dump_stack+0x41/0x60
 check_bytes_and_report.cold+0x41/0x60
 kmem_cache_alloc_trace+0x142/0x280
 foo_open+0x2c/0x90 [foo]
"""


def stamped(text: str, begin: float = 100.0) -> str:
    """The text as dmesg shows it."""
    return "".join("[%12.6f] %s\n" % (begin + n / 1000.0, line) for n, line in enumerate(text.splitlines()))


def judge(text: str) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = _scan.incidents([text.encode("utf-8", "surrogateescape")])
    return found


def only(text: str) -> Dict[str, Any]:
    found = judge(text)
    assert len(found) == 1, [incident["title"] for incident in found]
    return found[0]
