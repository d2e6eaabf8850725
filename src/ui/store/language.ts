/** The editor's questions to the language worker. They belong to no check: a newer one takes none of them away. */
import { Superseded } from '../../protocol/client.ts';
import type { LanguageApi } from '../../protocol/language.ts';
import type { Engine } from './engine.ts';

let engine: Engine | null = null;

/** From here on the worker can be asked. */
export function startLanguage(language: Engine): void {
  engine = language;
}

/** @returns null when there is no answer, or the worker was replaced while it was looked for */
export async function askLanguage<M extends keyof LanguageApi>(
  method: M,
  args: Parameters<LanguageApi[M]>[0],
): Promise<ReturnType<LanguageApi[M]> | null> {
  try {
    return (await engine?.ask(method, args)) ?? null;
  } catch (error) {
    if (error instanceof Superseded) return null;
    throw error;
  }
}
