/** What the inspector asks about a moment: answered by deterministic replay, never from the recording. */
import type { Moment } from './moment.ts';
import type { MomentVariables } from './variables.ts';

/** One row of a struct, typed by BTF. */
export interface PeekField {
  /** `f_path.dentry`, `comm`: the path from the struct asked for. */
  readonly path: string;
  /** C text of the type. */
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  /** Value as text: number, symbol, string, address. */
  readonly value: string;
  /** Raw bytes, at most 64 of them. */
  readonly bytes: Uint8Array;
  /** For pointers to structs: the target and its struct name. */
  readonly pointer: { readonly addr: bigint; readonly struct: string } | null;
  readonly depth: number;
  /** False: nothing here keeps this field, and its 0 says nothing. */
  readonly simulated: boolean;
}

export interface PeekStruct {
  readonly struct: string;
  readonly addr: bigint;
  readonly size: number;
  readonly fields: readonly PeekField[];
  /** The allocation is gone: stale bytes. */
  readonly freed: boolean;
}

/** A struct to look into. */
export interface StructRef {
  readonly struct: string;
  readonly addr: bigint;
}

/** A field whose values over a session are asked for. */
export interface CourseQuestion extends StructRef {
  readonly session: number;
  readonly path: string;
  /** The first callback that is looked at. */
  readonly from: number;
}

/** A field from a callback on. */
export interface FieldChange {
  readonly call: number;
  /** null: there is no such memory. */
  readonly field: PeekField | null;
  readonly freed: boolean;
}

/** A struct at a moment and at an earlier one, so that changes can be marked. */
export interface SeenStruct {
  readonly now: PeekStruct;
  readonly before: PeekStruct | null;
}

/** A global variable by its name, or an element of a map by its key: as text by their types. */
export interface SeenValue {
  readonly key: string;
  /** As it was at the earlier moment, where it is gone. */
  readonly value: string;
  readonly since: 'same' | 'changed' | 'new' | 'gone';
  /** What stood there at the earlier moment, where it has changed; else ''. */
  readonly was: string;
}

/** A map at a moment. */
export interface SeenMap {
  readonly name: string;
  /** In small letters: hash, percpu_array. */
  readonly type: string;
  /** Elements that were counted, and whether there are more. */
  readonly length: number;
  readonly more: boolean;
  /** The first of them in the map's order, and any others that are not the same. */
  readonly elements: readonly SeenValue[];
}

/** Global variables and maps of the program at a moment. */
export interface SeenMaps {
  readonly globals: readonly SeenValue[];
  readonly maps: readonly SeenMap[];
}

/** All that is to be seen of a moment, asked for at once: answered in one pass over the run. */
export interface LookQuestion {
  readonly moment: Moment;
  /** What values are compared with: earlier in the same session; null: nothing. */
  readonly before: Moment | null;
  readonly ctx: StructRef | null;
  readonly object: StructRef | null;
  readonly watched: readonly StructRef[];
  readonly maps: boolean;
  /** Whether the program runs in the moment's call, and whether its instructions are wanted too. */
  readonly program: 'none' | 'variables' | 'variables and steps';
}

export interface Look {
  readonly ctx: SeenStruct | null;
  /** What the context's `meta` points to. */
  readonly meta: SeenStruct | null;
  readonly object: SeenStruct | null;
  /** In the question's order; null for one that cannot be read. */
  readonly watched: readonly (SeenStruct | null)[];
  /** null: they were not asked for. */
  readonly maps: SeenMaps | null;
  readonly steps: CallSteps | null;
  readonly variables: MomentVariables | null;
}

/** One retired instruction of a program call. */
export interface StepInsn {
  readonly pc: number;
  /** r0..r10 before the instruction; index 11 holds the frame number. */
  readonly regs: BigUint64Array;
}

/** The instructions of one call, in the order they retired. */
export interface CallSteps {
  readonly insns: readonly StepInsn[];
  /** True when there were more than could be kept. */
  readonly truncated: boolean;
  /** The stack of the innermost frame after the last instruction, 512 bytes, or fewer when none ran. */
  readonly stack: Uint8Array;
}
