/**
 * What survives a reload: sessionStorage first, so that two tabs keep their own text, then localStorage,
 * so that a new tab and a restarted browser find the latest. Both may be forbidden (sandboxed frames);
 * then nothing is kept and nothing breaks.
 */
let keeping = true;
/** From now on nothing is kept or found: a page that shows what others wrote leaves the user's own alone. */
export const keepNothing = (): void => {
  keeping = false;
};

const stores = (): readonly Storage[] => {
  const found: Storage[] = [];
  if (!keeping) return found;
  for (const open of [() => window.sessionStorage, () => window.localStorage]) {
    try {
      found.push(open());
    } catch {
      // Access is forbidden here: the page works without it.
    }
  }
  return found;
};

/** The kept text of a key, or null. */
export function kept(key: string): string | null {
  for (const store of stores()) {
    const value = store.getItem(`iterscope.${key}`);
    if (value !== null) return value;
  }
  return null;
}

export function keep(key: string, value: string): void {
  for (const store of stores()) {
    try {
      store.setItem(`iterscope.${key}`, value);
    } catch {
      // The quota is used up: the text stays in the page.
    }
  }
}

/** The program being edited: its file name and text. */
export interface KeptProgram {
  readonly path: string;
  readonly text: string;
}

export function keptProgram(): KeptProgram | null {
  try {
    const value: unknown = JSON.parse(kept('program') ?? 'null');
    if (typeof value !== 'object' || value === null) return null;
    const { path, text } = value as Partial<KeptProgram>;
    return typeof path === 'string' && typeof text === 'string' ? { path, text } : null;
  } catch {
    return null;
  }
}

export const keepProgram = (program: KeptProgram): void => keep('program', JSON.stringify(program));
