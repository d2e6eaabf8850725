/**
 * User namespaces: which number a uid of the initial namespace has inside.
 *
 *     user_namespace.uid_map { nr_extents, extent[i] { first inside, lower_first outside, count } }
 *
 * Source: kernel/user_namespace.c, Linux 6.12.
 */
import type { View } from '../view.ts';

/** /proc/sys/kernel/overflowuid */
const OVERFLOW_UID = 65_534;
/** Extents that stand in the map itself. */
const BASE_EXTENTS = 5;

/**
 * @returns the uid inside `ns`, or 65534 for one that it has no number for
 * @kernel from_kuid_munged, kernel/user_namespace.c
 * @fidelity partial: maps of more than five ranges are not modelled
 */
export function fromKuidMunged(ns: View, kuid: number): number {
  const extents = ns.has('uid_map.nr_extents') ? ns.num('uid_map.nr_extents') : 0;
  for (let i = 0; i < Math.min(extents, BASE_EXTENTS); i++) {
    const extent = `uid_map.extent[${i}]`;
    const lower = ns.num(`${extent}.lower_first`);
    const count = ns.num(`${extent}.count`);
    if (kuid >= lower && kuid < lower + count) return ns.num(`${extent}.first`) + (kuid - lower);
  }
  return OVERFLOW_UID;
}
