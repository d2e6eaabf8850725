/**
 * One BTF for several releases: a function that came later says so in a declaration tag `since:613`.
 *
 * A kernel of an earlier release must not have it: libbpf looks a target's function up by name, and says that
 * it is not there. Types stay, since nothing but a function makes use of them.
 */
import type { Release } from '../abi/releases.ts';
import type { Btf } from './parse.ts';
import { Kind } from './types.ts';

const TAG = 'since:';
const known = new WeakMap<Btf, Map<number, Btf>>();

/** Ids of what the BTF holds for later releases only. */
const later = (btf: Btf, release: Release): number[] =>
  btf
    .names(Kind.DECL_TAG)
    .filter((name) => name.startsWith(TAG) && Number(name.slice(TAG.length)) > release.number)
    .flatMap((name) => btf.findAll(name, Kind.DECL_TAG))
    .flatMap((id) => {
      const tag = btf.type(id);
      return tag.kind === Kind.DECL_TAG ? [tag.type] : [];
    });

/** The BTF as a kernel of this release has it: without the names of later functions. Made once. */
export function ofRelease(btf: Btf, release: Release): Btf {
  const made = known.get(btf) ?? new Map<number, Btf>();
  known.set(btf, made);
  let own = made.get(release.number);
  if (!own) {
    const gone = later(btf, release);
    made.set(release.number, (own = gone.length === 0 ? btf : btf.without(gone)));
  }
  return own;
}
