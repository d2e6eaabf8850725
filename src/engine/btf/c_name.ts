/** The name of a type as C writes it, without its definition: `struct file *`, `char[16]`, `unsigned int`. */
import type { TypeId } from '../../shared/brand.ts';
import type { Btf } from './parse.ts';
import { Kind } from './types.ts';

const KEYWORD: Readonly<Record<number, string>> = {
  [Kind.STRUCT]: 'struct',
  [Kind.UNION]: 'union',
  [Kind.ENUM]: 'enum',
  [Kind.ENUM64]: 'enum',
};
const QUALIFIER: Readonly<Record<number, string>> = {
  [Kind.CONST]: 'const',
  [Kind.VOLATILE]: 'volatile',
  [Kind.RESTRICT]: 'restrict',
};

export function cName(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  switch (type.kind) {
    case Kind.VOID:
      return 'void';
    case Kind.PTR: {
      const target = btf.type(type.type);
      if (target.kind === Kind.FUNC_PROTO) return `${cName(btf, target.type)} (*)()`;
      const inner = cName(btf, type.type);
      return inner.endsWith('*') ? `${inner}*` : `${inner} *`;
    }
    case Kind.ARRAY:
      return `${cName(btf, type.type)}[${type.nelems}]`;
    case Kind.CONST:
    case Kind.VOLATILE:
    case Kind.RESTRICT:
      return btf.kind(type.type) === Kind.PTR
        ? `${cName(btf, type.type)} ${QUALIFIER[type.kind]}`
        : `${QUALIFIER[type.kind]} ${cName(btf, type.type)}`;
    case Kind.TYPE_TAG:
      return cName(btf, type.type);
    case Kind.FWD:
      return `${type.union ? 'union' : 'struct'} ${type.name}`;
    case Kind.FUNC_PROTO:
      return `${cName(btf, type.type)} ()`;
    default: {
      const keyword = KEYWORD[type.kind];
      return keyword ? `${keyword} ${type.name || '{…}'}` : type.name;
    }
  }
}
