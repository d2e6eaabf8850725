/**
 * Programs that clang compiled, on the machine they were recorded on: what helpers, kfuncs and maps did
 * there they must do here. The verifier is left out; every load is one that may fault.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseRelease } from '../abi/releases.ts';
import { importRun } from '../kernel/import_recorded.ts';
import { buildWorld } from '../kernel/build_world.ts';
import { findTaskByPidNs } from '../kernel/objects/pid.ts';
import { Symbols } from '../kernel/symbols.ts';
import { TARGETS } from '../iter/targets/index.ts';
import { attachIter } from '../libbpf/attach.ts';
import type { IterLinkInfo } from '../libbpf/attach.ts';
import { loadObject } from '../libbpf/load.ts';
import { openObject } from '../libbpf/open.ts';
import { BpfSyscall } from '../sys/bpf.ts';
import { read } from '../sys/files.ts';
import { Sys } from '../sys/sys.ts';
import { recordedBtf } from '../vm/testing.ts';
import type { VerifyRequest, VerifyResult } from '../verifier/request.ts';
import { Bpf } from './bpf.ts';
import { RingbufMap } from './maps/ringbuf.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12');
const symbols = Symbols.parse(
  gunzipSync(readFileSync(join(recorded, 'kernel/kallsyms.gz'))).toString('latin1'),
);

/** Agrees to everything. Calls that libbpf poisoned are dead code. */
function trust(request: VerifyRequest): VerifyResult {
  const poisoned = (imm: number): boolean => imm > 1_000_000;
  return {
    ok: true,
    errno: null,
    log: '',
    reject: null,
    processed: 0,
    maxRdonlyAccess: 0,
    maxRdwrAccess: 0,
    probeMem: new Uint8Array(request.insns.length).fill(1),
    seen: Uint8Array.from(request.insns, ({ code, src, imm }) =>
      code === 0x85 && src === 0 && poisoned(imm) ? 0 : 1,
    ),
    subprogs: [],
    maps: [],
    stackDepth: 0,
    states: [],
  };
}

interface RecordedRun {
  readonly params: string;
  readonly prog: string;
  readonly tid?: number;
  readonly pid?: number;
  readonly output: string;
  readonly self: number;
  readonly self_fds: [];
  readonly tasks_vs_world?: { added: []; gone: [] };
}

function runCase(name: string) {
  const dir = join(recorded, 'cases', name);
  const linux = JSON.parse(readFileSync(join(dir, 'linux.json'), 'utf8')) as {
    boot: string;
    runs: RecordedRun[];
    progs: { prog: string; tag: string }[];
  };
  const world = JSON.parse(readFileSync(join(recorded, 'worlds', `${linux.boot}.json`), 'utf8')) as unknown;
  const [first] = linux.runs;
  if (!first) throw new Error(`${name} has no runs`);
  const kernel = buildWorld(
    importRun(world, {
      added: first.tasks_vs_world?.added ?? [],
      gone: first.tasks_vs_world?.gone ?? [],
      self: first.self,
      selfFds: first.self_fds,
    }),
    { btf: recordedBtf(), symbols },
  );
  const self = findTaskByPidNs(kernel, first.self, kernel.object('init_pid_ns', 'pid_namespace'));
  if (self) kernel.current = self.addr;
  const release = parseRelease('6.12');
  if (!release) throw new Error('6.12 is not a release');
  const sys = new Sys({ bpf: new Bpf(kernel), release, verify: trust });
  for (const target of TARGETS) sys.iter.register(target);
  const syscall = new BpfSyscall(sys);
  const opened = openObject(readFileSync(join(dir, `${name}.clang.o`)), { path: `${name}.bpf.o`, name });
  if (!opened.ok) throw new Error(opened.messages.join('\n'));
  const info = { btf: kernel.btf, symbols, release: '6.12.117', config: null };
  const loaded = loadObject(opened.object, { kernel: info, sys: syscall });
  if (!loaded.ok) throw new Error([...loaded.messages, ...loaded.programs.map(({ log }) => log)].join('\n'));
  const fdOf = (prog: string) =>
    loaded.loaded.programs.find(({ program }) => program.spec.name === prog)?.ret ?? -1;
  const runs = linux.runs.map((run) => {
    const { tid = 0, pid = 0 } = run;
    const link: IterLinkInfo | null = tid || pid ? { kind: 'task', tid, pid, pidFd: 0 } : null;
    const attached = attachIter({ name: run.prog, fd: fdOf(run.prog) }, link, syscall);
    if (!attached.ok) throw new Error(attached.messages.join('\n'));
    const iter = syscall.iterCreate(attached.linkFd);
    let output = '';
    for (;;) {
      const walk = read(sys, iter, 4096);
      let step = walk.next();
      while (!step.done) step = walk.next();
      if (step.value.ret <= 0) break;
      output += Buffer.from(step.value.bytes).toString('latin1');
    }
    syscall.close(iter);
    syscall.close(attached.linkFd);
    return { want: run.output, output };
  });
  return { runs, sys, linux, loaded: loaded.loaded };
}

/** Heap addresses and what is hashed from them differ from machine to machine. */
const withoutAddresses = (text: string): string =>
  text
    .replace(/\bff1[0-9a-f]{13}\b/g, 'HEAP')
    .replace(/0xff1[0-9a-f]{13}/g, 'HEAP')
    .replace(/00000000[0-9a-f]{8}/g, (match) => (match === '0000000000001234' ? match : '00000000HASH'))
    .replace(/ {12}[0-9a-f]{8}\b/g, '            HASH');

describe('on Linux 6.12 and here, the same output', () => {
  test.for([
    'printf_fmt',
    'maps_ops',
    'ringbuf_out',
    'oc_num',
    'oc_task',
    'globals',
    'iter_break',
    'loop_bounded',
    'kf_task',
  ])('%s', (name) => {
    for (const { want, output } of runCase(name).runs)
      expect(withoutAddresses(output)).toBe(withoutAddresses(want));
  });
});

test('a program is named by its instructions as the kernel names it', () => {
  const { sys, linux } = runCase('maps_ops');
  expect(sys.objects.progs.all().map(({ tag }) => tag)).toEqual(linux.progs.map(({ tag }) => tag));
});

test('records that a program put out are read in order, discarded ones are skipped', () => {
  const { sys } = runCase('ringbuf_out');
  const ring = sys.objects.maps.all().find((map) => map.spec.name === 'rb');
  const records = ring instanceof RingbufMap ? ring.consume() : [];
  expect(records.map((record) => Buffer.from(record).toString('hex').slice(0, 16))).toEqual([
    '44332211',
    '0100000002000000',
    '0000000000000000',
  ]);
});
