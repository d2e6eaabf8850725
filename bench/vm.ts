/**
 * Instructions per second: an ALU loop, a walk along a linked list, and an iterator program with its helper,
 * each on the engine and on the BigInt peer, with equal results or the benchmark fails.
 */
import type { Insn } from '../src/engine/abi/insn.ts';
import * as op from '../src/engine/abi/opcode.ts';
import { parseWorld } from '../src/engine/kernel/world.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { SeqFile } from '../src/engine/vfs/seq_file.ts';
import { Code } from '../src/engine/vm/code.ts';
import type { Linker } from '../src/engine/vm/code.ts';
import { runProg } from '../src/engine/vm/run.ts';
import { must } from '../src/shared/assert.ts';
import type { Addr } from '../src/shared/brand.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { bigWorld } from './big_world.ts';
import { loadSource, machineOf } from './machine.ts';
import { inProcess, race } from './measure.ts';
import { BigIntPeer } from './peer_bigint.ts';
import { figure, perSecond, times } from './report.ts';
import type { Group, Metric, Row } from './report.ts';
import { readSource } from './sources.ts';

const insn = (code: number, fields: Partial<Insn> = {}): Insn => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});
const alu = (what: number, dst: number, src: number): Insn =>
  insn(op.BPF_ALU64 | what | op.BPF_X, { dst, src });
const aluImm = (what: number, dst: number, imm: number): Insn =>
  insn(op.BPF_ALU64 | what | op.BPF_K, { dst, imm });
const EXIT = insn(op.BPF_JMP | op.BPF_EXIT);
const jumpUnlessZero = (dst: number, off: number): Insn =>
  insn(op.BPF_JMP | op.BPF_JNE | op.BPF_K, { dst, off });
const load64 = (dst: number, src: number, off: number): Insn =>
  insn(op.BPF_LDX | op.BPF_MEM | op.BPF_DW, { dst, src, off });

/** xorshift, ten instructions a turn. */
const aluLoop = (turns: number): Insn[] => [
  aluImm(op.BPF_MOV, 0, 1),
  aluImm(op.BPF_MOV, 1, turns),
  insn(op.LD_IMM64, { dst: 2, imm: 0x7f4a7c15 }),
  insn(0, { imm: 0x1e3779b9 }),
  alu(op.BPF_XOR, 0, 2),
  alu(op.BPF_MOV, 3, 0),
  aluImm(op.BPF_LSH, 3, 13),
  alu(op.BPF_XOR, 0, 3),
  alu(op.BPF_MOV, 3, 0),
  aluImm(op.BPF_RSH, 3, 7),
  alu(op.BPF_XOR, 0, 3),
  alu(op.BPF_ADD, 0, 1),
  aluImm(op.BPF_SUB, 1, 1),
  jumpUnlessZero(1, -10),
  EXIT,
];

/** Sums the values of the nodes from R1 on, four instructions a node. */
const listSum: readonly Insn[] = [
  aluImm(op.BPF_MOV, 0, 0),
  load64(2, 1, 8),
  alu(op.BPF_ADD, 0, 2),
  load64(1, 1, 0),
  jumpUnlessZero(1, -4),
  EXIT,
];

const NODES = 10_000;
const NODE_BYTES = 128;

/** A linked list: next at 0, value at 8. @returns its first node */
function makeList({ kernel }: Machine): Addr {
  let head = 0n;
  for (let i = 0; i < NODES; i++) {
    const node = kernel.mem.alloc(NODE_BYTES);
    kernel.mem.setU64(node, head);
    kernel.mem.setU64(node + 8n, BigInt(i));
    head = node;
  }
  return head;
}

interface Workload {
  readonly name: string;
  readonly code: Code;
  readonly linker: Linker;
  /** Runs the program as often as one round asks for, and tells what came out. */
  readonly round: (run: (ctx: Addr) => bigint) => string;
}

const once =
  (ctx: Addr) =>
  (run: (ctx: Addr) => bigint): string =>
    String(run(ctx));

/** Every helper returns 0 and does nothing. */
const IDLE: Linker = { helper: () => () => 0, kfunc: () => null };

/**
 * The example for task_file, called for every file of one process, its text compared. Once as it is, once
 * with helpers that do nothing: the helper is most of such a program and is the same for both.
 */
function iteratorWorkloads(machine: Machine): readonly Workload[] {
  const { kernel, sys } = machine;
  const fd = loadSource(machine, 'task_file.bpf.c', readSource('app/examples/task_file.bpf.c'));
  const { code, spec } = must(sys.objects.progs.atLeast(1), `program of fd ${fd}`).object;
  const seq = SeqFile.open(kernel, 0n);
  seq.allocBuffer(65_536);
  const meta = kernel.alloc('bpf_iter_meta');
  meta.set('seq', seq.addr);
  // Not the first object, which prints the heading.
  meta.set('seq_num', 1);
  const task = kernel.view('task_struct', kernel.current);
  const fdt = must(task.deref('files')?.deref('fdt'), 'fdt');
  const contexts = Array.from({ length: 8 }, (_, i) => {
    const ctx = kernel.alloc('bpf_iter__task_file');
    ctx.set('meta', meta.addr);
    ctx.set('task', task.addr);
    ctx.set('fd', i);
    ctx.set('file', kernel.mem.u64(fdt.ptr('fd') + BigInt(8 * i)));
    return ctx.addr;
  });
  const round = (run: (ctx: Addr) => bigint): string => {
    seq.count = 0;
    const results = contexts.map(run);
    return `${results.join()}: ${latin1Decode(seq.bytes(0, seq.count))}`;
  };
  const { insns, base } = code;
  const probe = spec.probeMem ? { probeMem: spec.probeMem } : {};
  return [
    { name: 'task_file example', code, linker: machine.bpf, round },
    {
      name: 'task_file example, idle helper',
      code: new Code({ insns, base, linker: IDLE, ...probe }),
      linker: IDLE,
      round,
    },
  ];
}

export function vmGroup(): Group {
  const machine = machineOf(parseWorld(bigWorld(1)), false);
  const { bpf, kernel } = machine;
  const codeOf = (insns: readonly Insn[]): Code =>
    new Code({ insns, linker: IDLE, base: kernel.allocBytes(8) });
  const workloads: readonly Workload[] = [
    { name: 'ALU loop', code: codeOf(aluLoop(10_000)), linker: IDLE, round: once(0n) },
    { name: 'list walk', code: codeOf(listSum), linker: IDLE, round: once(makeList(machine)) },
    ...iteratorWorkloads(machine),
  ];
  const rows: Row[] = [];
  const metrics: Metric[] = [];
  for (const { name, code, linker, round } of workloads) {
    let retired = 0;
    const engine = (ctx: Addr): bigint => {
      const result = runProg(bpf.processor, code, { ctx });
      if ('abort' in result) throw new Error(`${name} stopped: ${result.abort} at ${result.pc}`);
      retired += result.retired;
      return result.r0;
    };
    const peer = new BigIntPeer(kernel, linker);
    const [ours, theirs] = [round(engine), round((ctx) => peer.run(code.insns, ctx))];
    if (ours !== theirs || retired !== peer.retired)
      throw new Error(
        `${name}: the engine gave ${ours} in ${retired} instructions, the peer ${theirs} in ${peer.retired}`,
      );
    const count = retired;
    const found = race({
      ours: inProcess(() => round(engine)),
      peer: inProcess(() => round((ctx) => peer.run(code.insns, ctx))),
    });
    const rate = (ms: number): number => (count / ms) * 1000;
    const ratio = found.peer.warm / found.ours.warm;
    rows.push({
      what: name,
      cells: [
        perSecond(rate(found.ours.warm)),
        `${figure((found.ours.warm / count) * 1e6)} ns`,
        perSecond(rate(found.peer.warm)),
        times(ratio),
      ],
    });
    metrics.push({ name: `vm: ${name}, BigInt peer / ours`, value: ratio, better: 'higher', tolerance: 1.6 });
  }
  return {
    title: 'Instructions per second',
    columns: ['ours', 'per instruction', 'BigInt interpreter', 'ours is faster by'],
    rows,
    metrics,
    notes: [],
  };
}
