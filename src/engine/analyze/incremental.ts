/**
 * Reading a text again that has changed in one place, as while somebody types. The front end is kept behind the
 * headers, and between two declarations before the place of the last change; when the next change lies behind one
 * of them, it begins again there.
 *
 *     headers   |   declarations   function   |   function that is edited   more functions
 *     ── kept ──┘─── kept, with all that they declared ─┘└──────── read again ────────────
 *
 * A result is good until the next text is read: both are made of the same symbols.
 */
import type { LanguageSource } from '../../protocol/language.ts';
import type { Btf } from '../btf/parse.ts';
import { FrontEnd } from '../cc/parse.ts';
import type { FrontendResult } from '../cc/parse.ts';
import { all } from '../cc/keep.ts';
import type { PutBack } from '../cc/keep.ts';
import { Recorder } from './recorder.ts';

/** Larger texts are read anew whenever they grow. */
const ROOM = 1 << 20;
/** Where the file that is compiled lies in the space of all files. */
const BASE = 1;

/** A place between two declarations to which the front end can go back. */
interface Kept {
  readonly at: number;
  readonly putBack: PutBack;
  /** It is where the headers end. */
  readonly startsLine: boolean;
}
interface Last {
  readonly source: LanguageSource;
  readonly frontEnd: FrontEnd;
  readonly recorder: Recorder;
  readonly headers: Kept | null;
  readonly kept: Kept | null;
}
export interface Reading {
  readonly result: FrontendResult;
  readonly recorder: Recorder;
}

/** How long two texts are the same. */
function commonLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  // By blocks first: comparing strings is much quicker than comparing characters.
  for (const step of [4096, 256, 16, 1])
    while (at + step <= end && a.slice(at, at + step) === b.slice(at, at + step)) at += step;
  return at;
}

const sameFiles = (a: LanguageSource, b: LanguageSource): boolean => {
  const [x, y] = [a.files ?? {}, b.files ?? {}];
  const names = Object.keys(x);
  return (
    a.path === b.path && names.length === Object.keys(y).length && names.every((name) => x[name] === y[name])
  );
};

export class IncrementalReader {
  private readonly btf: Btf;
  private last: Last | null = null;

  constructor(btf: Btf) {
    this.btf = btf;
  }

  read(source: LanguageSource): Reading {
    const { last } = this;
    const { text } = source;
    const common =
      last && text.length <= ROOM && sameFiles(last.source, source)
        ? commonLength(last.source.text, text)
        : 0;
    const place = [last?.kept, last?.headers].find((some) => some && some.at <= common) ?? null;
    const ends = last?.frontEnd.ends.map((end) => end - BASE) ?? [];
    const { frontEnd, recorder, headers } = last && place ? last : this.begin(source);
    let kept = place ?? headers;
    if (place) {
      place.putBack();
      frontEnd.readOn(text, BASE + place.at, place.startsLine);
    }
    const before = ends.findLast((end) => end <= common);
    if (before !== undefined && before > (kept?.at ?? 0)) {
      frontEnd.readTo(BASE + before);
      const putBack = frontEnd.keep(BASE + before);
      if (putBack) kept = { at: before, putBack: all(putBack, recorder.keep()), startsLine: false };
    }
    const result = frontEnd.finish();
    if (result.exhausted && kept) {
      // Where reading stops depends on the order in which mistakes are found.
      this.last = null;
      const alone = this.open(source);
      return { result: alone.frontEnd.finish(), recorder: alone.recorder };
    }
    this.last = { source, frontEnd, recorder, headers, kept };
    return { result, recorder };
  }

  /** Reads the headers; nothing, where there is no place where they end. */
  private begin(source: LanguageSource): Omit<Last, 'source' | 'kept'> {
    const begun = this.open(source);
    const halt = source.text.length <= ROOM ? begun.frontEnd.readHeaders() : null;
    if (!halt) return { ...this.open(source), headers: null };
    const putBack = all(halt.putBack, begun.recorder.keep());
    return { ...begun, headers: { at: halt.at - BASE, putBack, startsLine: true } };
  }

  private open({ path, text, files }: LanguageSource): { frontEnd: FrontEnd; recorder: Recorder } {
    const recorder = new Recorder();
    const input = {
      path,
      text,
      files: (name: string) => files?.[name] ?? null,
      kernelBtf: this.btf,
      observer: recorder,
    };
    return { frontEnd: new FrontEnd(input, ROOM), recorder };
  }
}
