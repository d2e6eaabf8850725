/**
 * A verifier that stops at a poisoned instruction says `invalid func unknown#...`, which helps nobody:
 * the last lines of the log are rewritten to say what was not found.
 *
 * Source: libbpf.c fixup_verifier_log.
 */
import { CORE_POISON } from './core_patch.ts';
import { formatSpec, parseSpec } from './core_spec.ts';
import { KFUNC_POISON, MAP_POISON } from './link_progs.ts';
import type { LinkedProgram } from './link_progs.ts';
import type { BpfObject } from './object.ts';

/** Poison numbers of maps and kfuncs carry an index below this. */
const POISON_RANGE = 1_000_000;

const POISONED_CALL = /^(\d+): \([0-9a-f]{2}\) call unknown#(\d+).*\n(invalid func unknown#\2.*\n)?/m;

/** @kernel fixup_verifier_log, libbpf.c
 *  @fidelity full: src/engine/libbpf/recorded.test.ts */
export function fixupVerifierLog(log: string, prog: LinkedProgram, object: BpfObject): string {
  const match = POISONED_CALL.exec(log);
  const text = match && explain(Number(match[1]), Number(match[2]), prog, object);
  if (!match || text === null) return log;
  return log.slice(0, match.index) + text + log.slice(match.index + match[0].length);
}

function explain(insn: number, call: number, prog: LinkedProgram, object: BpfObject): string | null {
  if (call === CORE_POISON) {
    const relo = prog.coreRelos.find((r) => r.insnOff === insn);
    const spec = relo && object.btf ? parseSpec(object.btf, relo) : null;
    if (spec === null || typeof spec === 'number') return null;
    return `${insn}: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation ${formatSpec(spec)}\n`;
  }
  if (call >= MAP_POISON && call < MAP_POISON + POISON_RANGE) {
    const map = object.maps[call - MAP_POISON];
    return map
      ? `${insn}: <invalid BPF map reference>\nBPF map '${map.name}' is referenced but wasn't created\n`
      : null;
  }
  if (call >= KFUNC_POISON && call < KFUNC_POISON + POISON_RANGE) {
    const ext = object.externs[call - KFUNC_POISON];
    return ext
      ? `${insn}: <invalid kfunc call>\nkfunc '${ext.name}' is referenced but wasn't resolved\n`
      : null;
  }
  return null;
}
