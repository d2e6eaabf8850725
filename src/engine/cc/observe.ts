/**
 * What an editor wants to know of a file while it is read: which name stands where and what it means, where the
 * members of what may stand, and how far scopes reach. The front end tells an `Observer`, if there is one, at
 * the places where it knows; a compilation has none and pays nothing.
 *
 * A name that came out of a macro's body has the place where the macro was used: it is for the observer to see
 * that other text stands there.
 */
import type { Label } from './ast.ts';
import type { Binding, Scope } from './check_context.ts';
import { findMember } from './ctype.ts';
import type { CType, EnumType, Member, RecordType } from './ctype.ts';
import type { Loc, Range } from './source.ts';

/** What a name means; macros are kept by the preprocessor (`Sources.macroUses`). */
export type Meaning =
  | Binding
  | { readonly kind: 'tag'; readonly type: RecordType | EnumType }
  | {
      readonly kind: 'member';
      /** The struct or union that it is a member of, which may be an unnamed one inside `within`. */
      readonly record: RecordType;
      readonly member: Member;
      readonly within: RecordType;
      /** From the start of `within`. */
      readonly bitOffset: number;
    }
  | { readonly kind: 'label'; readonly label: Label };

export interface Observer {
  name(range: Range, meaning: Meaning, role: 'declaration' | 'use'): void;
  /** A member of `type`, or of what it points to, is named from `at` on. */
  access(at: Loc, type: CType): void;
  scope(scope: Scope, range: Range): void;
}

/** Tells of a member that was found by its name in `within`. */
export function observeMember(
  observer: Observer | null,
  range: Range,
  within: RecordType,
  name: string,
  role: 'declaration' | 'use' = 'use',
): void {
  const found = observer && findMember(within, name);
  const record = found?.path.at(-1)?.record;
  if (found && record)
    observer.name(
      range,
      { kind: 'member', record, member: found.member, within, bitOffset: found.bitOffset },
      role,
    );
}
