// SPDX-License-Identifier: GPL-2.0
/* For every file that is a socket: does it lead to a sock, and back? */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%lu %d %d\n", file->f_inode->i_ino, BPF_CORE_READ(sk, sk_socket) == socket,
		       BPF_CORE_READ(sk, sk_socket, file) == file);
	return 0;
}
