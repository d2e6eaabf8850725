/** One file of tests: each program is loaded by itself, verdict and messages are compared. */
import { openObject } from '../../src/engine/libbpf/open.ts';
import { verifyObject } from '../../src/engine/verifier/testing/verify_sys.ts';
import type { LabKernel } from '../../src/engine/verifier/testing/verify_sys.ts';
import { expectation, missingMessage, tagsByFunction } from './annotations.ts';
import type { Expectation } from './annotations.ts';

export interface Judgement {
  readonly file: string;
  readonly name: string;
  readonly section: string;
  /** outside: nothing an iterator program can have; not judged. */
  readonly verdict: 'agrees' | 'differs' | 'outside';
  readonly why: string;
}

/** What marks a program as none of ours, in what libbpf or the verifier said. */
const OUTSIDE: readonly (readonly [string, RegExp])[] = [
  ['kernel module', /bpf_testmod|not found in kernel or module BTFs|failed to find kernel BTF type ID/],
  ['packets', /calling kernel function bpf_(dynptr_from_(skb|xdp)|crypto_\w+) is not allowed/],
  ['program type', /not supported by this verifier: programs of type|missing BPF prog type/],
  ['context', /not supported by this verifier: context of /],
  ['helper of another type', /not supported by this verifier: helper .* of another program type/],
  ['arena', /not supported by this verifier: arena|kernel function bpf_arena_/],
  ['map type', /failed to create: /],
];

const outsideReason = (text: string): string | null =>
  OUTSIDE.find(([, pattern]) => pattern.test(text))?.[0] ?? null;

function compare(want: Expectation, ok: boolean, log: string): string | null {
  const last = log.trimEnd().split('\n').at(-2) ?? '';
  if (want.failure === ok)
    return ok ? `accepted, expected: ${want.messages.join(' | ')}` : `refused: ${last}`;
  const seen = want.failure || want.logLevel > 0;
  const missing = seen ? missingMessage(log, want.messages) : null;
  return missing === null ? null : `message '${missing}' is not in the log, which ends: ${last}`;
}

/** @param explain name of a program whose log is printed */
export function judgeFile(
  file: string,
  bytes: Uint8Array,
  kernel: LabKernel,
  explain: string | undefined,
): Judgement[] {
  const opened = openObject(bytes, { path: file });
  if (!opened.ok || !opened.object.btf) return [];
  const { object } = opened;
  const tags = tagsByFunction(opened.object.btf);
  return object.programs.flatMap((prog): Judgement[] => {
    const want = prog.subprog ? null : expectation(tags.get(prog.name) ?? ['none_unpriv']);
    if (!want || (explain !== undefined && explain !== prog.name)) return [];
    const programs = object.programs.map((other) => ({ ...other, autoload: other === prog }));
    const options = {
      kernel,
      logLevel: want.logLevel || 1,
      progFlags: want.flags,
    };
    const head = { file, name: prog.name, section: prog.section };
    try {
      const { results, messages } = verifyObject({ ...object, programs }, options);
      const result = results.at(-1);
      const text = result?.log ?? messages.join('\n');
      if (explain !== undefined) console.log(`${messages.join('\n')}\n${text}`);
      const outside = result?.ok ? null : outsideReason(`${text}\n${messages.join('\n')}`);
      if (outside !== null) return [{ ...head, verdict: 'outside', why: outside }];
      if (!result) {
        const missing = want.failure ? missingMessage(text, want.messages) : '';
        return [
          {
            ...head,
            verdict: missing === null ? 'agrees' : 'differs',
            why: `libbpf: ${messages.join(' / ')}`,
          },
        ];
      }
      const why = compare(want, result.ok, result.log);
      return [{ ...head, verdict: why === null ? 'agrees' : 'differs', why: why ?? '' }];
    } catch (error) {
      const what = error instanceof Error ? `${error.message} ${error.stack?.split('\n')[1] ?? ''}` : '';
      return [{ ...head, verdict: 'differs', why: `bug: ${what}` }];
    }
  });
}
