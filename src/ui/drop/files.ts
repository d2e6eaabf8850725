/** Reads files that were dropped or chosen, and hands them on as what they are. */
import { bring, say } from '../store/bring.ts';
import { sizeProblem, tellApart } from './tell_apart.ts';

/** Takes files in one after the other: a world and a program may come together. */
export async function takeFiles(files: readonly File[]): Promise<void> {
  for (const file of files) {
    const problem = sizeProblem(file.size);
    if (problem) {
      say(file.name, { ok: false, text: problem });
      continue;
    }
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      say(file.name, { ok: false, text: 'it cannot be read; a folder cannot be taken' });
      continue;
    }
    const told = tellApart(file.name, bytes);
    if (told.kind === 'refused') say(file.name, { ok: false, text: told.why });
    else await bring(file.name, told);
  }
}
