/**
 * The checked program: what the front end hands to lowering.
 *
 * Names are resolved (`symbol`s are shared objects, compared by identity), every expression has its type,
 * every implicit conversion is a `cast` node, `a->b` is `(*a).b`, sizeof and enumerators are numbers,
 * initialisers are flat lists of offsets. Lowering never looks a name up and never asks what C's rules are.
 *
 * Whoever reads an lvalue's value finds a `cast` with `cast: 'load'` around it. Lvalues are the nodes
 * `ref` (of a variable), `deref`, `index`, `member` (of an lvalue), `string` and `compound_literal`;
 * an lvalue node without `load` around it stands where C wants a place: under `address_of`, `member`,
 * `assign`, `inc_dec`, a decay cast, or a builtin that wants one.
 *
 * A record value (struct assignment, argument, return) is a `load` with a record type.
 */
import type { Bytes } from '../../shared/brand.ts';
import type { CType, EnumType, FunctionType, RecordType } from './ctype.ts';
import type { Loc, Range } from './source.ts';

// ---------------------------------------------------------------------------------------------- symbols

/** `__attribute__`s that matter after the front end. Absent means not given. */
export interface SymbolAttributes {
  /** SEC("..."). */
  readonly section: string | null;
  readonly weak: boolean;
  readonly visibility: 'default' | 'hidden';
  readonly used: boolean;
  readonly unused: boolean;
  /** In bytes; null: the type's own. */
  readonly aligned: Bytes | null;
  readonly noinline: boolean;
  readonly alwaysInline: boolean;
  readonly naked: boolean;
  readonly noreturn: boolean;
  /** btf_decl_tag("...") in source order. */
  readonly declTags: readonly string[];
}

export interface VarSymbol {
  readonly kind: 'var';
  readonly name: string;
  /** Complete for every object that is defined (array lengths come from the initialiser). */
  type: CType;
  /** `static` is internal linkage at file scope or a static local; `extern` has no definition in this unit. */
  storage: 'global' | 'static' | 'extern' | 'local' | 'param';
  attributes: SymbolAttributes;
  /** For a static local: the function it stands in (clang names it `function.name` in the object). */
  owner: FuncSymbol | null;
  /** null: none. Objects with static storage and no initialiser are zero. */
  init: Initializer | null;
  /** `__attribute__((cleanup(f)))`: called with the address when the scope is left. */
  cleanup: FuncSymbol | null;
  /**
   * A `T (*const f)(...) = (void *)N`: a BPF helper; a call through it is `call N`.
   * null for everything else.
   */
  helper: number | null;
  /** Declared in a bundled header (helpers, kfuncs): kept out of the object unless used. */
  readonly builtin: boolean;
  /** `register long x asm("r1")`: where it is as an operand of assembly. */
  register?: number;
  /** Of the name. */
  readonly range: Range;
  /** Seen in an expression that is evaluated. */
  referenced: boolean;
}

export interface FuncSymbol {
  readonly kind: 'func';
  readonly name: string;
  type: CType;
  /** unsugar(type). */
  signature: FunctionType;
  /** `extern` until a definition is seen. */
  storage: 'global' | 'static' | 'extern';
  inline: boolean;
  attributes: SymbolAttributes;
  definition: FunctionDef | null;
  readonly builtin: boolean;
  readonly range: Range;
  referenced: boolean;
}

export type ObjectSymbol = VarSymbol | FuncSymbol;

export interface FunctionDef {
  readonly symbol: FuncSymbol;
  readonly params: readonly VarSymbol[];
  readonly body: BlockStmt;
  /** Where the function's name stands: the line of its first instruction in line info. */
  readonly loc: Loc;
  /** Of the closing brace. */
  readonly endLoc: Loc;
}

/** One compiled file. */
export interface TranslationUnit {
  readonly path: string;
  /** Every function with a body, in source order. */
  readonly functions: readonly FuncSymbol[];
  /** Every object with static storage that is defined here, static locals included, in source order. */
  readonly variables: readonly VarSymbol[];
  /** Functions and variables that are used or declared by the user but defined elsewhere (kfuncs, kconfig). */
  readonly externs: readonly ObjectSymbol[];
}

// ------------------------------------------------------------------------------------------ expressions

interface ExprBase {
  readonly type: CType;
  readonly range: Range;
  /** The point that messages and line info name: an operator, a member's name, a call's begin. */
  readonly loc: Loc;
}

export interface IntExpr extends ExprBase {
  readonly kind: 'int';
  /** In the range of `type`: negative only when it is signed. A pointer constant (after a cast) is unsigned. */
  readonly value: bigint;
  /** The enumerator it was written as (CO-RE enum relocations need it). */
  readonly enumerator: { readonly type: EnumType; readonly name: string } | null;
  /** Of `sizeof`: the type whose size this is, and what was named, if it was no type. */
  readonly measured?: { readonly type: CType; readonly expr: Expr | null };
  /** Of a floating constant, which `value` is without its fraction. */
  readonly real?: number;
}
/** An lvalue of type char[n], the terminating NUL included in `bytes`. */
export interface StringExpr extends ExprBase {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
}
/** A variable (an lvalue) or a function designator. */
export interface RefExpr extends ExprBase {
  readonly kind: 'ref';
  readonly symbol: ObjectSymbol;
}
export interface DerefExpr extends ExprBase {
  readonly kind: 'deref';
  readonly operand: Expr;
}
/** `a[i]`: `base` is a pointer value (arrays are decayed), `index` a 64-bit integer. */
export interface IndexExpr extends ExprBase {
  readonly kind: 'index';
  readonly base: Expr;
  readonly index: Expr;
  readonly elementSize: Bytes;
  /** The index is part of a CO-RE access string. */
  readonly relocatable: boolean;
}
export interface MemberStep {
  readonly record: RecordType;
  /** Position in `record.layout.members`. */
  readonly index: number;
}
/** `base.name`; an lvalue when `base` is one. */
export interface MemberExpr extends ExprBase {
  readonly kind: 'member';
  readonly base: Expr;
  readonly name: string;
  /** More than one step when the way leads through anonymous members. */
  readonly path: readonly MemberStep[];
  /** From the start of `base`. */
  readonly bitOffset: number;
  /** Width of a bit-field, else null. A bit-field lives in the storage of its declared type. */
  readonly bitSize: number | null;
  /** The offset is the kernel's to decide: emit a CO-RE record. */
  readonly relocatable: boolean;
}
export interface AddressOfExpr extends ExprBase {
  readonly kind: 'address_of';
  readonly operand: Expr;
}

export type CastKind =
  /** The value stored at an lvalue (volatile when `operand.type` is). */
  | 'load'
  /** array -> pointer to its first element; operand is an lvalue. */
  | 'array_decay'
  /** function -> pointer to it. */
  | 'function_decay'
  /** integer -> integer: truncate, or extend by the operand's signedness. */
  | 'int'
  /** scalar -> _Bool: compares with 0. */
  | 'to_bool'
  | 'int_to_pointer'
  | 'pointer_to_int'
  /** pointer -> pointer; no code, unless the address space differs. */
  | 'pointer'
  /** Same representation, other type (qualifiers, enum and its integer of the same size, record to itself). */
  | 'noop'
  | 'to_void';
export interface CastExpr extends ExprBase {
  readonly kind: 'cast';
  readonly cast: CastKind;
  readonly operand: Expr;
  readonly explicit: boolean;
}
export interface UnaryExpr extends ExprBase {
  readonly kind: 'unary';
  /** `!` gives int 0 or 1 of any scalar; `-` and `~` have promoted operands of the result's type. */
  readonly op: '-' | '~' | '!';
  readonly operand: Expr;
}
/** `++x`, `x--`, ... on integers and pointers. */
export interface IncDecExpr extends ExprBase {
  readonly kind: 'inc_dec';
  readonly op: '++' | '--';
  readonly prefix: boolean;
  readonly target: Expr;
  /** Bytes to step: 1 for integers, the pointee's size for pointers. */
  readonly step: Bytes;
}
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
/** Integers; both operands have the result's type (for shifts the right one is promoted by itself). */
export interface BinaryExpr extends ExprBase {
  readonly kind: 'binary';
  readonly op: ArithmeticOp;
  readonly left: Expr;
  readonly right: Expr;
}
/** `pointer + index * elementSize`, or minus. `index` is a 64-bit integer. */
export interface PointerAddExpr extends ExprBase {
  readonly kind: 'pointer_add';
  readonly pointer: Expr;
  readonly index: Expr;
  readonly negative: boolean;
  readonly elementSize: Bytes;
}
/** `(left - right) / elementSize`, a signed long. */
export interface PointerDiffExpr extends ExprBase {
  readonly kind: 'pointer_diff';
  readonly left: Expr;
  readonly right: Expr;
  readonly elementSize: Bytes;
}
export type CompareOp = '==' | '!=' | '<' | '<=' | '>' | '>=';
/** int 0 or 1; operands are integers of one type, or pointers (compared unsigned). */
export interface CompareExpr extends ExprBase {
  readonly kind: 'compare';
  readonly op: CompareOp;
  readonly left: Expr;
  readonly right: Expr;
}
export interface LogicalExpr extends ExprBase {
  readonly kind: 'logical';
  readonly op: '&&' | '||';
  readonly left: Expr;
  readonly right: Expr;
}
/** `c ? a : b`. In `a ?: b` condition and `then` contain the same `shared` node, which is computed once. */
export interface ConditionalExpr extends ExprBase {
  readonly kind: 'conditional';
  readonly condition: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
}
/** Stands for a value computed once: the left of `a ?: b`, used as condition and as value. */
export interface SharedExpr extends ExprBase {
  readonly kind: 'shared';
  readonly operand: Expr;
}
export interface CommaExpr extends ExprBase {
  readonly kind: 'comma';
  readonly left: Expr;
  readonly right: Expr;
}
/** `target = value`; the value has the target's unqualified type. The expression's value is the stored one. */
export interface AssignExpr extends ExprBase {
  readonly kind: 'assign';
  readonly target: Expr;
  readonly value: Expr;
}
/**
 * `target op= value`. Integers: load, convert to `computeType` by `int` cast, operate with `value` (already of
 * that type, or a promoted shift count), convert back. Pointers: `elementSize` is not null, `value` is a
 * 64-bit index and op is + or -.
 */
export interface CompoundAssignExpr extends ExprBase {
  readonly kind: 'compound_assign';
  readonly op: ArithmeticOp;
  readonly target: Expr;
  readonly value: Expr;
  readonly computeType: CType;
  readonly elementSize: Bytes | null;
}
export type Callee =
  | { readonly kind: 'function'; readonly symbol: FuncSymbol }
  | { readonly kind: 'helper'; readonly number: number; readonly symbol: VarSymbol }
  /** A helper by number without a declaration: `((long (*)(void))14)()`. */
  | { readonly kind: 'helper_number'; readonly number: number }
  /** A pointer value. */
  | { readonly kind: 'indirect'; readonly pointer: Expr };
/** Arguments are converted to the parameters' types; those past a prototype's end by default promotion. */
export interface CallExpr extends ExprBase {
  readonly kind: 'call';
  readonly callee: Callee;
  readonly args: readonly Expr[];
  readonly signature: FunctionType;
}
/** `({ ... })`: the value of the last statement when that is an expression (`result`), else void. */
export interface StmtExpr extends ExprBase {
  readonly kind: 'stmt_expr';
  readonly body: BlockStmt;
  /** The last expression, already loaded and decayed; it is not repeated in `body`. Evaluated in its scope. */
  readonly result: Expr | null;
}
/** `(T){ ... }`: an unnamed object, local in a function and static outside. An lvalue. */
export interface CompoundLiteralExpr extends ExprBase {
  readonly kind: 'compound_literal';
  readonly symbol: VarSymbol;
}
/** A mistake stood here and was reported; never lowered. */
export interface ErrorExpr extends ExprBase {
  readonly kind: 'error';
}

/** BPF_FIELD_* as __builtin_preserve_field_info takes them. */
export const FieldInfo = {
  BYTE_OFFSET: 0,
  BYTE_SIZE: 1,
  EXISTS: 2,
  SIGNED: 3,
  LSHIFT_U64: 4,
  RSHIFT_U64: 5,
} as const;

export type AtomicOp = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'xchg';
/** Builtin functions, each with what lowering needs. Operands are values, converted to what C says. */
export type Builtin =
  /** `place` is a member or index chain; the answer is an unsigned int the loader fills in. */
  | { readonly name: 'preserve_field_info'; readonly place: Expr; readonly info: number }
  /** BPF_TYPE_EXISTS 0, SIZE 1, MATCHES 2. */
  | { readonly name: 'preserve_type_info'; readonly of: CType; readonly info: number }
  /** EXISTS 0, VALUE 1. */
  | {
      readonly name: 'preserve_enum_value';
      readonly of: CType;
      readonly enumerator: string;
      readonly info: number;
    }
  /** LOCAL 0, TARGET 1. */
  | { readonly name: 'btf_type_id'; readonly of: CType; readonly info: number }
  | { readonly name: 'memcpy' | 'memmove'; readonly dst: Expr; readonly src: Expr; readonly size: Expr }
  | { readonly name: 'memset'; readonly dst: Expr; readonly value: Expr; readonly size: Expr }
  | { readonly name: 'memcmp'; readonly left: Expr; readonly right: Expr; readonly size: Expr }
  | { readonly name: 'strcmp'; readonly left: Expr; readonly right: Expr }
  | { readonly name: 'strlen'; readonly operand: Expr }
  /** Width in bits; operand and result are unsigned of that width. */
  | { readonly name: 'bswap'; readonly bits: 16 | 32 | 64; readonly operand: Expr }
  | { readonly name: 'popcount' | 'clz' | 'ctz' | 'ffs'; readonly bits: 32 | 64; readonly operand: Expr }
  | { readonly name: 'expect'; readonly operand: Expr; readonly expected: Expr }
  /** Folded to 0 or 1 when the front end can tell; else lowering decides after optimising. */
  | { readonly name: 'constant_p'; readonly operand: Expr }
  | { readonly name: 'unreachable' | 'trap' }
  /** The old value when `fetch` is 'old', the new one when 'new'. `value` has the pointee's type. */
  | {
      readonly name: 'atomic_rmw';
      readonly op: AtomicOp;
      readonly fetch: 'old' | 'new';
      readonly pointer: Expr;
      readonly value: Expr;
    }
  /** Result: the old value ('old'), or whether it was swapped ('bool'). */
  | {
      readonly name: 'atomic_cas';
      readonly result: 'old' | 'bool';
      readonly pointer: Expr;
      readonly expected: Expr;
      readonly desired: Expr;
    }
  | { readonly name: 'atomic_load'; readonly pointer: Expr }
  | { readonly name: 'atomic_store'; readonly pointer: Expr; readonly value: Expr }
  | { readonly name: 'barrier' }
  /** The address of the first argument behind the named ones; profiles user and kernel. */
  | { readonly name: 'va_start' }
  | {
      readonly name: 'overflow';
      readonly op: '+' | '-' | '*';
      readonly left: Expr;
      readonly right: Expr;
      readonly result: Expr;
    };
export interface BuiltinExpr extends ExprBase {
  readonly kind: 'builtin';
  readonly builtin: Builtin;
}

export type Expr =
  | IntExpr
  | StringExpr
  | RefExpr
  | DerefExpr
  | IndexExpr
  | MemberExpr
  | AddressOfExpr
  | CastExpr
  | UnaryExpr
  | IncDecExpr
  | BinaryExpr
  | PointerAddExpr
  | PointerDiffExpr
  | CompareExpr
  | LogicalExpr
  | ConditionalExpr
  | SharedExpr
  | CommaExpr
  | AssignExpr
  | CompoundAssignExpr
  | CallExpr
  | StmtExpr
  | CompoundLiteralExpr
  | BuiltinExpr
  | ErrorExpr;

// ----------------------------------------------------------------------------------------- initialisers

/**
 * `value`: one scalar or record value of the object's type, or a `string` for a char array.
 * `list`: what stands at which offset; everything not named is zero. In source order, so that a later
 * entry for the same place wins and side effects happen in order.
 */
export type Initializer =
  | { readonly kind: 'value'; readonly value: Expr }
  | { readonly kind: 'list'; readonly entries: readonly InitEntry[]; readonly range: Range };
export interface InitEntry {
  /** Bit-fields: offset of the field's first bit; others: a multiple of 8. From the object's start. */
  readonly bitOffset: number;
  readonly bitSize: number | null;
  readonly type: CType;
  /** Converted to `type`; a `string` node when `type` is an array. */
  readonly value: Expr;
}

// ------------------------------------------------------------------------------------------- statements

interface StmtBase {
  readonly range: Range;
}
export interface BlockStmt extends StmtBase {
  readonly kind: 'block';
  readonly body: readonly Stmt[];
}
/** One automatic variable comes to life (its scope is the enclosing block). Statics are not here. */
export interface DeclStmt extends StmtBase {
  readonly kind: 'decl';
  readonly symbol: VarSymbol;
}
export interface ExprStmt extends StmtBase {
  readonly kind: 'expr';
  readonly expr: Expr;
}
export interface IfStmt extends StmtBase {
  readonly kind: 'if';
  /** A scalar. */
  readonly condition: Expr;
  readonly then: Stmt;
  readonly otherwise: Stmt | null;
}
/** `#pragma unroll` (enable: as far as there is room), `#pragma unroll N`, `#pragma clang loop unroll(disable)`. */
export type UnrollHint = 'none' | 'full' | 'enable' | 'disable' | number;
export interface WhileStmt extends StmtBase {
  readonly kind: 'while';
  readonly condition: Expr;
  readonly body: Stmt;
  readonly unroll: UnrollHint;
}
export interface DoStmt extends StmtBase {
  readonly kind: 'do';
  readonly condition: Expr;
  readonly body: Stmt;
  readonly unroll: UnrollHint;
}
/** A scope of its own: variables of `init` end (and are cleaned up) after the loop. */
export interface ForStmt extends StmtBase {
  readonly kind: 'for';
  readonly init: readonly Stmt[];
  readonly condition: Expr | null;
  readonly step: Expr | null;
  readonly body: Stmt;
  readonly unroll: UnrollHint;
}
/** `cases` are the labels inside `body`, which stand there as `case` and `default` statements. */
export interface SwitchStmt extends StmtBase {
  readonly kind: 'switch';
  /** Promoted integer; case values have its type. */
  readonly condition: Expr;
  readonly body: Stmt;
  readonly cases: readonly CaseStmt[];
  readonly defaultCase: DefaultStmt | null;
}
/** `case low ... high:`; low equals high for an ordinary one. */
export interface CaseStmt extends StmtBase {
  readonly kind: 'case';
  readonly low: bigint;
  readonly high: bigint;
  readonly body: Stmt;
}
export interface DefaultStmt extends StmtBase {
  readonly kind: 'default';
  readonly body: Stmt;
}
export interface BreakStmt extends StmtBase {
  readonly kind: 'break';
}
export interface ContinueStmt extends StmtBase {
  readonly kind: 'continue';
}
/** A label is an object, shared by its `label` statement and every `goto` to it. */
export interface Label {
  readonly name: string;
}
export interface GotoStmt extends StmtBase {
  readonly kind: 'goto';
  readonly label: Label;
}
export interface LabelStmt extends StmtBase {
  readonly kind: 'label';
  readonly label: Label;
  readonly body: Stmt;
}
export interface ReturnStmt extends StmtBase {
  readonly kind: 'return';
  /** Converted to the function's result type. */
  readonly value: Expr | null;
}
export interface AsmOperand {
  /** '[name]' without brackets, or ''. */
  readonly name: string;
  /** '=r', '+r', 'r', 'i', 'm', '0', ... */
  readonly constraint: string;
  /** An lvalue for outputs, a value for inputs. */
  readonly expr: Expr;
}
export interface AsmStmt extends StmtBase {
  readonly kind: 'asm';
  readonly template: string;
  readonly outputs: readonly AsmOperand[];
  readonly inputs: readonly AsmOperand[];
  readonly clobbers: readonly string[];
  /** `asm goto` targets. */
  readonly labels: readonly Label[];
  readonly isVolatile: boolean;
}
export interface EmptyStmt extends StmtBase {
  readonly kind: 'empty';
}

export type Stmt =
  | BlockStmt
  | DeclStmt
  | ExprStmt
  | IfStmt
  | WhileStmt
  | DoStmt
  | ForStmt
  | SwitchStmt
  | CaseStmt
  | DefaultStmt
  | BreakStmt
  | ContinueStmt
  | GotoStmt
  | LabelStmt
  | ReturnStmt
  | AsmStmt
  | EmptyStmt;
