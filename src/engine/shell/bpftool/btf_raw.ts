/** BTF types one by one, as `bpftool btf dump` shows them: plain and as JSON from one description. */
import type { TypeId } from '../../../shared/brand.ts';
import type { Btf } from '../../btf/parse.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../../btf/types.ts';
import type { Json } from './json.ts';

const NAMES: Readonly<Record<number, string>> = {
  [Kind.INT]: 'INT',
  [Kind.PTR]: 'PTR',
  [Kind.ARRAY]: 'ARRAY',
  [Kind.STRUCT]: 'STRUCT',
  [Kind.UNION]: 'UNION',
  [Kind.ENUM]: 'ENUM',
  [Kind.FWD]: 'FWD',
  [Kind.TYPEDEF]: 'TYPEDEF',
  [Kind.VOLATILE]: 'VOLATILE',
  [Kind.CONST]: 'CONST',
  [Kind.RESTRICT]: 'RESTRICT',
  [Kind.FUNC]: 'FUNC',
  [Kind.FUNC_PROTO]: 'FUNC_PROTO',
  [Kind.VAR]: 'VAR',
  [Kind.DATASEC]: 'DATASEC',
  [Kind.FLOAT]: 'FLOAT',
  [Kind.DECL_TAG]: 'DECL_TAG',
  [Kind.TYPE_TAG]: 'TYPE_TAG',
  [Kind.ENUM64]: 'ENUM64',
};
const INT_CHAR = 2;
const VAR_LINKAGE = ['static', 'global', 'extern'];
const FUNC_LINKAGE = ['static', 'global', 'extern'];

/** A type's own fields, and a list of what it consists of. */
interface Description {
  readonly fields: readonly (readonly [name: string, value: string | number])[];
  readonly list?: {
    readonly name: string;
    /** What plain text shows in quotes first, or null; then fields; then words behind them. */
    readonly items: readonly {
      readonly name: string | null;
      readonly fields: readonly (readonly [name: string, value: string | number | bigint, suffix?: string])[];
      readonly tail?: string;
      readonly plainOnly?: boolean;
    }[];
  };
}

const encoding = (bits: number): string =>
  bits === 0
    ? '(none)'
    : bits & INT_SIGNED
      ? 'SIGNED'
      : bits & INT_CHAR
        ? 'CHAR'
        : bits & INT_BOOL
          ? 'BOOL'
          : 'UNKN';
const anon = (name: string): string => (name === '' ? '(anon)' : name);

function describe(btf: Btf, id: TypeId): Description {
  const type = btf.type(id);
  switch (type.kind) {
    case Kind.INT:
      return {
        fields: [
          ['size', type.size],
          ['bits_offset', 0],
          ['nr_bits', type.bits],
          ['encoding', encoding(type.encoding)],
        ],
      };
    case Kind.ARRAY:
      return {
        fields: [
          ['type_id', type.type],
          ['index_type_id', type.indexType],
          ['nr_elems', type.nelems],
        ],
      };
    case Kind.STRUCT:
    case Kind.UNION:
      return {
        fields: [
          ['size', type.size],
          ['vlen', type.members.length],
        ],
        list: {
          name: 'members',
          items: type.members.map((m) => ({
            name: anon(m.name),
            fields: [
              ['type_id', m.type],
              ['bits_offset', m.bitOffset],
              ...(m.bitSize > 0 ? ([['bitfield_size', m.bitSize]] as const) : []),
            ],
          })),
        },
      };
    case Kind.ENUM:
    case Kind.ENUM64: {
      const suffix = type.kind === Kind.ENUM ? '' : type.signed ? 'LL' : 'ULL';
      return {
        fields: [
          ['encoding', type.signed ? 'SIGNED' : 'UNSIGNED'],
          ['size', type.size],
          ['vlen', type.values.length],
        ],
        list: {
          name: 'values',
          items: type.values.map((v) => ({ name: anon(v.name), fields: [['val', v.value, suffix]] })),
        },
      };
    }
    case Kind.FWD:
      return { fields: [['fwd_kind', type.union ? 'union' : 'struct']] };
    case Kind.FUNC:
      return {
        fields: [
          ['type_id', type.type],
          ['linkage', FUNC_LINKAGE[type.linkage] ?? '(unknown)'],
        ],
      };
    case Kind.FUNC_PROTO:
      return {
        fields: [
          ['ret_type_id', type.type],
          ['vlen', type.params.length],
        ],
        list: {
          name: 'params',
          items: type.params.map((p) => ({ name: anon(p.name), fields: [['type_id', p.type]] })),
        },
      };
    case Kind.VAR:
      return {
        fields: [
          ['type_id', type.type],
          ['linkage', VAR_LINKAGE[type.linkage] ?? '(unknown)'],
        ],
      };
    case Kind.DATASEC:
      return {
        fields: [
          ['size', type.size],
          ['vlen', type.vars.length],
        ],
        list: {
          name: 'vars',
          items: type.vars.map((v) => ({
            name: null,
            fields: [
              ['type_id', v.type],
              ['offset', v.offset],
              ['size', v.size],
            ],
            tail: ` (${NAMES[btf.kind(v.type)] ?? 'UNKNOWN'} '${anon(btf.nameOf(v.type))}')`,
          })),
        },
      };
    case Kind.FLOAT:
      return { fields: [['size', type.size]] };
    case Kind.DECL_TAG:
      return {
        fields: [
          ['type_id', type.type],
          ['component_idx', type.component],
        ],
      };
    default:
      return { fields: 'type' in type ? [['type_id', type.type]] : [] };
  }
}

export function rawText(btf: Btf, ids: readonly TypeId[]): string {
  return ids
    .map((id) => {
      const { fields, list } = describe(btf, id);
      const variable = btf.kind(id) === Kind.VAR;
      const head = `[${id}] ${NAMES[btf.kind(id)] ?? 'UNKNOWN'} '${anon(btf.nameOf(id))}'`;
      const own = fields.map(([name, value]) => ` ${name}=${value}`).join(variable ? ',' : '');
      const items = (list?.items ?? []).map(({ name, fields: parts, tail = '' }) => {
        const words = [
          ...(name === null ? [] : [`'${name}'`]),
          ...parts.map(([key, value, suffix = '']) => `${key}=${value}${suffix}`),
        ];
        return `\n\t${words.join(' ')}${tail}`;
      });
      return `${head}${own}${items.join('')}\n`;
    })
    .join('');
}

export const rawJson = (btf: Btf, ids: readonly TypeId[]): Json => ({
  types: ids.map((id): Json => {
    const { fields, list } = describe(btf, id);
    return {
      id,
      kind: NAMES[btf.kind(id)] ?? 'UNKNOWN',
      name: anon(btf.nameOf(id)),
      ...Object.fromEntries(fields),
      ...(list
        ? {
            [list.name]: list.items.map(({ name, fields: parts }) => ({
              ...(name === null ? {} : { name }),
              ...Object.fromEntries(parts.map(([key, value]) => [key, value])),
            })),
          }
        : {}),
    };
  }),
});
