# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No rule is dead: each has a line of the kernel for which it is the first that fits."""

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _triggers
from unit.plugins.module_utils.crash import samples, test_reports

# Written after the formats in the kernel's sources, for the rules that test_reports.py and the samples leave out.
LINES = """\
Kernel panic - not syncing: Fatal machine check on current CPU
Kernel panic - not syncing: UBSAN: panic_on_warn set ...
Killed process 1012 (heapster) total-vm:327128kB, anon-rss:308328kB, file-rss:11288kB
kernel stack overflow (page fault): 0000 [#1] SMP
BUG: Unable to handle kernel data access on write at 0x00000010
Kernel attempted to write user page (7fffd0c0) - exploit attempt? (uid: 0)
general protection exception: 0005 ilc:2 [#1] SMP
BUG: held lock freed!
WARNING: held lock freed!
BUG: foo/123 still has locks held!
WARNING: foo/123 still has locks held!
BUG: lock held when returning to user space!
WARNING: lock held when returning to user space!
BUG: lock held at task exit time!
WARNING: Nested lock was not taken
BUG: Invalid wait context
INFO: trying to register non-static key.
BUG: looking up invalid subclass: 8
BUG: spinlock bad magic on CPU#1, foo/123
INFO: possible reason: unannotated irqs-off lock
WARNING: CPU: 1 PID: 77 at kernel/locking/lockdep.c:4805 __lock_acquire+0x1/0x2
BUG: sleeping function called from invalid context at kernel/foo.c:12
BUG: using smp_processor_id() in preemptible [00000000] code: foo/123
BUG: workqueue leaked lock or atomic: kworker/1:1/0x00000001/77
INFO: using smp_processor_id() in preemptible [00000000] code: foo/123
BUG: assuming atomic context at kernel/foo.c:12
BUG: scheduling from the idle thread!
Watchdog CPU:4 Hard LOCKUP
INFO: rcu_preempt detected stall in foo
INFO: task a_task_with_a_name_that_is_much_longer_than_names_are:12 blocked for more than 120 seconds.
INFO: task a_task_with_a_name_that_is_much_longer_than_names_are:12 blocked in I/O wait for more than 120 seconds.
INFO: task foo:12 can't die for more than 143 seconds.
Memory failure: 0x12345: Killing foo:123 due to hardware memory corruption
critical medium error, dev sdb, sector 12345 op 0x0:(READ) flags 0x0
EXT3-fs error: remounting filesystem read-only
F2FS-fs (sdb1): inconsistent node block, nid:12
FAT-fs (sdb1): error, fat_get_cluster: invalid cluster chain
Aborting journal on device sda1-8.
JBD2: Detected IO errors while flushing file data on sda1-8
ZFS: zpool tank suspended
illegal operation: 0001 ilc:1 [#1] SMP
stack segment: 0000 [#1] SMP
segment not present: 0018 [#1] SMP
alignment check: 0000 [#1] SMP
int3: 0000 [#1] SMP
control protection: 0003 [#1] SMP
bounds: 0000 [#1] SMP
simd exception: 0000 [#1] SMP
fpu exception: 0000 [#1] SMP
"""


def lines() -> "list[str]":
    texts = [value for value in vars(samples).values() if isinstance(value, str)]
    for test in (test_reports.test_the_kernel_s_first_words, test_reports.test_what_fails_is_named):
        texts += [case[0] for mark in vars(test)["pytestmark"] for case in mark.args[1]]
    return "\n".join([LINES, *texts]).splitlines()


def literals() -> "list[str]":
    return [rule.literal for rule in _triggers.RULES if rule.pattern is None]


def test_every_rule_is_the_first_for_some_line() -> None:
    first = [_triggers.first(_triggers.RULES, line) for line in lines() + literals()]
    assert [rule for rule in _triggers.RULES if rule not in first] == []


def test_every_such_line_is_found() -> None:
    assert [line for line in LINES.splitlines() if _triggers.find(line) is None] == []
