/* Lists the open files of this process through an iterator; with an argument, the program does the choosing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "files.skel.h"

static int print_all(struct bpf_program *prog, struct bpf_iter_attach_opts *opts)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, opts);
	char piece[16];
	int fd, n, err = 0;

	if (!link) {
		fprintf(stderr, "no link\n");
		return -1;
	}
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		fprintf(stderr, "no iterator\n");
		err = -1;
		goto out;
	}
	while ((n = read(fd, piece, sizeof(piece) - 1)) > 0) {
		piece[n] = 0;
		printf("%s", piece);
	}
	err = n;
	printf("\n");
	close(fd);
out:
	bpf_link__destroy(link);
	return err;
}

int main(int argc, const char *const *argv)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info linfo;
	struct files *skel = files__open_and_load();
	int err;

	if (skel == NULL)
		return 1;
	memset(&linfo, 0, sizeof(linfo));
	if (argc > 1)
		skel->bss->target_pid = getpid();
	else
		linfo.task.pid = getpid();
	opts.link_info = &linfo;
	opts.link_info_len = sizeof(linfo);
	printf("PID %d\n\n", getpid());
	err = print_all(skel->progs.list_files, &opts);
	if (argc > 1)
		printf("%d\n", skel->bss->processes);
	files__destroy(skel);
	return err;
}
