# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's functions that are at the top of a stack without being at fault.

They report, allocate, copy, lock, wait or check on behalf of the function that called them; that one is the culprit.
The names come from the files given with each group.
"""

import re
from typing import Tuple

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._frames import plain

# Names that begin so; a leading "__", "_raw_", "___" is allowed for, see _bare().
PREFIXES: Tuple[str, ...] = (
    # lib/dump_stack.c, kernel/panic.c, lib/bug.c, arch/*/kernel/{traps,dumpstack,entry}.c, mm/fault.c
    "dump_stack", "dump_backtrace", "dump_header", "dump_page", "print_bad_pte", "show_stack", "show_regs", "show_trace", "show_fault",
    "show_bt", "show_signal", "warn_slowpath", "warn_bogus", "report_bug", "panic", "vpanic", "nmi_panic", "die", "oops_",
    "do_error_trap", "do_trap", "exc_", "asm_exc_", "asm_sysvec_", "asm_common_interrupt", "sysvec_", "invalid_op",
    "do_invalid_op", "fixup_bug", "handle_bug", "handle_invalid_op", "general_protection", "do_general_protection",
    "page_fault", "do_page_fault", "do_kern_addr_fault", "do_user_addr_fault", "bad_area", "no_context",
    "page_fault_oops", "kernelmode_fixup", "do_kernel_fault", "do_translation_fault", "do_mem_abort", "do_DataAbort",
    "do_PrefetchAbort", "do_bad_area", "do_bad", "do_undefinstr", "el0_", "el1_", "el1h_", "el0t_",
    "do_debug_exception", "brk_handler", "bug_handler", "call_break_hook", "bug_brk", "do_el1_", "arm64_notify",
    "do_serror", "arm64_serror_panic",
    "divide_error", "do_divide", "double_fault", "do_double_fault", "program_check", "do_program", "error_code",
    "common_exception", "handle_exception", "do_page_", "ret_from_intr", "error_entry", "asm_", "restore_all",
    "common_interrupt", "xen_do_hypervisor", "stack_trace_", "save_stack", "save_trace", "unwind_", "walk_stackframe",
    "arch_stack_walk", "check_stack_trace", "do_handle_", "do_trap_", "do_sea", "do_tag_", "vprintk", "printk",
    "printk_", "console_unlock", "dev_printk", "dev_vprintk", "dev_err", "dev_warn", "dynamic_dev", "netdev_printk",
    "ubsan", "handle_overflow", "kasan", "asan", "hwasan", "kmsan", "msan", "kcsan", "tsan", "sanitizer", "kfence",
    "check_memory_region", "check_region_inline", "print_address_description", "check_panic_on_warn", "end_report",
    "complete_report_info", "print_report", "print_unreferenced", "kmemleak_", "instrument_", "check_shadow",
    "memory_is_poisoned", "object_err", "slab_err", "slab_bug", "print_trailer", "check_bytes_and_report",
    "check_object", "check_slab", "check_heap", "check_object_size", "usercopy_", "check_copy_size", "copy_overflow",
    "fortify_panic", "write_comp_data", "trace_pc", "bad_page", "free_pages_check", "free_page_bad", "bad_range",
    # kernel/watchdog*.c, kernel/rcu/tree_stall.h, kernel/hung_task.c, lib/nmi_backtrace.c, kernel/time, kernel/sched
    "watchdog", "softlockup", "nmi_", "arch_trigger_", "trigger_all_cpu", "trigger_single_cpu", "trigger_cpumask",
    "trigger_allbutself", "rcu_dump_", "rcu_exp_", "entry_SYSCALL_64", "entry_SYSENTER", "entry_INT80", "rcu_check_",
    "check_cpu_stall", "print_cpu_stall", "print_other_cpu_stall", "rcu_sched_clock_irq", "rcu_pending",
    "update_process_times", "tick_", "hrtimer_", "run_hrtimer", "local_apic_timer", "smp_apic_timer", "apic_timer",
    "perf_event_overflow", "intel_pmu_", "x86_pmu", "perf_event_nmi", "end_repeat_nmi", "check_hung", "report_bad_irq", "note_interrupt",
    "sched_show_task", "show_state_filter", "hardlockup_", "default_do_nmi", "do_nmi", "exc_nmi", "delay_tsc",
    "const_udelay", "delay", "timer_delay", "loop_delay", "udelay", "csd_lock_", "native_queued_spin", "pv_queued",
    "pv_wait", "kvm_wait", "queued_spin", "queued_read", "queued_write", "arch_timer_handler", "handle_percpu_devid",
    "arch_local_irq", "arch_local_save", "arch_irqs_", "arch_static", "native_save_fl", "native_restore_fl",
    "native_irq", "trace_hardirqs", "trace_softirqs", "might_sleep", "might_fault", "might_resched", "cant_",
    "schedule", "preempt_", "io_schedule", "cond_resched", "schedule_timeout", "schedule_bug", "wait_for_common",
    "wait_for_completion", "wait_on_bit", "out_of_line_wait", "bit_wait", "do_wait_for", "wait_rcu_gp",
    "finish_task_switch", "context_switch", "check_preemption_disabled", "debug_smp_processor_id",
    "this_cpu_preempt_check",
    # kernel/time/{sleep_timeout,timer,hrtimer}.c, kernel/rcu/tree.c, kernel/irq/manage.c, kernel/kthread.c
    "msleep", "usleep_range", "do_nanosleep", "wait_woken", "rcu_barrier", "disable_irq", "free_irq", "kthread_stop",
    "stop_machine",
    # kernel/locking, include/linux/{spinlock,rwsem,mutex,refcount,kref,atomic}
    "lock_acquire", "lock_release", "lock_is_held", "lock_downgrade", "lockdep_", "lock_", "mark_lock", "mark_usage",
    "mark_held", "validate_chain", "check_prev", "check_noncircular", "check_deadlock", "check_chain",
    "check_wait_context", "check_flags", "debug_check_no_locks", "debug_locks", "debug_spin", "debug_write",
    "debug_read", "print_circular", "print_deadlock", "print_usage", "print_lock", "print_unlock", "print_freed_lock",
    "print_bad_irq", "print_irq_inversion", "register_lock_class", "assign_lock_key", "look_up_lock", "reacquire_held",
    "spin_lock", "ticket_spin", "spin_unlock", "spin_trylock", "spin_bug", "spin_dump", "read_lock", "read_unlock", "write_lock",
    "write_unlock", "do_raw_", "raw_spin", "raw_read", "raw_write", "rwlock_", "mutex_lock", "mutex_unlock",
    "mutex_trylock", "mutex_spin", "mutex_optimistic", "ww_mutex", "down_read", "down_write", "down_trylock",
    "down_timeout", "up_read", "up_write", "rwsem_", "rt_mutex", "rt_spin", "rtlock", "osq_", "mcs_", "percpu_down",
    "percpu_up", "percpu_rwsem", "down", "rcu_read_lock", "rcu_read_unlock", "rcu_lock_acquire", "rcu_lock_release",
    "refcount_", "kref_", "atomic_", "atomic64_", "arch_atomic", "raw_atomic", "xchg", "cmpxchg", "test_bit",
    "test_and_", "set_bit", "clear_bit", "debug_object", "debug_print_object", "debug_check_no_obj", "debug_timer",
    "debug_hrtimer", "debug_rcu", "debug_work", "debug_dma", "completion_done",
    # mm: allocators
    "kmalloc_node", "kmalloc_track_caller", "kmalloc_array", "kmalloc_large", "kmalloc_order", "kmalloc_trace",
    "kmalloc_noprof", "kmalloc_cache", "kmalloc_reserve", "kmalloc_slab", "kzalloc", "kcalloc", "krealloc", "kvmalloc",
    "kvfree", "kfree", "kvrealloc", "vmalloc", "vzalloc", "vfree", "vunmap", "slab_", "slub_", "kmem_cache_",
    "cache_alloc", "cache_free", "cache_flusharray", "free_block", "virt_to_", "mempool_", "alloc_pages",
    "get_free_pages", "free_pages", "free_unref", "free_slab", "put_cpu_partial", "unfreeze_partials", "do_slab_free",
    "do_kmalloc", "do_kmem", "get_freepointer", "freelist_", "new_slab", "allocate_slab", "get_partial",
    "alloc_from_pcs", "qlink_", "qlist_", "quarantine_", "kmemdup", "kstrdup", "kasprintf", "kvasprintf", "devm_kmalloc",
    "devm_krealloc", "devm_kmemdup", "devm_kstrdup", "devm_kasprintf", "prepare_alloc_pages", "get_zeroed_page",
    "get_vm_area_node", "alloc_vmap_area", "dma_alloc_attrs", "dma_alloc_coherent", "alloc_percpu", "pcpu_alloc",
    "free_percpu", "get_page_from_freelist", "prep_new_page", "post_alloc_hook",
    "folio_alloc", "alloc_frozen", "discard_slab", "free_to_p", "build_detached_freelist", "setup_object",
    "memcg_slab", "memcg_alloc", "should_failslab", "should_fail", "fail_dump", "setup_fault_attr", "ksize",
    "kernel_init_pages", "clear_page", "copy_page",
    # lib: strings, copies, lists, trees
    "memcpy", "memset", "memmove", "memcmp", "memchr", "memscan", "strlen", "strnlen", "strcmp", "strncmp", "strcpy",
    "strncpy", "strscpy", "strlcpy", "strcat", "strlcat", "strstr", "strnstr", "strsep", "strpbrk", "strspn",
    "strcspn", "strim", "kstrto", "strchr", "strrchr", "strncasecmp", "strcasecmp", "sized_strscpy", "bcmp", "copy_user",
    "copy_to_user", "copy_from_user", "raw_copy", "copyin", "copyout", "arch_copy", "arm_copy", "get_user", "put_user",
    "clear_user", "rep_movs", "rep_stos", "csum_partial", "do_csum", "copy_from_kernel_nofault", "copy_mc", "list_add",
    "list_del", "list_move", "list_splice", "hlist_", "rb_erase", "rb_insert", "rb_next", "rb_first", "rb_prev",
    "rb_set", "radix_tree_lookup", "xas_", "xa_load", "find_first", "find_last", "bitmap_",
    "find_next_bit", "find_next_and_bit", "find_next_zero_bit", "read_once", "write_once",
    "read_word", "vsnprintf", "snprintf", "sprintf", "scnprintf", "string_nocheck", "string", "number", "vscnprintf",
    "pointer", "hex_string", "kobject_", "kset_", "sysfs_warn", "sysfs_create_dir", "sysfs_add", "kobj_",
    "proc_register", "proc_create", "proc_mkdir", "remove_proc_entry", "netdev_notify", "notifier_call",
    "raw_notifier", "atomic_notifier", "blocking_notifier", "rcu_note", "jhash", "crc16", "crc32", "crc32c", "crc_",
    "crypto_shash_update", "rhashtable_", "rht_", "format_decode", "xxh32", "xxh64", "siphash", "local_bh_",
    "do_softirq_own", "x86_indirect_thunk", "x86_return_thunk", "retbleed_", "fentry__", "mcount",
    "timer_is_static_object", "free_large_kmalloc", "cleanup_srcu_struct", "init_srcu_struct", "flush_workqueue",
    "flush_delayed_work", "drain_workqueue", "destroy_workqueue", "check_flush_dependency", "del_timer_sync",
    "try_to_grab_pending",
    "finish_wait", "add_wait_queue", "wake_up", "wake_up_process", "try_to_wake_up", "swake_up", "complete_all",
    "percpu_counter", "percpu_ref", "ref_tracker", "srcu_read_lock", "srcu_read_unlock", "internal_create_group",
    "sysfs_create_link", "sysfs_do_create", "usb_submit_urb", "usb_start_wait_urb", "usb_control_msg", "usb_bulk_msg",
    "usb_interrupt_msg", "prepare_to_wait", "grab_pending", "internal_add_timer", "enqueue_timer", "find_lock_entries",
    "find_get_entries", "truncate_inode_pages", "truncate_inode_pages_range", "truncate_inode_pages_final",
    # lib/math: who divides by zero is who asked for it; arch/arm/lib/lib1funcs.S
    "div64", "udivdi3", "divdi3", "umoddi3", "aeabi_uidiv", "aeabi_idiv", "Ldiv0", "div0",
    # net/core: what is handed in comes from the caller
    "skb_panic", "skb_over_panic", "skb_under_panic", "skb_push", "skb_pull", "skb_put", "skb_trim", "skb_release",
    "skb_queue", "skb_unlink", "skb_dequeue", "skb_clone", "skb_copy", "skb_checksum", "kfree_skb", "kfree_skbmem",
    "consume_skb", "alloc_skb", "pskb_", "napi_alloc_skb", "netdev_alloc_skb", "dev_kfree_skb", "unregister_netdevice",
    "unregister_netdev", "rollback_registered", "dev_put", "dev_hold", "netdev_put", "queue_work",
    "queue_delayed_work", "mod_delayed_work", "insert_work", "flush_work", "start_flush_work", "cancel_work",
    "cancel_delayed_work", "del_timer", "mod_timer", "try_to_del_timer", "timer_delete", "lock_timer",
    "detach_if_pending", "timer_fixup", "init_timer", "init_work", "ida_", "idr_alloc", "idr_remove", "seq_printf",
    "warn", "warn_printk", "call_rcu",
)  # fmt: skip

# Whole names that are too short or too common to be beginnings.
EXACT = frozenset(
    ("kmalloc", "iput", "up", "ww", "int3", "warn", "memdup_user_nul", "generic_bug", "drop_nlink", "inc_nlink", "clear_nlink",
     "stack_chk_fail", "kthread", "ret_from_fork", "ret_from_fork_asm", "do_syscall_64", "do_syscall_x64")
)  # fmt: skip
# A task that hangs in these hangs for their sake; where it must not sleep at all, its caller is at fault.
SLEEPERS = ("synchronize_", "memdup_user", "strndup_user")
# Wrappers of a lock that a subsystem made for itself.
LOCKS = ("_read_lock", "_read_unlock", "_write_lock", "_write_unlock")

_STARTS = re.compile("(?:%s)" % "|".join(sorted((re.escape(name) for name in PREFIXES), key=len, reverse=True)))


def is_helper(function: str) -> bool:
    """Whether another function, its caller, has to answer for what happened here."""
    name = plain(function).lstrip("_")
    return any(_bare_helper(bare) for bare in (name, _without_start(name)))


def is_sleeper(function: str) -> bool:
    """Whether it may sleep, as its caller has to know."""
    return plain(function).lstrip("_").startswith(SLEEPERS)


def _bare_helper(name: str) -> bool:
    if name in EXACT or name.endswith(LOCKS):
        return True
    match = _STARTS.match(name)
    # "die" is the kernel's own end, "diet_alloc" is somebody's function: a word must be whole.
    if match is None:
        return False
    end = match.end()
    return end == len(name) or name[end - 1] == "_" or not name[end].isalpha()


def _without_start(name: str) -> str:
    for start in ("raw_", "arch_", "native_", "pv_", "pi_"):
        if name.startswith(start):
            return name[len(start) :].lstrip("_")
    return name
