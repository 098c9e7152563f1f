# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at fault where the innermost functions only did what they were asked to."""

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _helpers
from unit.plugins.module_utils.crash import samples

SCHEDULING = "BUG: scheduling while atomic: worker/77/0x00000002"
SLEEPING = "BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580"

X86_STACK = """\
Modules linked in: foo(O)
Preemption disabled at:
[<ffffffffc0a00020>] foo_work+0x20/0x80 [foo]
CPU: 1 PID: 77 Comm: worker Tainted: G           O       6.1.0-56-amd64 #1  Debian 6.1.187-1
Call Trace:
 <TASK>
 dump_stack_lvl+0x44/0x5c
%s
 foo_grow+0x3c/0x90 [foo]
 foo_work+0x40/0x80 [foo]
 process_one_work+0x210/0x5c0
 </TASK>
"""

# No "Call trace" stands above the stack of 32-bit ARM.
ARM_STACK = """\
in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 77, name: worker
preempt_count: 1, expected: 0
Preemption disabled at:
[<c0a01234>] bar_lock+0x24/0x80
CPU: 0 PID: 77 Comm: worker Not tainted 6.1.55 #1
 unwind_backtrace from show_stack+0x10/0x14
 show_stack from dump_stack_lvl+0x40/0x4c
 dump_stack_lvl from __might_resched+0x11c/0x15c
 __might_resched from mutex_lock+0x1c/0x50
 mutex_lock from foo_grow+0x2c/0x1f0 [foo]
 foo_grow [foo] from foo_work+0x70/0x168 [foo]
"""

# The functions from the report up to the one that foo_grow() called, innermost first.
SLEEPS = (
    "__schedule_bug.cold __schedule schedule schedule_timeout msleep",
    "__schedule_bug __schedule schedule schedule_hrtimeout_range_clock usleep_range_state",
    "__schedule_bug __schedule schedule schedule_timeout __wait_for_common wait_for_completion_timeout",
    "__schedule_bug __schedule schedule schedule_preempt_disabled __mutex_lock.constprop.0 mutex_lock_interruptible",
    "__schedule_bug __schedule schedule schedule_timeout ___down_common __down_interruptible down_interruptible",
    "__schedule_bug __schedule schedule synchronize_rcu_expedited synchronize_net",
    "__might_resched.cold down_read_killable",
    "___might_sleep __kmalloc_noprof devm_kmalloc",
    "__might_resched prepare_alloc_pages.constprop.0 __alloc_pages dma_alloc_attrs",
    "__might_sleep memdup_user",
    "__might_resched disable_irq",
)


@pytest.mark.parametrize("title", [SCHEDULING, SLEEPING])
@pytest.mark.parametrize("inner", SLEEPS)
def test_who_called_what_sleeps_is_at_fault(title: str, inner: str) -> None:
    frames = "\n".join(" %s+0x1a/0x30" % name for name in inner.split())
    found = samples.only(samples.stamped(title + "\n" + X86_STACK % frames))
    assert (found["kind"], found["function"], found["module"]) == ("atomic-context", "foo_grow", "foo")
    assert found["fingerprint"] == samples.only(title + "\n" + X86_STACK % " msleep+0x1/0x2")["fingerprint"]


def test_who_switched_preemption_off_is_not_on_the_stack() -> None:
    found = samples.only(samples.stamped(SLEEPING + "\n" + ARM_STACK))
    assert (found["kind"], found["function"], found["module"]) == ("atomic-context", "foo_grow", "foo")
    assert "bar_lock+0x24" not in found["call_trace"]


def test_what_hangs_for_others_is_told_by_its_own_name() -> None:
    """A task that waits for RCU says more of RCU than of itself."""
    text = "INFO: task worker:77 blocked for more than 120 seconds.\n"
    found = samples.only(text + X86_STACK % " __schedule+0x1/0x2\n schedule+0x1/0x2\n synchronize_rcu+0x1/0x2")
    assert (found["kind"], found["function"]) == ("hung-task", "synchronize_rcu")


@pytest.mark.parametrize(
    "name",
    ["__pi_strlen", "__pi_memcpy", "vpanic", "print_bad_pte", "sized_strscpy", "_find_next_bit", "__ticket_spin_lock",
     "arm64_serror_panic", "div64_u64", "__aeabi_uidiv", "Ldiv0", "__div0"],
)  # fmt: skip
def test_what_only_serves_its_caller_is_a_helper(name: str) -> None:
    assert _helpers.is_helper(name)


@pytest.mark.parametrize(
    "name",
    ["pi_probe", "divide_into_chunks", "devm_kernel_probe", "msleepy", "free_irqs_of_foo", "strike_sleep_in_atomic"],
)
def test_a_name_that_only_begins_like_a_helper_is_none(name: str) -> None:
    assert not _helpers.is_helper(name)


NULL = "Unable to handle kernel NULL pointer dereference at virtual address 00000000"

# A call through a pointer that is not set, made by a function that ended with it: the compiler makes that a jump, so the
# function itself left nothing on the stack, and strike() is the innermost one that did.
X86_CALL = """\
BUG: kernel NULL pointer dereference, address: 0000000000000000
#PF: supervisor instruction fetch in kernel mode
Oops: 0010 [#1] PREEMPT SMP PTI
CPU: 1 PID: 812 Comm: crash Tainted: G           O       6.1.0-56-amd64 #1  Debian 6.1.187-1
RIP: 0010:0x0
Code: Unable to access opcode bytes at 0xffffffffffffffd6.
Call Trace:
 <TASK>
 ? __die_body.cold+0x1a/0x1f
 ? page_fault_oops+0xd2/0x2b0
 ? asm_exc_page_fault+0x22/0x30
 ? strike_null_call+0x10/0x10 [crash]
 strike+0x29/0x40 [crash]
 kthread+0xd7/0x100
 </TASK>
---[ end trace 0000000000000000 ]---
RIP: 0010:0x0
"""

# These keep the return address in a register until the callee stores it, which nobody did here.
ARM64_CALL = (
    NULL
    + """
Internal error: Oops: 0000000086000006 [#1] SMP
CPU: 3 PID: 812 Comm: crash Tainted: G           O       6.1.8 #1
pc : 0x0
lr : strike+0x34/0x60 [crash]
sp : ffff800083b3bd40
Call trace:
 0x0
 kthread+0x10c/0x110
---[ end trace 0000000000000000 ]---
"""
)
ARM64_NEWER = ARM64_CALL.replace(" 0x0\n kthread", " 0x0 (P)\n strike+0x34/0x60 [crash] (L)\n kthread")
ARM64_OLDER = ARM64_CALL.replace("pc : 0x0\nlr :", "PC is at           (null)\nLR is at")
ARM_CALL = (
    NULL
    + """ when execute
Internal error: Oops: 80000005 [#1] SMP ARM
CPU: 0 PID: 812 Comm: crash Not tainted 6.1.55 #1
PC is at 0x0
LR is at strike+0x34/0x60 [crash]
pc : [<00000000>]    lr : [<bf000034>]    psr: 60000013
 kthread from ret_from_fork+0x14/0x28
---[ end trace 0000000000000000 ]---
"""
)
PPC64_CALL = """\
BUG: Unable to handle kernel instruction fetch (NULL pointer?)
Faulting instruction address: 0x00000000
Oops: Kernel access of bad area, sig: 11 [#1]
CPU: 3 PID: 812 Comm: crash Not tainted 5.14.0-427.el9.ppc64le #1
NIP:  0000000000000000 LR: c008000000fd0110 CTR: 0000000000000000
NIP [0000000000000000] 0x0
LR [c008000000fd0110] strike+0x34/0x60 [crash]
Call Trace:
[c00000000d5d3c20] [c00000000d5d3c60] 0xc00000000d5d3c60 (unreliable)
[c00000000d5d3c90] [c0000000005a1e24] kthread+0xf4/0x470
---[ end trace 0000000000000000 ]---
"""
RISCV_CALL = (
    NULL
    + """00000000
Oops [#1]
CPU: 1 PID: 812 Comm: crash Not tainted 6.6.20 #1
epc : 0x0
 ra : strike+0x34/0x60 [crash]
epc : 0000000000000000 ra : ffffffff0131c7b4 sp : ffffffc800e3b9e0
[<ffffffff8131c7b4>] kthread+0x1a/0x60
---[ end trace 0000000000000000 ]---
"""
)
MIPS_CALL = RISCV_CALL.replace("epc : 0x0", "epc   : 00000000 0x0").replace(" ra : str", "ra    : c0131c34 str")
S390_CALL = """\
Unable to handle kernel pointer dereference in virtual kernel address space
Failing address: 0000000000000000 TEID: 0000000000000483
Oops: 0004 ilc:1 [#1] SMP
CPU: 2 PID: 812 Comm: crash Not tainted 6.4.0-150600.23-default #1
Krnl PSW : 0704c00180000000 0000000000000002 (0x2)
Call Trace:
([<000003ff80a1c2d0>] strike+0x34/0x60 [crash])
 [<00000000a1b2c3d4>] kthread+0x50/0xa0
Last Breaking-Event-Address:
 [<000003ff80a1c2d0>] strike_null_call+0x5e/0x1b0 [crash]
"""


@pytest.mark.parametrize(
    "text",
    [X86_CALL, ARM64_CALL, ARM64_NEWER, ARM64_OLDER, ARM_CALL, PPC64_CALL, RISCV_CALL, MIPS_CALL, S390_CALL],
    ids=["x86", "arm64", "arm64-newer", "arm64-older", "arm", "ppc64", "riscv", "mips", "s390"],
)
def test_who_called_nothing_is_the_first_that_is_still_known(text: str) -> None:
    found = samples.only(samples.stamped(text))
    assert (found["kind"], found["function"], found["module"]) == ("null-deref", "strike", "crash")
    assert [frame.split("+")[0] for frame in found["call_trace"][:2]] in (["strike", "kthread"], ["strike"])


def test_where_the_program_counter_is_known_the_link_register_says_nothing() -> None:
    """It may hold what an earlier call left there."""
    text = ARM64_CALL.replace("pc : 0x0", "pc : foo_read+0x10/0x40 [foo]").replace(
        " 0x0\n", " foo_read+0x10/0x40 [foo]\n"
    )
    found = samples.only(samples.stamped(text))
    assert (found["function"], found["module"], found["call_trace"]) == (
        "foo_read",
        "foo",
        ["foo_read+0x10", "kthread+0x10c"],
    )
