/** The C library of user programs, as it was compiled when this was built. Large: load it when it is needed. */
import objects from 'virtual:user-library';

import type { LinkInput } from '../src/engine/image/link.ts';

export const userLibrary: readonly LinkInput[] = objects;
