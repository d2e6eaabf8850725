/**
 * Where the values of a program's variables are while it runs, as the compiler tells it: not DWARF, but what a
 * page needs to write values beside the lines.
 */

/** A variable's value as text, at a moment. */
export interface VariableValue {
  /** As C reaches it: `pid`, `key.pid`, `seen[3]`. */
  readonly name: string;
  readonly declared: VariableRange['declared'];
  readonly type: string;
  /** `-2`, `0xffff888003a1c000`, `NULL`, `"bash"`, `true`. */
  readonly value: string;
  /** The register it is in; null: elsewhere. */
  readonly reg: number | null;
}

/** Variables inside of a call, at a moment. */
export interface MomentVariables {
  /** Before the moment's instruction; before the call's last one, if the moment names none. */
  readonly now: readonly VariableValue[];
  /** For each line that has run: what the variables that it names held when it had run. */
  readonly lines: readonly { readonly line: number; readonly values: readonly VariableValue[] }[];
}

/** A register of BPF, a place on the stack as an offset from r10, or a number that needs no place. */
export type VariablePlace =
  | { readonly in: 'register'; readonly reg: number }
  | { readonly in: 'stack'; readonly offset: number }
  | { readonly in: 'number'; readonly value: bigint };

/** How the bytes are to be read. `text`: an array of char, to its first NUL. */
export type VariableShape = 'signed' | 'unsigned' | 'bool' | 'pointer' | 'text';

/**
 * A variable, or a member of one, from before instruction `from` to before instruction `to` of a function. Of
 * several entries of one declaration and name at an instruction the one that begins last holds.
 */
export interface VariableRange {
  /** Symbol of the function whose instructions are counted; the variable may be of one inlined into it. */
  readonly function: string;
  /** As C reaches it: `pid`, `key.pid`, `seen[3]`. */
  readonly name: string;
  /** The name in its declaration, and where that stands; from 1. */
  readonly declared: {
    readonly name: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  };
  readonly type: string;
  readonly shape: VariableShape;
  /** Bytes; the low ones of a register. */
  readonly size: number;
  /** Of a bit-field: the first of its bits in what stands there, and how many it has; null: all. */
  readonly bits: { readonly first: number; readonly width: number } | null;
  readonly place: VariablePlace;
  readonly from: number;
  readonly to: number;
}

/** A scalar out of what stands where it is: negative only when it is signed. */
export function scalarOf({ bits, shape, size }: VariableRange, raw: bigint): bigint {
  const width = bits?.width ?? size * 8;
  const value = BigInt.asUintN(width, raw >> BigInt(bits?.first ?? 0));
  return shape === 'signed' ? BigInt.asIntN(width, value) : value;
}
