/**
 * Values as JSON, in the form of `bpftool map dump -j`, "formatted".
 *
 * Whole numbers that a double cannot hold become decimal strings. Bytes without a type are hex strings.
 */
import type { TypeId } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import { HexNumber, hexBytes, typedValue } from './btf_values.ts';
import type { TypedValue } from './btf_values.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const rawJson = (bytes: Uint8Array): Json => hexBytes(bytes);

const whole = (value: bigint): Json =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : String(value);

const isList = (value: object): value is readonly TypedValue[] => Array.isArray(value);

function asJson(value: TypedValue): Json {
  if (typeof value === 'bigint') return whole(value);
  if (typeof value !== 'object') return value;
  if (value instanceof HexNumber) return value.text;
  if (isList(value)) return value.map(asJson);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asJson(each)]));
}

/** The value of `bytes` seen as a type; type 0 gives hex bytes. */
export const typedJson = (btf: Btf, id: TypeId, bytes: Uint8Array): Json =>
  asJson(typedValue(btf, id, bytes, false));
