/**
 * CO-RE relocation kinds, and the records of one section for .BTF.ext.
 *
 * Source: Documentation/bpf/llvm_reloc.rst, enum bpf_core_relo_kind.
 */
import type { CoreRelo as CoreReloRecord } from '../btf/ext.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import type { BtfEmitter } from './btf_emit.ts';
import type { EmittedFunction } from './emit.ts';

/** By __builtin_preserve_type_info's second argument: exists, size, matches. */
export const TYPE_KIND: readonly number[] = [8, 9, 12];
/** By __builtin_preserve_enum_value's: exists, value. */
export const ENUM_KIND: readonly number[] = [10, 11];
/** By __builtin_btf_type_id's: local, target. */
export const TYPE_ID_KIND: readonly number[] = [6, 7];

/** @param start index of the function's first instruction in its section */
export const coreRelosOf = (fn: EmittedFunction, start: number, btf: BtfEmitter): CoreReloRecord[] =>
  fn.coreRelos.map(({ insn, relo }) => ({
    insnOff: (start + insn) * INSN_BYTES,
    typeId: btf.root(relo.root),
    accessStrOff: btf.string(relo.access),
    kind: relo.kind,
  }));
