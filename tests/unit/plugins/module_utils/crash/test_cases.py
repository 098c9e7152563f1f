# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the same kind of report means something else, and drivers that only its words name."""

import pytest

from unit.plugins.module_utils.crash import samples

PANIC = "Kernel panic - not syncing: sysrq triggered crash\nCPU: 0 PID: 991 Comm: bash Not tainted 6.1.0 #1\nCall Trace:\n panic+0x118/0x2f8\n"
OLD = samples.X86_NULL.replace("memcpy_orig+0x15", "sysrq_handle_crash+0x15")
GROUP = """\
memory: usage 524288kB, limit 524288kB, failcnt 1831
swap: usage 0kB, limit 9007199254740988kB, failcnt 0
Memory cgroup stats for /kubepods.slice/x:
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[  90211]  1000 90211   303123   131022    94208        0             0 node
"""
WORKS = """\
BUG: workqueue lockup - pool cpus=5 node=0 flags=0x0 nice=0 stuck for 38s!
Showing busy workqueues and worker pools:
workqueue events: flags=0x0
  pwq 10: cpus=5 node=0 flags=0x0 nice=0 active=4/256 refcnt=5
    in-flight: %s
    pending: vmstat_shepherd, kernfs_notify_workfn
"""


@pytest.mark.parametrize("text", [PANIC + " sysrq_handle_crash+0x16/0x20\n", OLD])
def test_a_crash_that_was_asked_for_is_nobody_s_fault(text: str) -> None:
    found = samples.only(samples.stamped(text))
    assert found["cause"].startswith("Somebody or a program asked the kernel to crash")
    assert (found["suspect"], "changelog" in found["first_step"]) == ("unknown", False)


@pytest.mark.parametrize(
    "end, cause",
    [
        (
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods.slice,task_memcg=/x,task=node,pid=90211,uid=1\n",
            "A control group used up the memory that it is allowed (/kubepods.slice, 512 MiB)",
        ),
        (
            "Task in /a/b killed as a result of limit of /a\n",
            "A control group used up the memory that it is allowed (/a, 512 MiB)",
        ),
        (
            "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/x,task=node,pid=1\n",
            "Memory ran out",
        ),
    ],
)
def test_a_control_group_at_its_limit_is_not_the_whole_host(end: str, cause: str) -> None:
    head = "node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=968\n"
    found = samples.only(samples.stamped(head + GROUP + end))
    assert found["cause"].startswith(cause + ": the biggest processes were node")
    assert ("swap" in found["first_step"]) is cause.startswith("Memory ran out")


@pytest.mark.parametrize(
    "work, module",
    [("4121:foo_work [foo]", "foo"), ("12(RESCUER):a_work, 4121:foo_work [foo]", "foo"), ("4121:vmstat_update", None)],
)
def test_whose_work_holds_up_a_queue(work: str, module: str) -> None:
    found = samples.only(samples.stamped(WORKS % work))
    assert (found["kind"], found["module"]) == ("workqueue-lockup", module)
    assert ("driver foo" in found["cause"] and "disable the driver foo" in found["first_step"]) is bool(module)


def test_whose_queue_stood_still() -> None:
    text = samples.LIST_WARN.replace(
        samples.LIST_WARN.splitlines()[1], "NETDEV WATCHDOG: enp3s0 (r8169): transmit queue 0 timed out"
    )
    text = text.replace("lib/list_debug.c:26 __list_add_valid", "net/sched/sch_generic.c:525 dev_watchdog").replace(
        " foo_enqueue+0x44/0xa0 [foo]\n", ""
    )
    text = text.replace("__list_add_valid", "dev_watchdog")
    named = text.replace("NETDEV WATCHDOG: enp3s0 (r8169):", "r8169 0000:03:00.0 enp3s0: NETDEV WATCHDOG: CPU: 3:")
    for words in (text, swapped(text), named):
        found = samples.only(samples.stamped(words))
        assert (found["kind"], found["module"]) == ("warning", "r8169")
        assert found["cause"] == "The driver r8169 met a state that it did not expect and went on."


def swapped(text: str) -> str:
    """As kernels up to 4.14 write it."""
    lines = text.splitlines()
    return "\n".join([lines[0], lines[2], lines[1], *lines[3:]])


def test_the_slot_of_a_broken_module_is_named() -> None:
    text = "{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 1\n{1}[Hardware Error]: event severity: fatal\n"
    text += "{1}[Hardware Error]:   section_type: memory error\n{1}[Hardware Error]:   DIMM location: CPU1 DIMM_B2\n"
    assert samples.only(samples.stamped(text))["cause"].endswith(": CPU1 DIMM_B2.")
