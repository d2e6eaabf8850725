/* SPDX-License-Identifier: MIT */
/*
 * What the verifier may trust: members whose pointers are as good as the pointer they were read from, or
 * RCU-protected. The verifier looks these structs up by name, in whatever kernel BTF it is given.
 */
#pragma once
#include "iter.h"

struct task_struct__safe_rcu {
	const cpumask_t *cpus_ptr;
	struct css_set *cgroups;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
};
struct cgroup__safe_rcu {
	struct kernfs_node *kn;
};
struct css_set__safe_rcu {
	struct cgroup *dfl_cgrp;
};
struct mm_struct__safe_rcu_or_null {
	struct file *exe_file;
};
struct sk_buff__safe_rcu_or_null {
	struct sock *sk;
};
struct request_sock__safe_rcu_or_null {
	struct sock *sk;
};
struct bpf_iter_meta__safe_trusted {
	struct seq_file *seq;
};
struct bpf_iter__task__safe_trusted {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct file__safe_trusted {
	struct inode *f_inode;
};
struct dentry__safe_trusted {
	struct inode *d_inode;
};
struct socket__safe_trusted_or_null {
	struct sock *sk;
};
