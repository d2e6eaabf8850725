/** Bundled headers, as programs include them. */
import { expect, test } from 'vitest';
import { readElf } from '../../elf/read.ts';
import { recordedBtf } from '../../vm/testing.ts';
import { compile } from '../compile.ts';
import { bundledHeaderPaths } from './index.ts';

const END = 'char LICENSE[] SEC("license") = "GPL";\n';
const messages = (text: string): string[] =>
  compile({ path: 't.bpf.c', text, kernelBtf: recordedBtf() }).diagnostics.map(
    (d) => `${d.file}: ${d.message}`,
  );

test('every header can be included alone, behind the others, and with the kernel below', () => {
  const paths = bundledHeaderPaths().filter((path) => path !== 'vmlinux.h');
  const line = (path: string): string => `#include <${path}>\n`;
  // libbpf's need types before them.
  const [others, libbpf] = [false, true].map((of) =>
    paths.filter((path) => path.startsWith('bpf/') === of).map(line),
  );
  const includes = [...(others ?? []), ...(libbpf ?? [])];
  for (const include of others ?? []) expect(messages(include), include).toEqual([]);
  expect(messages([...includes, END].join(''))).toEqual([]);
  expect(messages(['#include "vmlinux.h"\n', ...includes, END].join(''))).toEqual([]);
});

test.for([
  ['ETH_P_IPV6', 0x86dd],
  ['TC_ACT_UNSPEC', -1],
  ['TC_ACT_REDIRECT', 7],
  ['IPPROTO_IGMP', 2],
  ['CLONE_NEWNET', 0x40000000],
  ['CLOCK_BOOTTIME', 7],
  ['CAP_BPF', 39],
  ['TCP_CONGESTION', 13],
  ['EISCONN', 106],
  ['ETIMEDOUT', 110],
  ['EHWPOISON', 133],
  ['S_ISDIR(0040755)', 1],
  ['KERNEL_VERSION(6, 12, 300)', 0x060cff],
  ['BPF_F_ALLOW_MULTI', 2],
  ['BPF_OP(BPF_JMP32 | BPF_JSLE)', 0xd0],
  ['AT_FDCWD', -100],
])('%s is %s', ([name, value]) => {
  const files = [
    'if_ether',
    'pkt_cls',
    'in',
    'sched',
    'time',
    'capability',
    'tcp',
    'errno',
    'stat',
    'version',
    'bpf',
  ];
  const includes = [...files, 'fcntl'].map((file) => `#include <linux/${file}.h>\n`).join('');
  expect(messages(`${includes}_Static_assert(${String(name)} == ${String(value)}, "");`)).toEqual([]);
});

test('names that are macros where vmlinux.h is included are not the kernel’s', () => {
  const text = `#define bpf_iter_meta bpf_iter_meta___unused
#define bpf_iter__task bpf_iter__task___unused
#define BTF_F_ZERO BTF_F_ZERO___unused
#include "vmlinux.h"
#undef bpf_iter_meta
#undef bpf_iter__task
#undef BTF_F_ZERO
#include <bpf/bpf_helpers.h>
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));
enum { BTF_F_ZERO = 8 };
SEC("iter/task") int dump(struct bpf_iter__task *ctx) { return ctx->task ? BTF_F_ZERO : 0; }
${END}`;
  expect(messages(text)).toEqual([]);
});

const TRACING = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
struct pair { long a; int b; };
${END}`;
test.for([
  [
    'BPF_PROG2 with a struct of two registers',
    'SEC("fentry/f") int BPF_PROG2(p, struct pair, x, int, n) { return x.a + x.b + n; }',
  ],
  ['BPF_KSYSCALL', 'SEC("ksyscall/kill") int BPF_KSYSCALL(p, int pid, int sig) { return pid + sig; }'],
  ['BPF_UPROBE', 'SEC("uprobe") int BPF_UPROBE(p, int a, char *b) { return a + (b == 0); }'],
  ['BPF_URETPROBE', 'SEC("uretprobe") int BPF_URETPROBE(p, long ret) { return ret; }'],
  ['BPF_USDT', 'SEC("usdt") int BPF_USDT(p, long a, int b) { return a + b + bpf_usdt_arg_cnt(ctx); }'],
])('%s', ([, program]) => {
  const { object, diagnostics } = compile({
    path: 't.bpf.c',
    text: TRACING + program,
    kernelBtf: recordedBtf(),
  });
  expect(diagnostics).toEqual([]);
  const symbols = readElf(object ?? new Uint8Array()).symbols.map(({ name }) => name);
  expect(symbols).toContain('p');
});
