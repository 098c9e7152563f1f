// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (c) 2026, kernelops contributors
/*
 * Crash this kernel in a chosen way, for the lab's machines only. Debian's kernels lack lkdtm.
 *
 *   insmod kernelops_crash.ko fault=bug
 *   echo null-read > /sys/module/kernelops_crash/parameters/fault
 *
 * The fault strikes a moment later, in a kernel thread: whoever asked for it can still hang up.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timer.h>

static unsigned int delay_ms = 1000;
module_param(delay_ms, uint, 0644);
MODULE_PARM_DESC(delay_ms, "milliseconds between the request and the fault");

struct fault {
	const char *name;
	void (*strike)(void);
};

static volatile unsigned long sink;
static void nobody(struct timer_list *unused);
static DEFINE_TIMER(tick, nobody);

static noinline void strike_panic(void)
{
	panic("kernelops_crash: asked to");
}

static noinline void strike_bug(void)
{
	BUG();
}

static noinline void strike_null_read(void)
{
	unsigned long *volatile nowhere = NULL;

	sink = *(volatile unsigned long *)nowhere;
}

static noinline void strike_null_call(void)
{
	void (*volatile nowhere)(void) = NULL;

	nowhere();
}

/* Not canonical on x86-64: a general protection fault instead of a page fault. */
static noinline void strike_bad_pointer(void)
{
	*(volatile unsigned long *)0xdead4ead00000010UL = 1;
}

static noinline void strike_write_readonly(void)
{
	*(volatile unsigned char *)(unsigned long)&strike_panic = 0;
}

static noinline void strike_invalid_opcode(void)
{
	asm volatile("ud2");
}

static noinline void strike_divide_error(void)
{
	/* Both volatile: a compiler answers 1 / x without dividing. */
	volatile int number = 42, zero = 0;

	sink = number / zero;
}

static noinline unsigned long deeper(unsigned long level)
{
	volatile unsigned char frame[1024];

	memset((void *)frame, (int)level, sizeof(frame));
	return deeper(level + 1) + frame[level % sizeof(frame)];
}

static noinline void strike_stack_exhausted(void)
{
	sink = deeper(0);
}

static noinline void strike_stack_corrupted(void)
{
	volatile unsigned char frame[16];
	volatile unsigned char *volatile at = frame;
	volatile int beyond = 96;
	int i;

	for (i = 0; i < beyond; i++)
		at[i] = 0x5a;
}

static void nobody(struct timer_list *unused)
{
	strike_null_read();
}

/* An oops in an interrupt is a panic whatever panic_on_oops says. */
static noinline void strike_in_interrupt(void)
{
	mod_timer(&tick, jiffies + 1);
}

/* What follows leaves the machine alive, unless a policy says otherwise. */
static noinline void strike_warning(void)
{
	WARN(1, "kernelops_crash: asked to\n");
}

static noinline void strike_list_corruption(void)
{
	static LIST_HEAD(head);
	static struct list_head first, second;

	list_add(&first, &head);
	head.next = &second;
	second.prev = &second;
	list_add(&first, &head);
}

static noinline void strike_sleep_in_atomic(void)
{
	preempt_disable();
	msleep(20);
	preempt_enable();
}

static noinline void spin_for(unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;

	while (time_before(jiffies, end))
		cpu_relax();
}

/* Longer than twice kernel.watchdog_thresh, which the lab sets to a few seconds. */
static noinline void strike_soft_lockup(void)
{
	preempt_disable();
	spin_for(14);
	preempt_enable();
}

/* Longer than rcu_cpu_stall_timeout, which the lab sets to a few seconds. */
static noinline void strike_rcu_stall(void)
{
	rcu_read_lock();
	preempt_disable();
	spin_for(14);
	preempt_enable();
	rcu_read_unlock();
}

static noinline void strike_hung_task(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(40 * HZ);
	/* Without it the compiler jumps there, and this function is in no trace. */
	barrier();
}

static const struct net_device_ops no_ops;
static struct net_device *held;

static void let_go(struct timer_list *unused)
{
	dev_put(held);
}

static DEFINE_TIMER(later, let_go);

/* A network device that somebody still holds when it is to go: the kernel complains after ten seconds, and waits. */
static noinline void strike_device_held(void)
{
	held = alloc_netdev(0, "crash%d", NET_NAME_UNKNOWN, ether_setup);
	if (!held)
		return;
	held->netdev_ops = &no_ops;
	held->needs_free_netdev = true;
	if (register_netdev(held)) {
		free_netdev(held);
		return;
	}
	dev_hold(held);
	mod_timer(&later, jiffies + 25 * HZ);
	unregister_netdev(held);
}

static void spin(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* No panic, no message, no answer: only something outside of this kernel can end it. */
static noinline void strike_hang(void)
{
	smp_call_function(spin, NULL, 0);
	spin(NULL);
}

static const struct fault faults[] = {
	{ "panic", strike_panic },
	{ "bug", strike_bug },
	{ "null-read", strike_null_read },
	{ "null-call", strike_null_call },
	{ "bad-pointer", strike_bad_pointer },
	{ "write-readonly", strike_write_readonly },
	{ "invalid-opcode", strike_invalid_opcode },
	{ "divide-error", strike_divide_error },
	{ "stack-exhausted", strike_stack_exhausted },
	{ "stack-corrupted", strike_stack_corrupted },
	{ "in-interrupt", strike_in_interrupt },
	{ "warning", strike_warning },
	{ "list-corruption", strike_list_corruption },
	{ "sleep-in-atomic", strike_sleep_in_atomic },
	{ "soft-lockup", strike_soft_lockup },
	{ "rcu-stall", strike_rcu_stall },
	{ "hung-task", strike_hung_task },
	{ "device-held", strike_device_held },
	{ "hang", strike_hang },
};

static const struct fault *chosen;
static bool loaded;

static int strike(void *data)
{
	const struct fault *fault = data;

	msleep(delay_ms);
	pr_emerg("kernelops_crash: %s\n", fault->name);
	fault->strike();
	return 0;
}

static int launch(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(strike, (void *)chosen, "kernelops_crash"));
}

static int fault_set(const char *value, const struct kernel_param *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(value, faults[i].name))
			continue;
		chosen = &faults[i];
		return loaded ? launch() : 0;
	}
	return -EINVAL;
}

static int fault_get(char *buffer, const struct kernel_param *unused)
{
	return sysfs_emit(buffer, "%s\n", chosen ? chosen->name : "");
}

static const struct kernel_param_ops fault_ops = { .set = fault_set, .get = fault_get };
module_param_cb(fault, &fault_ops, NULL, 0600);
MODULE_PARM_DESC(fault, "the fault to strike with");

static int __init kernelops_crash_init(void)
{
	loaded = true;
	return chosen ? launch() : 0;
}

/* No exit: a thread of this module may be asleep, and the machine is about to end anyway. */
module_init(kernelops_crash_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Crash this kernel in a chosen way, for tests");
