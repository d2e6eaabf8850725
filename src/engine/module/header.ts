/**
 * What kernel code includes: one header of our own behind every `<linux/...>` name.
 *
 * Types come from the kernel's BTF. Here stand the macros and inline functions that an iterator target is
 * written with; the prototypes of the functions behind them are made from their table.
 */
const INLINE = `
#define NULL ((void *)0)
#define true 1
#define false 0
#define __init
#define __exit
#define __user
#define __rcu
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define BIT(n) (1UL << (n))
#define likely(x) (x)
#define unlikely(x) (x)
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b) ({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#define GFP_KERNEL 0xcc0
#define GFP_ATOMIC 0x820
#define THIS_MODULE ((struct module *)0)
#define MODULE_LICENSE(text)
#define MODULE_AUTHOR(text)
#define MODULE_DESCRIPTION(text)
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define module_init(fn) int init_module(void) { return fn(); }
#define late_initcall(fn) module_init(fn)
#define module_exit(fn) void cleanup_module(void) { fn(); }

/* error pointers */
#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)
static inline void *ERR_PTR(long error) { return (void *)error; }
static inline long PTR_ERR(const void *ptr) { return (long)ptr; }
static inline _Bool IS_ERR(const void *ptr) { return IS_ERR_VALUE((unsigned long)ptr); }
static inline _Bool IS_ERR_OR_NULL(const void *ptr) { return !ptr || IS_ERR_VALUE((unsigned long)ptr); }
#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define E2BIG 7
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define EOPNOTSUPP 95

/* lists */
static inline int list_empty(const struct list_head *head) { return READ_ONCE(head->next) == head; }
static inline int list_is_last(const struct list_head *list, const struct list_head *head) { return list->next == head; }
static inline int list_is_head(const struct list_head *list, const struct list_head *head) { return list == head; }
#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }
static inline void INIT_LIST_HEAD(struct list_head *list) { list->next = list; list->prev = list; }
static inline void list_add_between(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}
static inline void list_add(struct list_head *entry, struct list_head *head) { list_add_between(entry, head, head->next); }
static inline void list_add_tail(struct list_head *entry, struct list_head *head) { list_add_between(entry, head->prev, head); }
static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	entry->next = (struct list_head *)0xdead000000000100UL;
	entry->prev = (struct list_head *)0xdead000000000122UL;
}
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(ptr, type, member) list_entry((ptr)->next, type, member)
#define list_first_entry_or_null(ptr, type, member) (list_empty(ptr) ? NULL : list_first_entry(ptr, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, typeof(*(pos)), member)
#define list_entry_is_head(pos, head, member) (&(pos)->member == (head))
#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_entry(pos, head, member) \\
	for (pos = list_first_entry(head, typeof(*pos), member); !list_entry_is_head(pos, head, member); \\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_rcu(pos, head, member) list_for_each_entry(pos, head, member)
#define hlist_entry_safe(ptr, type, member) ((ptr) ? container_of(ptr, type, member) : NULL)
#define hlist_for_each_entry(pos, head, member) \\
	for (pos = hlist_entry_safe((head)->first, typeof(*(pos)), member); pos; \\
	     pos = hlist_entry_safe((pos)->member.next, typeof(*(pos)), member))

/* RCU, locks */
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_protected(p, c) READ_ONCE(p)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_assign_pointer(p, value) WRITE_ONCE(p, value)
#define DEFINE_MUTEX(name) struct mutex name
#define DEFINE_SPINLOCK(name) spinlock_t name
#define DECLARE_RWSEM(name) struct rw_semaphore name
#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_irqsave(lock, flags) ((void)((flags) = 0), spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))
#define mutex_lock_interruptible(lock) (mutex_lock(lock), 0)
#define mmap_read_lock_killable(mm) (mmap_read_lock(mm), 0)

/* tasks */
#define current get_current()
#define thread_group_leader(p) ((p)->group_leader == (p))
static inline int task_pid_nr(struct task_struct *task) { return task->pid; }
static inline int task_tgid_nr(struct task_struct *task) { return task->tgid; }
#define PIDTYPE_PID 0
#define PIDTYPE_TGID 1
#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3

/* iterators */
#define BPF_ITER_FUNC_PREFIX "bpf_iter_"
#define DEFINE_BPF_ITER_FUNC(target, args...) \\
	extern int bpf_iter_##target(args); \\
	int bpf_iter_##target(args) { return 0; }
#define __bpf_md_ptr(type, name) union { type name; __u64 : 64; } __attribute__((aligned(8)))
#define BTF_ID_LIST_SINGLE(name, prefix, type) \\
	u32 name[1] __attribute__((section(".BTF_ids." #prefix "." #type))) = { 0 };
#define BTF_ID_LIST_GLOBAL_SINGLE(name, prefix, type) BTF_ID_LIST_SINGLE(name, prefix, type)
#define BTF_TRACING_TYPE_TASK 0
#define BTF_TRACING_TYPE_FILE 1
#define BTF_TRACING_TYPE_VMA 2
extern u32 btf_tracing_ids[3];

/* messages */
#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_INFO ""
#define KERN_DEBUG ""
#define pr_err(fmt, args...) printk(fmt, ##args)
#define pr_warn(fmt, args...) printk(fmt, ##args)
#define pr_info(fmt, args...) printk(fmt, ##args)
#define pr_debug(fmt, args...) printk(fmt, ##args)

#define seq_has_overflowed(m) ((m)->count == (m)->size)
#define kfree_rcu(ptr, member) kfree(ptr)
`;

const NAME = 'iterscope/kernel.h';
/** Folders whose headers a kernel file may name. */
const KERNEL_HEADER = /^(linux|uapi\/linux|net|asm|asm-generic|generated)\//;

/**
 * The text behind an include of kernel code, or null where the file is somebody else's.
 *
 * @param prototypes of the kernel's functions
 */
export function kernelHeader(path: string, prototypes: readonly string[]): string | null {
  if (path === NAME)
    return `#pragma once\n#include <vmlinux.h>\n#include <stdarg.h>\n${prototypes.map((line) => `extern ${line};\n`).join('')}${INLINE}`;
  return KERNEL_HEADER.test(path) ? `#include <${NAME}>\n` : null;
}
