/**
 * BTF: the type information that kernel, objects and verifier share.
 *
 * A type is a number: its position in the blob, from 1; 0 is void. The union below is what a type looks
 * like once decoded; strings stand for names, '' for anonymous.
 *
 * Source: Documentation/bpf/btf.rst, include/uapi/linux/btf.h.
 */
import type { TypeId } from '../../shared/brand.ts';

export const BTF_MAGIC = 0xeb9f;

export const Kind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export const INT_SIGNED = 1;
export const INT_CHAR = 2;
export const INT_BOOL = 4;

export interface BtfMember {
  readonly name: string;
  readonly type: TypeId;
  /** From the start of the struct. */
  readonly bitOffset: number;
  /** 0: not a bit-field. */
  readonly bitSize: number;
}
export interface BtfParam {
  readonly name: string;
  /** 0 with an empty name, last: varargs. */
  readonly type: TypeId;
}
export interface BtfEnumerator {
  readonly name: string;
  readonly value: bigint;
}
export interface BtfSecVar {
  readonly type: TypeId;
  readonly offset: number;
  readonly size: number;
}

export type BtfType =
  | { readonly kind: typeof Kind.VOID; readonly name: '' }
  | {
      readonly kind: typeof Kind.INT;
      readonly name: string;
      readonly size: number;
      /** INT_SIGNED | INT_CHAR | INT_BOOL */
      readonly encoding: number;
      readonly bitOffset: number;
      readonly bits: number;
    }
  | {
      readonly kind:
        | typeof Kind.PTR
        | typeof Kind.TYPEDEF
        | typeof Kind.VOLATILE
        | typeof Kind.CONST
        | typeof Kind.RESTRICT
        | typeof Kind.TYPE_TAG;
      readonly name: string;
      readonly type: TypeId;
    }
  | {
      readonly kind: typeof Kind.ARRAY;
      readonly name: '';
      readonly type: TypeId;
      readonly indexType: TypeId;
      readonly nelems: number;
    }
  | {
      readonly kind: typeof Kind.STRUCT | typeof Kind.UNION;
      readonly name: string;
      readonly size: number;
      readonly members: readonly BtfMember[];
    }
  | {
      readonly kind: typeof Kind.ENUM | typeof Kind.ENUM64;
      readonly name: string;
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly BtfEnumerator[];
    }
  | { readonly kind: typeof Kind.FWD; readonly name: string; readonly union: boolean }
  | {
      readonly kind: typeof Kind.FUNC;
      readonly name: string;
      readonly type: TypeId;
      /** 0 static, 1 global, 2 extern */
      readonly linkage: number;
    }
  | {
      readonly kind: typeof Kind.FUNC_PROTO;
      readonly name: '';
      /** Return type. */
      readonly type: TypeId;
      readonly params: readonly BtfParam[];
    }
  | {
      readonly kind: typeof Kind.VAR;
      readonly name: string;
      readonly type: TypeId;
      readonly linkage: number;
    }
  | {
      readonly kind: typeof Kind.DATASEC;
      readonly name: string;
      readonly size: number;
      readonly vars: readonly BtfSecVar[];
    }
  | { readonly kind: typeof Kind.FLOAT; readonly name: string; readonly size: number }
  | {
      readonly kind: typeof Kind.DECL_TAG;
      readonly name: string;
      readonly type: TypeId;
      /** Member or parameter; -1: the whole. */
      readonly component: number;
    };

export type StructLike = Extract<BtfType, { members: readonly BtfMember[] }>;

/** Bytes of kind data that follow the 12-byte head of a type. */
export function kindDataBytes(kind: number, vlen: number): number {
  switch (kind) {
    case Kind.INT:
    case Kind.VAR:
    case Kind.DECL_TAG:
      return 4;
    case Kind.ARRAY:
      return 12;
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.DATASEC:
    case Kind.ENUM64:
      return vlen * 12;
    case Kind.ENUM:
    case Kind.FUNC_PROTO:
      return vlen * 8;
    default:
      return 0;
  }
}
