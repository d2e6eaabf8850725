/** Reference counts: refcount_t, atomic_t and their like, found by field name. */
import { EngineBug } from '../../../shared/assert.ts';
import type { View } from '../view.ts';

/** Takes `n` references; returns the object. */
export function getRef(object: View, counter: string, n = 1): View {
  object.set(counter, object.num(counter) + n);
  return object;
}

/** Drops `n` references. @returns true when none is left: the caller frees the object */
export function putRef(object: View, counter: string, n = 1): boolean {
  const left = object.num(counter) - n;
  if (left < 0) throw new EngineBug(`${object.type.name}.${counter} drops below zero`);
  object.set(counter, left);
  return left === 0;
}
