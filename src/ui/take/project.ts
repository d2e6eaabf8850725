/**
 * What is chosen on the page, in code that builds on a real machine: the program, a reader with libbpf, a
 * Makefile, and the same as lines of bpftool.
 */
import type { AttachParams, Scenario } from '../../protocol/scenario.ts';
import { readerFor } from '../reader/template.ts';

/** Contents by file name. */
export type Project = Readonly<Record<string, string>>;

const MAKEFILE = `# Needs clang, bpftool and libbpf's headers (Debian: clang bpftool libbpf-dev libelf-dev zlib1g-dev).
CLANG ?= clang
BPFTOOL ?= bpftool
ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/')
PROGRAM := NAME

all: reader $(PROGRAM).bpf.o

# The types of the kernel that runs here; a vmlinux.h of another one can be put in their place.
vmlinux.h:
	$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c > $@

%.bpf.o: %.bpf.c vmlinux.h
	$(CLANG) -g -O2 -Wall -target bpf -D__TARGET_ARCH_$(ARCH) -c $< -o $@

reader: reader.c
	$(CC) -g -O2 -Wall $< -o $@ -lbpf -lelf -lz

# The reader loads the object that lies beside it.
run: all
	sudo ./reader

clean:
	rm -f reader *.bpf.o vmlinux.h

.PHONY: all run clean
`;

/** `dir/task.bpf.c` -> `task` */
const stem = (path: string): string => path.replace(/^.*\//, '').replace(/(\.bpf)?\.[co]$/, '');

/** What has to be done before a program of one's own target can be built. */
const OWN_TARGET = `# FILE registers the iterator. Linux exports bpf_iter_reg_target to no module, so it is built into the kernel:
# put it beside kernel/bpf/task_iter.c, add its .o to that folder's Makefile, and start the new kernel first.
`;

/** Files of a folder in which `make` builds the program and its reader. */
export function projectOf(scenario: Scenario): Project {
  const { source, module } = scenario;
  const name = stem(source.path);
  const path = `${name}.bpf.c`;
  const target = module && `${stem(module.path)}.target.c`;
  const renamed = { ...scenario, source: { ...source, path } };
  return {
    [path]: source.text ?? '',
    'reader.c': readerFor(renamed),
    ...(module && target && { [target]: module.text }),
    Makefile: `${target ? OWN_TARGET.replace('FILE', target) : ''}${MAKEFILE.replace('NAME', name)}`,
  };
}

/** What bpftool cannot pass at attach, by the parameter's name. */
const NOT_IN_BPFTOOL: Readonly<Partial<Record<keyof AttachParams, string>>> = {
  tid: 'thread',
  pid: 'process',
  pidfd: 'pidfd',
  cgroup: 'cgroup',
  cgroupId: 'cgroup',
  order: 'order',
};

/** The session with bpftool that comes nearest, and a remark for what it cannot be told. */
export function bpftoolLines({ source, options }: Scenario): string {
  const name = stem(source.path);
  const attach = options.attach ?? {};
  const lost = (Object.keys(attach) as (keyof AttachParams)[]).flatMap((key) =>
    NOT_IN_BPFTOOL[key] === undefined ? [] : [NOT_IN_BPFTOOL[key]],
  );
  const map = attach.map === undefined ? '' : ` map name ${attach.map}`;
  return [
    ...(lost.length > 0
      ? [
          `# bpftool iter pin takes no ${[...new Set(lost)].join(', no ')}: it walks everything, reader.c does not`,
        ]
      : []),
    `clang -g -O2 -target bpf -c ${name}.bpf.c -o ${name}.bpf.o`,
    `sudo bpftool iter pin ./${name}.bpf.o /sys/fs/bpf/${name}${map}`,
    `sudo cat /sys/fs/bpf/${name}`,
    `sudo rm /sys/fs/bpf/${name}`,
    '',
  ].join('\n');
}
