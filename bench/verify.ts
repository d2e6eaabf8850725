/**
 * How long a load waits for the verifier, beside what the same program cost to compile, and how many states
 * that took. Two loads that end with a verdict after very many instructions stand for programs that are
 * unrolled by the thousand.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { includeFrom } from '../app/cli/files.ts';
import { parseRelease } from '../src/engine/abi/releases.ts';
import type { Insn } from '../src/engine/abi/insn.ts';
import { findMember } from '../src/engine/btf/layout.ts';
import { Kind } from '../src/engine/btf/types.ts';
import { Symbols } from '../src/engine/kernel/symbols.ts';
import { openObject } from '../src/engine/libbpf/open.ts';
import type { BpfObject } from '../src/engine/libbpf/object.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { verifyObject } from '../src/engine/verifier/testing/verify_sys.ts';
import type { LabKernel } from '../src/engine/verifier/testing/verify_sys.ts';
import type { VerifyResult } from '../src/engine/verifier/request.ts';
import { verify } from '../src/engine/verifier/verify.ts';
import { must } from '../src/shared/assert.ts';
import { utf8Decode } from '../src/shared/utf8.ts';
import { geomean, inProcess, race } from './measure.ts';
import { ms, perSecond, times } from './report.ts';
import type { Group, Row } from './report.ts';
import { CASE_HEADERS, EXAMPLES, readSource, RECORDED, recordedBtf } from './sources.ts';

const STATISTICS = 4;
const recorded = join('recorded', 'linux-6.12');

function openBytes(bytes: Uint8Array, path: string): BpfObject {
  const opened = openObject(bytes, { path });
  if (!opened.ok) throw new Error(`${path} cannot be opened`);
  return opened.object;
}

/** Simulated instructions and states, from the last line of the logs. */
function statistics(results: readonly VerifyResult[]): { readonly insns: number; readonly states: number } {
  const states = results.map(({ log }) => Number(/total_states (\d+)/.exec(log)?.[1] ?? 0));
  return {
    insns: results.reduce((sum, { processed }) => sum + processed, 0),
    states: states.reduce((sum, n) => sum + n, 0),
  };
}

function kernelOf(): LabKernel {
  const symbols = gunzipSync(readFileSync(join(recorded, 'kernel', 'kallsyms.gz')));
  return { btf: recordedBtf(), symbols: Symbols.parse(utf8Decode(symbols)) };
}

/** Sources of which the object is verified, and objects that run into the limit. */
const LONG = ['loop_unbounded'];

/** A walk up the parents of a task that was unrolled: five instructions for each step. */
function unrolled(kernel: LabKernel, instructions: number): VerifyResult {
  const { btf } = kernel;
  const task = btf.find('task_struct', Kind.STRUCT);
  const offset = (field: string): number => must(findMember(btf, task, field), field).offset;
  const insn = (code: number, fields: Partial<Insn> = {}): Insn => ({
    code,
    dst: 0,
    src: 0,
    off: 0,
    imm: 0,
    ...fields,
  });
  const step = [
    insn(0x79, { dst: 1, src: 6, off: offset('real_parent') }),
    insn(0x15, { dst: 1, off: 2 }),
    insn(0x61, { dst: 2, src: 1, off: offset('pid') }),
    insn(0x0f, { dst: 7, src: 2 }),
    insn(0xbf, { dst: 6, src: 1 }),
  ];
  const out = [insn(0xb7), insn(0x95)];
  const start = [
    insn(0x79, { dst: 6, src: 1, off: 8 }),
    insn(0xb7, { dst: 7 }),
    insn(0x55, { dst: 6, off: 2 }),
  ];
  const steps = Array.from({ length: Math.floor(instructions / step.length) }, () => step).flat();
  return verify({
    insns: [...start, ...out, ...steps, ...out],
    release: must(parseRelease('6.12'), 'release'),
    kernelBtf: btf,
    progBtf: null,
    funcInfo: [],
    lineInfo: [],
    map: () => 'EBADF',
    ksymAddress: () => null,
    gplCompatible: true,
    attachBtfId: btf.find('bpf_iter_task', Kind.FUNC),
    target: () => ({ ctxArgs: [{ offset: 8, type: 'trusted_or_null' }], extraHelpers: [] }),
    sleepable: false,
    logLevel: STATISTICS,
    cpus: 1,
  });
}

/** Instructions of programs that were unrolled by the thousand. */
const UNROLLED = [25_000, 40_000];

export function verifyGroup(): Group {
  const kernel = kernelOf();
  const verify = (object: BpfObject): readonly VerifyResult[] =>
    verifyObject(object, { kernel, logLevel: STATISTICS }).results;
  const ratios: number[] = [];
  const rows = [...EXAMPLES, ...RECORDED].map((path): Row => {
    const text = readSource(path);
    const include = includeFrom(path, [CASE_HEADERS]);
    const compile = (): Uint8Array =>
      must(compileSource({ path, text }, kernel.btf, include).object, `object of ${path}`);
    const object = openBytes(compile(), path);
    const { insns, states } = statistics(verify(object));
    const found = race({ verify: inProcess(() => verify(object)), compile: inProcess(compile) }, 2);
    const ratio = found.compile.warm / found.verify.warm;
    ratios.push(ratio);
    return {
      what: basename(path),
      cells: [
        String(insns),
        String(states),
        ms(found.verify.warm),
        perSecond((insns / found.verify.warm) * 1000),
        times(ratio),
      ],
    };
  });
  const long = LONG.map((name): Row => {
    const path = join(recorded, 'cases', name, `${name}.clang.o`);
    const object = openBytes(Uint8Array.from(readFileSync(path)), path);
    const { insns, states } = statistics(verify(object));
    const cost = inProcess(() => verify(object))();
    return {
      what: `${name} (clang)`,
      cells: [String(insns), String(states), ms(cost), perSecond((insns / cost) * 1000), '-'],
    };
  });
  const walks = UNROLLED.map((instructions): Row => {
    const run = (): VerifyResult => unrolled(kernel, instructions);
    const result = run();
    if (!result.ok) throw new Error(`an unrolled walk is refused: ${result.reject?.message}`);
    const { insns, states } = statistics([result]);
    const cost = inProcess(run)();
    return {
      what: `${instructions} instructions, unrolled`,
      cells: [String(insns), String(states), ms(cost), perSecond((insns / cost) * 1000), '-'],
    };
  });
  return {
    title: 'Verification',
    columns: ['instructions', 'states', 'load', 'simulated', 'compile / load'],
    rows: [...rows, ...long, ...walks],
    metrics: [{ name: 'verify: compile / load', value: geomean(ratios), better: 'higher', tolerance: 1.6 }],
    notes: ['A load is libbpf (relocations, maps) and the verifier, for every program of the object.'],
  };
}
