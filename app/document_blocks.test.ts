/**
 * Every block of the kernel's document "BPF Iterators", in its order: programs that say the same in our words are
 * compiled and run, commands are typed, and what comes is compared with what the document shows. Addresses, pids
 * and routes depend on the machine: they are compared by their form.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { bootMachine } from '../src/engine/machine/boot.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { objectPath, playExec } from '../src/engine/machine/exec.ts';
import type { ExecOutcome } from '../src/engine/machine/exec.ts';
import { drain, playObject } from '../src/engine/machine/play.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { openShell } from '../src/engine/machine/shell.ts';
import type { RunReport } from '../src/protocol/report.ts';
import type { RunOptions } from '../src/protocol/scenario.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';
import { userLibrary } from './user_library.ts';

const folder = join(import.meta.dirname, 'testdata', 'document');
const mine = (name: string): string => readFileSync(join(folder, name), 'utf8');
const example = (name: string): string => readFileSync(join(import.meta.dirname, 'examples', name), 'utf8');
const boot = (world: string): Machine => bootMachine(resources, { world: { name: world } });

function objectOf(machine: Machine, path: string, text: string): Uint8Array {
  const { object, diagnostics } = compileSource({ path, text }, machine.kernel.btf);
  if (!object) throw new Error(diagnostics.map((d) => `${d.line}: ${d.message}`).join('; '));
  return object;
}

const FILES = mine('files.bpf.c');
function runFiles(options: RunOptions): RunReport {
  const machine = boot('docs');
  const object = objectOf(machine, 'files.bpf.c', FILES);
  return drain(playObject(machine, 'files.bpf.c', object, options)).report;
}

/** The document's user space program, in our words. */
function execReader(...args: readonly string[]): ExecOutcome {
  const machine = boot('docs');
  const objects = [{ path: objectPath('files.bpf.c'), bytes: objectOf(machine, 'files.bpf.c', FILES) }];
  const request = { path: 'reader.c', text: mine('reader.c'), objects, args, library: userLibrary };
  return drain(playExec(machine, request));
}

/** Types lines into one shell, with an object of an example in its folder. */
function type(world: string, lines: readonly string[]): readonly string[] {
  const machine = boot(world);
  const object = objectOf(machine, 'ipv6_route.bpf.c', example('ipv6_route.bpf.c'));
  const read = (path: string): Uint8Array | null => (path === 'bpf_iter_ipv6_route.o' ? object : null);
  const shell = openShell(machine, { read, size: (path) => read(path)?.length ?? null, list: () => null });
  return lines.map((line) =>
    shell
      .run(line)
      .output.map(({ bytes }) => latin1Decode(bytes))
      .join(''),
  );
}

/** A struct as the kernel's own types say it: its members, without what they are laid out in. */
function membersOf(struct: string): readonly string[] {
  const [text = ''] = type('docs', [
    `bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -A 30 "^struct ${struct} {"`,
  ]);
  return text
    .slice(text.indexOf('{') + 1, text.indexOf('\n};'))
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .filter((line) => line.endsWith(';') && line !== '};');
}

const HEADER = '    tgid      pid       fd      file';
/** A row of the table: three numbers in eight columns each, and an address of the kernel. */
const ROW = /^ *(\d+) +(\d+) +(\d+) (ffffffff[0-9a-f]{8})$/;
const DOCUMENT_PID = 1859;
/** f_op of descriptors 0 to 8, as the document prints them. */
const DOCUMENT_FOPS = ['0aa0', '0aa0', '0aa0', '2980'].map((end) => `ffffffff8227${end}`);
const DOCUMENT_OWN = ['5e120', '55120', '54f00', '54d80', '5abe0'].map((end) => `ffffffff822${end}`);
const DOCUMENT_TABLE = [
  HEADER,
  ...[...DOCUMENT_FOPS, ...DOCUMENT_OWN].map((fops, fd) =>
    [DOCUMENT_PID, DOCUMENT_PID, fd]
      .map((n) => String(n).padStart(8))
      .join(' ')
      .concat(` ${fops}`),
  ),
];
const rowsOf = (text: string): readonly RegExpExecArray[] =>
  text
    .split('\n')
    .map((line) => ROW.exec(line))
    .filter((row) => row !== null);

/** What a block shows, and how it is tried here; the headings are the document's. */
const BLOCKS: readonly (readonly [heading: string, block: string, tried: () => void])[] = [
  [
    'Motivation',
    'cat /proc/net/tcp6, cat /proc/net/netlink',
    () => {
      const [tcp = '', netlink = ''] = type('sockets', ['cat /proc/net/tcp6', 'cat /proc/net/netlink']);
      expect(tcp).toMatch(
        /^ {2}sl {2}local_address +remote_address +st tx_queue rx_queue .*\n +0: [0-9A-F]{32}:/,
      );
      expect(netlink).toMatch(
        /^sk +Eth Pid +Groups +Rmem +Wmem +Dump +Locks +Drops +Inode\n[0-9a-f]{16} \d+ /,
      );
    },
  ],
  [
    'How to Use BPF iterators',
    'struct bpf_iter__task_file',
    () =>
      expect(membersOf('bpf_iter__task_file')).toEqual([
        'struct bpf_iter_meta *meta;',
        'struct task_struct *task;',
        'u32 fd;',
        'struct file *file;',
      ]),
  ],
  [
    'How to Use BPF iterators',
    'a program that counts threads and processes beside its table',
    () => {
      const { output, globals } = runFiles({ set: [['watched_tgid', '1']] });
      const rows = rowsOf(output);
      expect(output.split('\n')[0]).toBe(HEADER);
      // A thread is visited for files of its own: rows of others than the leader are what the program counts.
      expect(globals['threads']).toBe(rows.filter(([, tgid, pid]) => tgid === '1' && pid !== tgid).length);
      expect(globals['processes']).toBe(new Set(rows.map(([, tgid]) => tgid)).size);
    },
  ],
  [
    'How to Use BPF iterators',
    'bpftool iter pin ./bpf_iter_ipv6_route.o /sys/fs/bpf/my_route; cat; rm -f',
    () => {
      const path = '/sys/fs/bpf/my_route';
      const [pin, text, proc, gone, again] = type('sockets', [
        `bpftool iter pin ./bpf_iter_ipv6_route.o  ${path}`,
        `cat ${path}`,
        'cat /proc/net/ipv6_route',
        `rm -f ${path}`,
        `cat ${path}`,
      ]);
      expect([pin, gone]).toEqual(['', '']);
      expect(text).toMatch(/^([0-9a-f]{32} [0-9a-f]{2} ){2}[0-9a-f]{32}( [0-9a-f]{8}){4} +\w+\n/);
      // The program prints what the kernel's own file has.
      expect(text).toBe(proc);
      expect(again).toBe(`cat: ${path}: No such file or directory\n`);
    },
  ],
  [
    'Implement Kernel Support for BPF Iterator Program Types',
    'struct bpf_iter_reg, and a target that fills it in',
    () => {
      expect(membersOf('bpf_iter_reg').map((line) => line.replace(/\[.*/, ';').split(/[ *]/).at(-1))).toEqual(
        [
          'target;',
          'attach_target;',
          'detach_target;',
          'show_fdinfo;',
          'fill_link_info;',
          'get_func_proto;',
          'ctx_arg_info_size;',
          'feature;',
          'ctx_arg_info;',
          'seq_info;',
        ],
      );
      const targets = join(import.meta.dirname, 'examples', 'targets');
      const module = ['--module', join(targets, 'my_task_vma.c'), '--world', 'docs'];
      const own = iterscope('run', join(targets, 'my_task_vma.bpf.c'), ...module);
      const built = iterscope('run', join(targets, '..', 'task_vma.bpf.c'), '--world', 'docs');
      expect(own).toEqual(built);
    },
  ],
  [
    'BPF Task Iterator Program',
    'the complete program',
    () => {
      const { output, verdict } = runFiles({});
      expect(verdict?.accepted).toBe(true);
      const rows = rowsOf(output);
      expect(output.split('\n').length).toBe(rows.length + 2);
      expect(rows.length).toBeGreaterThan(30);
    },
  ],
  [
    'Creating a File Iterator with Parameters',
    'opts.link_info with linfo.task.pid; attach_iter, iter_create; the complete user space program',
    () => {
      const { stdout, stderr, end } = execReader();
      expect({ stderr, status: end?.status }).toEqual({ stderr: '', status: 0 });
      const [, pid = ''] = /^PID (\d+)\n\n/.exec(stdout) ?? [];
      expect(stdout.split('\n').slice(1, 3)).toEqual(['', HEADER]);
      const rows = rowsOf(stdout);
      expect(new Set(rows.flatMap(([, tgid, tid]) => [tgid, tid]))).toEqual(new Set([pid]));
      // Standard streams first; then types, maps, program, link and iterator, by the operations that the
      // document shows for them.
      expect(rows.map(([, , , fd]) => Number(fd))).toEqual(rows.map((_, i) => i));
      const own = rows.map(([, , , , fops]) => fops).slice(3);
      expect(own.filter((fops, i) => fops !== own[i - 1])).toEqual(DOCUMENT_OWN);
    },
  ],
  [
    'Creating a File Iterator with Parameters',
    'the lines of its output',
    () => {
      const { output } = runFiles({ attach: { pid: DOCUMENT_PID } });
      expect(output.trimEnd().split('\n')).toEqual(DOCUMENT_TABLE);
    },
  ],
  [
    'Without Parameters',
    'target_pid in the program',
    () => {
      const { output } = runFiles({ set: [['target_pid', String(DOCUMENT_PID)]] });
      expect(output.trimEnd().split('\n')).toEqual(DOCUMENT_TABLE.slice(1));
    },
  ],
  [
    'Without Parameters',
    'skel->bss->target_pid = getpid()',
    () => {
      const { stdout, end } = execReader('by the program');
      expect(end?.status).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      const [, pid] = /^PID (\d+)$/.exec(lines[0] ?? '') ?? [];
      expect(rowsOf(stdout).every(([, tgid]) => tgid === pid)).toBe(true);
      expect(rowsOf(stdout).length).toBeGreaterThan(7);
      // It saw one process, and tells so through the memory that both share.
      expect(lines.at(-1)).toBe('1');
    },
  ],
];

describe('the document, block by block', () => {
  test.for(BLOCKS)('%s: %s', ([, , tried]) => {
    expect.hasAssertions();
    tried();
  });
});
