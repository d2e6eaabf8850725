/**
 * Computes nothing twice. Walks the dominator tree with a table of what is known: an instruction that
 * equals one above it becomes that one. Loads join in as long as nothing in between may write there; a
 * load after a store of the same bytes is the stored value.
 *
 * Loads with a CO-RE offset and volatile loads are never shared: each access in the source is one access,
 * as clang has it, and programs that test `ctx->x` and then read it again get the verifier's answer for that.
 */
import { must } from '../../shared/assert.ts';
import { replaceValues } from './ir.ts';
import type { Block, Inst, IrFunction } from './ir.ts';
import { escapedSlots, placeOf } from './opt_alias.ts';
import { clobber, holds, joinPaths, sameBytes, valueOf } from './opt_known.ts';
import type { Known } from './opt_known.ts';
import { isBinary } from './opt_simplify.ts';
import { dominators, walkDominated } from './ssa.ts';

const key = (inst: Inst): string | null => {
  const args = inst.args.map((arg) => arg.id).join(',');
  if (isBinary(inst.op)) return `${inst.op}${inst.width}${inst.nsw ? 'n' : ''}(${args})`;
  switch (inst.op) {
    case 'cmp':
      return `cmp.${inst.cond}${inst.width}(${args})`;
    case 'zext':
    case 'trunc':
      return `${inst.op}(${args})`;
    case 'space':
      return `space.${inst.imm}(${args})`;
    case 'sext':
    case 'bswap':
      return `${inst.op}${inst.width}.${inst.bits}(${args})`;
    default:
      return null;
  }
};

const readable = (inst: Inst): boolean => !inst.volatile && !inst.relo;

export function shareValues(fn: IrFunction): void {
  const tree = dominators(fn);
  const escaped = escapedSlots(fn);
  const replaced = new Map<Inst, Inst>();
  const final = (inst: Inst): Inst => {
    const to = replaced.get(inst);
    return to ? final(to) : inst;
  };
  const table = new Map<string, Inst>();
  const memoryAt = new Map<Block, readonly Known[]>();
  const phis: Inst[] = [];

  const visit = (block: Block): (() => void) => {
    const added: string[] = [];
    const ends = block.preds.map((pred) => memoryAt.get(pred));
    let memory = ends.length === 1 ? must(ends[0], 'memory state') : joinPaths(block, ends);
    block.insts = block.insts.filter((inst) => {
      for (let i = 0; i < inst.args.length; i++) inst.args[i] = final(inst.args[i]!);
      if (inst.op === 'load' && readable(inst)) {
        const place = placeOf(inst);
        const known = memory.find((one) => sameBytes(one, place));
        if (known && known.width === inst.width) {
          const value = final(valueOf(fn, known, (phi) => phis.push(phi)));
          if (!known.narrowed) {
            replaced.set(inst, value);
            return false;
          }
          // What was stored was cut: the load is what is left of it.
          const mask = fn.const(32, inst.size === 1 ? 0xffn : 0xffffn);
          Object.assign(inst, { op: 'and', args: [value, mask], off: 0 });
          memory = memory.map((one) => (one === known ? { ...one, value: inst, narrowed: false } : one));
          return true;
        }
        memory = [...memory, holds(inst, inst, false)];
        return true;
      }
      const name = key(inst);
      if (name !== null) {
        const same = table.get(name);
        if (same) {
          replaced.set(inst, same);
          return false;
        }
        table.set(name, inst);
        added.push(name);
        return true;
      }
      memory = clobber(memory, inst, escaped);
      if (inst.op === 'store' && readable(inst)) {
        const value = inst.args[1]!;
        const narrowed = inst.size < 4;
        if (inst.size === 8 ? value.width === 64 : value.width === 32)
          memory = [...memory, holds(inst, value, narrowed)];
      }
      return true;
    });
    memoryAt.set(block, memory);
    return () => {
      for (const name of added) table.delete(name);
    };
  };

  walkDominated(tree, fn.entry(), visit);
  for (const phi of phis.toReversed()) phi.block!.insts.unshift(phi);
  replaceValues(fn, replaced);
}
