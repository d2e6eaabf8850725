/*
 * The reader of the kernel's document, in our words: opens and loads an object, attaches its iterator to one
 * process, makes an iterator file and copies what it reads, sixteen bytes at a time.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int copy(int fd)
{
	char buf[16];
	int n, reads = 0;

	memset(buf, 0, sizeof(buf));
	while ((n = read(fd, buf, sizeof(buf) - 1)) > 0) {
		buf[n] = 0;
		printf("%s", buf);
		reads++;
	}
	printf("%d reads\n", reads);
	return n;
}

int main(void)
{
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info info;
	struct bpf_program *prog;
	struct bpf_object *obj;
	struct bpf_link *link;
	int iter_fd = -1, err = 1;

	obj = bpf_object__open("open_files.bpf.o");
	if (!obj)
		return 1;
	if (bpf_object__load(obj))
		goto close_object;
	prog = bpf_object__find_program_by_name(obj, "dump");
	memset(&info, 0, sizeof(info));
	info.task.pid = getpid();
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	link = bpf_program__attach_iter(prog, &opts);
	if (!link)
		goto close_object;
	iter_fd = bpf_iter_create(bpf_link__fd(link));
	if (iter_fd >= 0)
		err = copy(iter_fd);
	close(iter_fd);
	bpf_link__destroy(link);
close_object:
	bpf_object__close(obj);
	return err;
}
