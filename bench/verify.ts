/**
 * How long a load waits for the verifier, beside what the same program cost to compile, and how many states
 * that took. Two loads that end with a verdict after very many instructions stand for programs that are
 * unrolled by the thousand.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { includeFrom } from '../app/cli/files.ts';
import { Symbols } from '../src/engine/kernel/symbols.ts';
import { openObject } from '../src/engine/libbpf/open.ts';
import type { BpfObject } from '../src/engine/libbpf/object.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { verifyObject } from '../src/engine/verifier/testing/verify_sys.ts';
import type { LabKernel } from '../src/engine/verifier/testing/verify_sys.ts';
import type { VerifyResult } from '../src/engine/verifier/request.ts';
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
  return {
    title: 'Verification',
    columns: ['instructions', 'states', 'load', 'simulated', 'compile / load'],
    rows: [...rows, ...long],
    metrics: [{ name: 'verify: compile / load', value: geomean(ratios), better: 'higher', tolerance: 1.6 }],
    notes: ['A load is libbpf (relocations, maps) and the verifier, for every program of the object.'],
  };
}
