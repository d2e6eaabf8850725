/* SPDX-License-Identifier: MIT */
/* What each processor has of its own, memory zones, and sources of wakeups. */
#pragma once
#include "tty.h"
#include "net.h"

struct rq;

struct cfs_rq {
	struct load_weight load;
	unsigned int nr_running;
	unsigned int h_nr_queued;
	unsigned int h_nr_runnable;
	struct sched_entity *curr;
	struct rq *rq;
	struct task_group *tg;
};

struct rt_rq {
	unsigned int rt_nr_running;
	unsigned int rr_nr_running;
};

struct rq {
	raw_spinlock_t __lock;
	unsigned int nr_running;
	u64 nr_switches;
	struct cfs_rq cfs;
	struct rt_rq rt;
	unsigned long nr_uninterruptible;
	union {
		struct task_struct *donor;
		struct task_struct *curr;
	};
	struct task_struct *idle;
	struct task_struct *stop;
	struct mm_struct *prev_mm;
	u64 clock;
	u64 clock_task;
	atomic_t nr_iowait;
	int cpu;
	int online;
};

struct pcpu_hot {
	union {
		struct {
			struct task_struct *current_task;
			int preempt_count;
			int cpu_number;
			u64 call_depth;
			unsigned long top_of_stack;
			void *hardirq_stack_ptr;
			u16 softirq_pending;
			bool hardirq_stack_inuse;
		};
		u8 pad[64];
	};
};

enum cpu_usage_stat {
	CPUTIME_USER = 0,
	CPUTIME_NICE = 1,
	CPUTIME_SYSTEM = 2,
	CPUTIME_SOFTIRQ = 3,
	CPUTIME_IRQ = 4,
	CPUTIME_IDLE = 5,
	CPUTIME_IOWAIT = 6,
	CPUTIME_STEAL = 7,
	CPUTIME_GUEST = 8,
	CPUTIME_GUEST_NICE = 9,
	NR_STATS = 10,
};

struct kernel_cpustat {
	u64 cpustat[10];
};

struct kernel_stat {
	unsigned long irqs_sum;
	unsigned int softirqs[10];
};

struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	union {
		u16 cs;
		u64 csx;
	};
	unsigned long flags;
	unsigned long sp;
	union {
		u16 ss;
		u64 ssx;
	};
};

struct pglist_data;

struct zone {
	unsigned long _watermark[4];
	int node;
	struct pglist_data *zone_pgdat;
	unsigned long zone_start_pfn;
	atomic_long_t managed_pages;
	unsigned long spanned_pages;
	unsigned long present_pages;
	const char *name;
	unsigned long flags;
	spinlock_t lock;
	atomic_long_t vm_stat[12];
};

struct pglist_data {
	struct zone node_zones[5];
	int nr_zones;
	unsigned long node_start_pfn;
	unsigned long node_present_pages;
	unsigned long node_spanned_pages;
	int node_id;
	struct task_struct *kswapd;
	struct task_struct *kcompactd;
	unsigned long flags;
	atomic_long_t vm_stat[47];
};

struct wake_irq;

struct wakeup_source {
	const char *name;
	int id;
	struct list_head entry;
	spinlock_t lock;
	struct wake_irq *wakeirq;
	struct timer_list timer;
	unsigned long timer_expires;
	ktime_t total_time;
	ktime_t max_time;
	ktime_t last_time;
	ktime_t start_prevent_time;
	ktime_t prevent_sleep_time;
	unsigned long event_count;
	unsigned long active_count;
	unsigned long relax_count;
	unsigned long expire_count;
	unsigned long wakeup_count;
	struct device *dev;
	bool active:1;
	bool autosleep_enabled:1;
};

/* Variables that every processor has a copy of. */
#define __percpu_variable __attribute__((section(".data..percpu")))

extern struct rq runqueues __percpu_variable;
extern struct pcpu_hot pcpu_hot __percpu_variable;
extern struct kernel_cpustat kernel_cpustat __percpu_variable;
extern struct kernel_stat kstat __percpu_variable;
extern int bpf_prog_active __percpu_variable;
extern unsigned long this_cpu_off __percpu_variable;
