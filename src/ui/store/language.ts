/** The editor's questions to the language worker. A question that a newer check overtakes has no answer. */
import { Superseded } from '../../protocol/client.ts';
import type { LanguageApi } from '../../protocol/language.ts';
import type { Engine } from './engine.ts';

let engine: Engine | null = null;

/** From here on the worker can be asked. */
export function startLanguage(language: Engine): void {
  engine = language;
}

/** @returns null when the question was overtaken */
export async function askLanguage<M extends keyof LanguageApi>(
  method: M,
  args: Parameters<LanguageApi[M]>[0],
): Promise<ReturnType<LanguageApi[M]> | null> {
  try {
    return (await engine?.call(method, args)) ?? null;
  } catch (error) {
    if (error instanceof Superseded) return null;
    throw error;
  }
}
