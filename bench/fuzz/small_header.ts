/**
 * A vmlinux.h of what one program names, so that clang's object of it is small: records keep their size and
 * the places of their members, but only members that some word of the program may mean.
 */
import { BtfBuilder, mapRefs } from '../../src/engine/btf/build.ts';
import { dumpTypes } from '../../src/engine/btf/dump.ts';
import { Btf } from '../../src/engine/btf/parse.ts';
import { Kind } from '../../src/engine/btf/types.ts';
import type { BtfMember, BtfType } from '../../src/engine/btf/types.ts';
import { asHeader } from '../clang.ts';

const NUMBERS = /^(__)?([su]|[lb]e)\d+$|^__wsum$|^__sum16$|^bool$|^size_t$|^pid_t$/;
const RECORDS: ReadonlySet<number> = new Set([Kind.STRUCT, Kind.UNION]);

class Pruning {
  private readonly btf: Btf;
  private readonly words: ReadonlySet<string>;
  private readonly out = new BtfBuilder();
  private readonly ids = new Map<number, number>();

  constructor(btf: Btf, words: ReadonlySet<string>) {
    this.btf = btf;
    this.words = words;
  }

  private isWanted(member: BtfMember): boolean {
    if (member.name !== '') return this.words.has(member.name);
    const type = this.btf.type(member.type);
    return (
      (type.kind === Kind.STRUCT || type.kind === Kind.UNION) && type.members.some((m) => this.isWanted(m))
    );
  }

  /** The id of a type in the small BTF. */
  keep(id: number): number {
    if (id === 0) return 0;
    const known = this.ids.get(id);
    if (known !== undefined) return known;
    const type = this.btf.type(id);
    const made = this.out.reserve();
    this.ids.set(id, made);
    this.out.define(made, this.pruned(type));
    return made;
  }

  private pruned(type: BtfType): BtfType {
    const keep = (id: number): number => this.keep(id);
    switch (type.kind) {
      case Kind.STRUCT:
      case Kind.UNION: {
        const members = type.members.filter((member) => this.isWanted(member));
        return { ...type, members: members.map((member) => ({ ...member, type: keep(member.type) })) };
      }
      default:
        return mapRefs(type, keep);
    }
  }

  result(): Btf {
    return Btf.parse(this.out.encode());
  }
}

/** @param text of the program */
export function smallHeader(btf: Btf, text: string): string {
  const words = new Set(text.match(/[A-Za-z_]\w*/g));
  // What libbpf's macros name.
  for (const [, type = ''] of text.matchAll(/bpf_(?:for_each\s*\(\s*|iter_)(\w+)/g))
    words.add(`bpf_iter_${type}`).add(`bpf_iter__${type}`);
  words.add('bpf_iter_num').add('__opaque');
  const pruning = new Pruning(btf, words);
  for (let id = 1; id < btf.end; id++) {
    const type = btf.type(id);
    const named =
      type.kind === Kind.TYPEDEF
        ? words.has(type.name) || NUMBERS.test(type.name)
        : type.kind === Kind.ENUM || type.kind === Kind.ENUM64
          ? words.has(type.name) || type.values.some(({ name }) => words.has(name))
          : RECORDS.has(type.kind) && type.name !== '' && words.has(type.name);
    if (named) pruning.keep(id);
  }
  const small = pruning.result();
  return asHeader(
    dumpTypes(
      small,
      Array.from({ length: small.end - 1 }, (_, i) => i + 1),
    ),
  );
}
