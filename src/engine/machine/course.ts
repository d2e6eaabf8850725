/**
 * The course of one field over a run: its value after a callback, and after each that changed it.
 * The run is gone through once; only the field's own bytes are compared, and what changed is read by its type.
 */
import type { CourseQuestion, FieldChange } from '../../protocol/peek.ts';
import { dumpStruct } from '../inspect/struct_dump.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Replay } from './replay.ts';

/** Longer fields are told apart by so many of their bytes. */
const COMPARED = 64;

/** @param most changes after which nothing more is looked for */
export function courseOf(
  replay: Replay,
  { session, struct, addr, path, from }: CourseQuestion,
  most: number,
): FieldChange[] {
  const changes: FieldChange[] = [];
  let place: { readonly offset: number; readonly size: number } | null = null;
  let last = '';
  /** What is compared: '' where there is no memory. */
  const bytesAt = (kernel: Kernel): string => {
    if (!place || kernel.mem.translate(addr, place.offset + place.size) < 0) return '';
    const bytes = kernel.mem.bytes(addr + BigInt(place.offset), Math.min(place.size, COMPARED));
    return `${kernel.mem.isFreed(addr) ? 'freed' : 'live'} ${bytes.join()}`;
  };
  replay.along(session, from, (kernel, call) => {
    const now = bytesAt(kernel);
    if (place && now === last) return true;
    const seen = dumpStruct(kernel, struct, addr);
    const field = seen?.fields.find((one) => one.path === path) ?? null;
    if (field) place = field;
    if (field || changes.length > 0) changes.push({ call, field, freed: seen?.freed ?? true });
    last = bytesAt(kernel);
    return changes.length < most;
  });
  return changes;
}
