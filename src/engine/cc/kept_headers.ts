/**
 * Headers that are read once. Compiling goes on and on with the same headers: those of the last text are kept,
 * with all that they declared, and a text that begins in the same way is read on from there.
 *
 *     #include "vmlinux.h"          |   char LICENSE[] SEC("license") = "GPL";
 *     #include <bpf/bpf_helpers.h>  |   ...
 *     ──────── kept ────────────────┘└──────── read every time ────────
 *
 * What is kept fits when the text up to there, what the command line says and every file that was asked for are
 * the same. One state is kept for each kernel, so a result is good until the next text is read: both are made
 * of the same symbols.
 */
import type { Btf } from '../btf/parse.ts';
import { FrontEnd } from './parse.ts';
import type { FrontendInput, FrontendResult, Halt } from './parse.ts';
import type { FileProvider } from './preprocess.ts';

/** Longer texts are read anew. */
const ROOM = 1 << 20;
/** Where the file that is compiled lies in the space of all files. */
const BASE = 1;

/** Answers of a file provider: now it is one's, then another's. */
class Files {
  /** What was asked for, while that counts. */
  readonly asked = new Map<string, string | null>();
  provider: FileProvider;
  recording = true;

  constructor(provider: FileProvider) {
    this.provider = provider;
  }

  readonly find: FileProvider = (path) => {
    const text = this.provider(path);
    if (this.recording) this.asked.set(path, text);
    return text;
  };
}

interface Kept extends Halt {
  readonly frontEnd: FrontEnd;
  /** The text before `at`. */
  readonly text: string;
  readonly options: string;
  readonly files: Files;
}

const keptFor = new WeakMap<Btf, Kept>();

const providerOf = ({ files }: FrontendInput): FileProvider => files ?? (() => null);

/** All of an input but for its text and files. */
const optionsOf = ({ path, defines, profile, cpu, warnings }: FrontendInput): string =>
  JSON.stringify([path, Object.entries(defines ?? {}), profile, cpu, warnings]);

function fits(kept: Kept, input: FrontendInput): boolean {
  if (!input.text.startsWith(kept.text) || kept.options !== optionsOf(input)) return false;
  const provider = providerOf(input);
  for (const [path, text] of kept.files.asked) if (provider(path) !== text) return false;
  return true;
}

/** Reads the headers of a text, or nothing when there is no place where they end. */
function begin(input: FrontendInput): Kept | null {
  const files = new Files(providerOf(input));
  const frontEnd = new FrontEnd({ ...input, files: files.find }, ROOM);
  const halt = frontEnd.readHeaders();
  files.recording = false;
  if (!halt) return null;
  return { ...halt, frontEnd, text: input.text.slice(0, halt.at - BASE), options: optionsOf(input), files };
}

/** Reads and checks one C file; the headers again only if they are others than those of the last one. */
export function frontendAgain(input: FrontendInput): FrontendResult {
  const { kernelBtf, text } = input;
  const last = keptFor.get(kernelBtf);
  // What was left half way, by a bug of ours, is not used again.
  keptFor.delete(kernelBtf);
  const again = last && text.length <= ROOM && fits(last, input) ? last : null;
  const kept = again ?? (text.length <= ROOM ? begin(input) : null);
  if (!kept) return new FrontEnd(input).finish();
  const { frontEnd, files, putBack, at } = kept;
  if (again) {
    files.provider = providerOf(input);
    putBack();
    frontEnd.readOn(text, at, true);
  }
  const result = frontEnd.finish();
  // Where reading stops depends on the order in which mistakes are found.
  if (result.exhausted) return new FrontEnd(input).finish();
  keptFor.set(kernelBtf, kept);
  return result;
}
