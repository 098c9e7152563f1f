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


@pytest.mark.parametrize("name", ["devm_kernel_probe", "msleepy", "free_irqs_of_foo", "strike_sleep_in_atomic"])
def test_a_name_that_only_begins_like_a_helper_is_none(name: str) -> None:
    assert not _helpers.is_helper(name)
