/** A reader program for what is chosen on the page: the same attach and the same reads, in libbpf's C. */
import type { Scenario } from '../../protocol/scenario.ts';

/** enum bpf_cgroup_iter_order */
const ORDERS: Readonly<Record<string, string>> = {
  self: 'BPF_CGROUP_ITER_SELF_ONLY',
  pre: 'BPF_CGROUP_ITER_DESCENDANTS_PRE',
  post: 'BPF_CGROUP_ITER_DESCENDANTS_POST',
  up: 'BPF_CGROUP_ITER_ANCESTORS_UP',
  children: 'BPF_CGROUP_ITER_CHILDREN',
};

interface Parts {
  /** Lines that fill `linfo`; none: the link has no parameters. */
  readonly info: readonly string[];
  readonly includes: readonly string[];
}

function parts({ options }: Scenario): Parts {
  const attach = options.attach ?? {};
  const info: string[] = [];
  const includes: string[] = [];
  if (attach.tid !== undefined) info.push(`linfo.task.tid = ${attach.tid};`);
  if (attach.pid !== undefined) info.push(`linfo.task.pid = ${attach.pid};`);
  if (attach.pidfd !== undefined) {
    includes.push('sys/syscall.h');
    info.push(`linfo.task.pid_fd = syscall(SYS_pidfd_open, ${attach.pidfd}, 0);`);
  }
  if (attach.map !== undefined)
    info.push(`linfo.map.map_fd = bpf_object__find_map_fd_by_name(obj, "${attach.map}");`);
  if (attach.cgroup !== undefined) {
    includes.push('fcntl.h');
    const path = attach.cgroup.startsWith('/sys/fs/cgroup')
      ? attach.cgroup
      : `/sys/fs/cgroup/${attach.cgroup.replace(/^\//, '')}`;
    info.push(`linfo.cgroup.cgroup_fd = open("${path}", O_RDONLY);`);
  }
  if (attach.cgroupId !== undefined) info.push(`linfo.cgroup.cgroup_id = ${attach.cgroupId};`);
  if (attach.order !== undefined) info.push(`linfo.cgroup.order = ${ORDERS[attach.order]};`);
  return { info, includes };
}

/** `task_file.bpf.c` -> `task_file.bpf.o` */
const objectName = (path: string): string => `${path.replace(/^.*\//, '').replace(/\.c$/, '')}.o`;

export function readerFor(scenario: Scenario): string {
  const { info, includes } = parts(scenario);
  const { prog, readSize = 4096 } = scenario.options;
  const find =
    prog === undefined
      ? 'bpf_object__next_program(obj, NULL)'
      : `bpf_object__find_program_by_name(obj, "${prog}")`;
  const opts = info.length > 0;
  return `#include <stdio.h>
#include <string.h>
#include <unistd.h>
${includes.map((name) => `#include <${name}>\n`).join('')}#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int main(void)
{
${opts ? '\tDECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts);\n\tunion bpf_iter_link_info linfo;\n' : ''}	struct bpf_object *obj;
	struct bpf_program *prog;
	struct bpf_link *link;
	char buf[${readSize}];
	int fd, n;

	obj = bpf_object__open("${objectName(scenario.source.path)}");
	if (!obj || bpf_object__load(obj))
		return 1;
	prog = ${find};
${
  opts
    ? `	memset(&linfo, 0, sizeof(linfo));
${info.map((line) => `\t${line}\n`).join('')}	opts.link_info = &linfo;
	opts.link_info_len = sizeof(linfo);
`
    : ''
}	link = bpf_program__attach_iter(prog, ${opts ? '&opts' : 'NULL'});
	if (!link)
		return 1;
	fd = bpf_iter_create(bpf_link__fd(link));
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	close(fd);
	bpf_link__destroy(link);
	bpf_object__close(obj);
	return n < 0;
}
`;
}
