/**
 * A module's own types, behind those of the kernel it is loaded into: split BTF.
 *
 * Whatever has a name that the kernel knows is the kernel's type; the rest gets ids from the kernel's last one
 * on. So the context of a new target and the function that stands for it are found as if they were built in.
 *
 *     kernel [1 .. n]   <-  module [n+1 ..]: struct bpf_iter__mine, func bpf_iter_mine
 *
 * Source: scripts/Makefile.modfinal, Documentation/bpf/btf.rst, Linux 6.12.
 */
import type { TypeId } from '../../shared/brand.ts';
import { BtfBuilder, mapRefs } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import { BtfEmitter, FuncLinkage } from '../cc/btf_emit.ts';
import type { FrontendResult } from '../cc/parse.ts';

const ITER_FUNCTION = /^bpf_iter_/;
/** What a type's name is looked up as in the kernel; a mere declaration may be any of these. */
const SOUGHT: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  [Kind.INT]: [Kind.INT],
  [Kind.STRUCT]: [Kind.STRUCT],
  [Kind.UNION]: [Kind.UNION],
  [Kind.ENUM]: [Kind.ENUM],
  [Kind.ENUM64]: [Kind.ENUM64],
  [Kind.TYPEDEF]: [Kind.TYPEDEF],
  [Kind.FWD]: [Kind.STRUCT, Kind.UNION, Kind.FWD],
  [Kind.FUNC]: [Kind.FUNC],
};

/** What a C file declares beyond the kernel's own, as BTF that stands on its own. */
function ownBtf({ scope }: FrontendResult, base: Btf): Btf {
  const emitter = new BtfEmitter();
  for (const [name, { type }] of scope.tags)
    if (base.find(name, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64) === 0) emitter.root(type);
  for (const [name, binding] of scope.names)
    if (binding.kind === 'object' && binding.symbol.kind === 'func' && ITER_FUNCTION.test(name))
      emitter.func(binding.symbol, name, FuncLinkage.STATIC);
  return Btf.parse(emitter.encode());
}

/** Types of `own` that `base` has no name for, with the ids that follow those of `base`. */
class Splitter {
  private readonly own: Btf;
  private readonly base: Btf;
  private readonly builder: BtfBuilder;
  private readonly ids = new Map<TypeId, TypeId>();

  constructor(own: Btf, base: Btf) {
    this.own = own;
    this.base = base;
    this.builder = new BtfBuilder(base);
  }

  private known(type: BtfType): TypeId {
    const kinds = SOUGHT[type.kind];
    return kinds && type.name !== '' ? this.base.find(type.name, ...kinds) : 0;
  }

  readonly id = (old: TypeId): TypeId => {
    if (old === 0) return 0;
    let id = this.ids.get(old);
    if (id !== undefined) return id;
    const type = this.own.type(old);
    id = this.known(type);
    if (id === 0 && (type.kind === Kind.STRUCT || type.kind === Kind.UNION)) {
      // It may lead back to itself.
      id = this.builder.reserve();
      this.ids.set(old, id);
      this.builder.define(id, mapRefs(type, this.id));
      return id;
    }
    if (id === 0) id = this.builder.add(mapRefs(type, this.id));
    this.ids.set(old, id);
    return id;
  };

  split(): Uint8Array {
    for (let old = this.own.start; old < this.own.end; old++) if (this.own.nameOf(old) !== '') this.id(old);
    return this.builder.encode();
  }
}

/** The blob of a module's BTF over `base`. @param c what the compiler read of the module */
export const splitBtf = (c: FrontendResult, base: Btf): Uint8Array =>
  new Splitter(ownBtf(c, base), base).split();
