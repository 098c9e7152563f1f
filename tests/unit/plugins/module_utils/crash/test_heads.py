# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A head of several lines, each of which could begin a report, is one head: what follows it is its task, registers and stack."""

import pytest

from unit.plugins.module_utils.crash import samples

CPU = "CPU: 2 PID: 912 Comm: worker Tainted: G           O    4.4.0 #1\n"
STACK = """\
Modules linked in: foo(O)
%sCall Trace:
 [<ffffffff81685fac>] dump_stack+0x19/0x1b
 [<ffffffff810858bc>] warn_slowpath_fmt+0x5c/0x80
 [<ffffffff81332f11>] %s+0xa1/0xd0
 [<ffffffffa02b1c8d>] foo_release+0x2d/0x60 [foo]
---[ end trace 3b1c2d3e4f506172 ]---
"""

# Up to Linux 4.14 the head of WARN() comes first and its text behind it.
LIST = "WARNING: CPU: 2 PID: 912 at lib/list_debug.c:59 __list_del_entry+0xa1/0xd0\n"
LIST += "list_del corruption. prev->next should be ffff881fe2a1c540, but was dead000000100100\n" + STACK % (
    CPU,
    "__list_del_entry",
)
LIST_2_6 = LIST.replace("CPU: 2 PID: 912 at", "at").replace(
    "0xd0\n", "0xd0() (Tainted: G        W )\nHardware name: X\n", 1
)
LIST_2_6 = LIST_2_6.replace(CPU, "Pid: 912, comm: worker Tainted: G        W   2.6.32-504.el6.x86_64 #1\n")
LOCKS = "WARNING: CPU: 2 PID: 912 at kernel/locking/mutex.c:511 mutex_lock_nested+0xa1/0xd0\nDEBUG_LOCKS_WARN_ON(l->magic != l)\n"
LOCKS += STACK % (CPU, "mutex_lock_nested")
RCU = (
    """\
WARNING: suspicious RCU usage
6.1.0 #1 Not tainted
-----------------------------
net/foo/foo.h:1234 suspicious rcu_dereference_check() usage!

1 lock held by worker/912:
 #0: ffff888004d1c478 (&net->rtnl){+.+.}-{3:3}, at: rtnl_lock_of_foo+0x50/0x60

stack backtrace:
"""
    + STACK % (CPU, "lockdep_rcu_suspicious")
)
PPC64 = (
    """\
watchdog: CPU 12 detected hard LOCKUP on other CPUs 2
watchdog: CPU 12 TB:84731028473, last SMP heartbeat TB:84722837502 (15998ms ago)
watchdog: CPU 2 Hard LOCKUP
watchdog: CPU 2 TB:84731030000, last heartbeat TB:84720000000 (21542ms ago)
"""
    + STACK % (CPU, "foo_release")
)


@pytest.mark.parametrize(
    "form", ["[  100.000000] %s\n", "[  100.000000][  T912] %s\n", "Jan  5 10:00:25 n kernel: %s\n"]
)
@pytest.mark.parametrize(
    "text, kind, title",
    [
        (LIST, "mem-corruption", "list_del corruption"),
        (LIST_2_6, "mem-corruption", "list_del corruption"),
        (LOCKS, "locking", "DEBUG_LOCKS_WARN_ON"),
        (RCU, "locking", "WARNING: suspicious RCU usage"),
        (PPC64, "hard-lockup", "watchdog: CPU 12 detected hard LOCKUP"),
    ],
    ids=["list", "list 2.6", "locks", "rcu", "ppc64"],
)
def test_a_head_of_several_messages_is_one(text: str, kind: str, title: str, form: str) -> None:
    found = samples.only("".join(form % line for line in text.splitlines()))
    assert (found["kind"], found["function"], found["module"]) == (kind, "foo_release", "foo")
    assert found["title"].startswith(title)
    assert (found["task"], found["kernel"] is None) == ({"comm": "worker", "pid": 912}, False)


def test_old_and_new_kernels_tell_the_same_of_a_broken_list() -> None:
    head, words, rest = LIST.split("\n", 2)
    old, new = (samples.only(samples.stamped(text)) for text in (LIST, "\n".join((words, head, rest))))
    assert (old["fingerprint"], old["title"], old["follow_ups"]) == (new["fingerprint"], new["title"], [])


@pytest.mark.parametrize(
    "head",
    [
        "mce: [Hardware Error]: CPU 14: Machine Check Exception: 5 Bank 5: be00000000800400\n"
        "mce: [Hardware Error]: RIP !INEXACT! 10:<ffffffff9a2b1e2d> {intel_idle+0x6d/0x120}\n",
        "{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 1\n{1}[Hardware Error]: event severity: fatal\n",
    ],
)
def test_the_panic_of_a_hardware_error_tells_its_cpu_and_kernel(head: str) -> None:
    found = samples.only(samples.stamped(head + "Kernel panic - not syncing: Fatal hardware error!\n" + CPU))
    assert (found["kind"], found["fatal"], found["cpu"], found["kernel"]) == ("mce", True, 2, "4.4.0")
    assert found["task"]["comm"] == "worker"


def test_another_crash_right_behind_a_cut_off_head_lends_it_nothing() -> None:
    text = "watchdog: BUG: soft lockup - CPU#7 stuck for 22s! [app:34]\n" + samples.LIST_WARN.split("\n", 2)[2]
    found = samples.only(samples.stamped(text))
    assert (found["kind"], found["function"], found["cpu"]) == ("soft-lockup", None, 7)
