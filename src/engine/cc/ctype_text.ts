/** Types as C writes them, for messages: `struct task_struct *`, `int (*)(void *)`, `char[16]`. */
import { qualifiersOf } from './ctype.ts';
import type { CType } from './ctype.ts';

const MAX_DEPTH = 32;

/** `type` declaring `inner` ('' for an abstract declarator). */
function declare(type: CType, inner: string, depth: number): string {
  if (depth > MAX_DEPTH) return `...${inner}`;
  const spaced = (base: string): string => (inner === '' ? base : `${base} ${inner}`);
  switch (type.kind) {
    case 'void':
      return spaced('void');
    case 'int':
    case 'float':
      return spaced(type.name);
    case 'typedef':
      return spaced(type.name);
    case 'record':
      return spaced(`${type.tag} ${type.name === '' ? '(unnamed)' : type.name}`);
    case 'enum':
      return spaced(`enum ${type.name === '' ? '(unnamed)' : type.name}`);
    case 'tagged':
      return declare(type.of, inner, depth + 1);
    case 'qualified': {
      const q = qualifiersOf(type);
      const space = q.addressSpace > 0 && `__attribute__((address_space(${q.addressSpace})))`;
      const words = [q.isConst && 'const', q.isVolatile && 'volatile', q.isRestrict && 'restrict', space];
      const prefix = words.filter((w) => w !== false).join(' ');
      const { of } = type;
      return of.kind === 'pointer'
        ? declare(of, inner === '' ? prefix : `${prefix} ${inner}`, depth + 1)
        : `${prefix} ${declare(of, inner, depth + 1)}`;
    }
    case 'pointer': {
      const wraps = type.to.kind === 'array' || type.to.kind === 'function';
      return declare(type.to, wraps ? `(*${inner})` : `*${inner}`, depth + 1);
    }
    case 'array':
      return declare(type.of, `${inner}[${type.length ?? ''}]`, depth + 1).replace(/ \[/, '[');
    case 'function': {
      const params = type.params.map((p) =>
        declare(p.type, depth === 0 && inner !== '' ? p.name : '', depth + 1),
      );
      if (type.variadic) params.push('...');
      const list = params.length > 0 ? params.join(', ') : type.unprototyped ? '' : 'void';
      return declare(type.result, `${inner}(${list})`, depth + 1);
    }
  }
}

export const typeText = (type: CType): string => declare(type, '', 0);

/** `type` as it declares `name`; a function's parameters keep their names. */
export const declarationText = (type: CType, name: string): string => declare(type, name, 0);
