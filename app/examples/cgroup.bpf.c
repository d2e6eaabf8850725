// SPDX-License-Identifier: GPL-2.0
/* The cgroups below the one it is attached to. Try the orders: parents first, children first, or upwards. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/cgroup")
int dump_cgroup(struct bpf_iter__cgroup *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct cgroup *cgroup = ctx->cgroup;

	/* NULL once: the walk is over, and only now is cgroup_mutex given back. */
	if (!cgroup) {
		BPF_SEQ_PRINTF(seq, "=== END ===\n");
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "    id  level  below  name\n");

	BPF_SEQ_PRINTF(seq, "%6llu %6d %6d  %s\n", cgroup->kn->id, cgroup->level, cgroup->nr_descendants,
		       cgroup->level ? cgroup->kn->name : "/");
	return 0;
}
