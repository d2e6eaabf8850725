/**
 * What a test program of the kernel says of itself: decl tags on its function, put there by the macros of
 * the kernel's bpf_misc.h (`__success`, `__failure`, `__msg`, `__log_level`, `__flag`, `__arch`).
 *
 * Only the privileged verdict is looked at: the verifier here knows one kind of caller, root.
 */
import { Kind } from '../../src/engine/btf/types.ts';
import type { Btf } from '../../src/engine/btf/parse.ts';

export interface Expectation {
  readonly failure: boolean;
  /** In this order in the log. */
  readonly messages: readonly string[];
  readonly logLevel: number;
  readonly flags: number;
  readonly description: string;
}

const FLAGS: Readonly<Record<string, number>> = {
  BPF_F_STRICT_ALIGNMENT: 1,
  BPF_F_ANY_ALIGNMENT: 2,
  BPF_F_TEST_RND_HI32: 4,
  BPF_F_TEST_STATE_FREQ: 8,
  BPF_F_SLEEPABLE: 16,
  BPF_F_XDP_HAS_FRAGS: 32,
  BPF_F_TEST_REG_INVARIANTS: 128,
};
const flagOf = (name: string): number => FLAGS[name] ?? Number(name);

/** `test_expect_msg=12=text`: the number keeps equal tags apart. */
const counted = (value: string): string => value.slice(value.indexOf('=') + 1);

/** Decl tags of every function, by its name. */
export function tagsByFunction(btf: Btf): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  for (let id = btf.start; id < btf.end; id++) {
    const type = btf.type(id);
    if (type.kind !== Kind.DECL_TAG || type.component !== -1) continue;
    const name = btf.nameOf(type.type);
    const prefix = 'comment:test_';
    if (btf.kind(type.type) !== Kind.FUNC || !type.name.startsWith(prefix)) continue;
    out.set(name, [...(out.get(name) ?? []), type.name.slice(prefix.length)]);
  }
  return out;
}

/** @returns null when nothing is expected of this machine and caller */
export function expectation(tags: readonly string[]): Expectation | null {
  const values = (key: string): string[] =>
    tags.flatMap((tag) => (tag.startsWith(`${key}=`) ? [tag.slice(key.length + 1)] : []));
  const has = (tag: string): boolean => tags.includes(tag);
  const arch = values('arch');
  if (has('auxiliary') || values('btf_path').length > 0 || (arch.length > 0 && !arch.includes('X86_64')))
    return null;
  const messages = values('expect_msg').map(counted);
  const failure = has('expect_failure');
  const unpriv = tags.some((tag) => /_unpriv(?:=|$)/.test(tag));
  const priv = failure || has('expect_success') || messages.length > 0 || values('retval').length > 0;
  if (unpriv && !priv) return null;
  let flags = 0;
  for (const flag of values('prog_flags')) {
    if (flag.startsWith('!')) flags &= ~flagOf(flag.slice(1));
    else flags |= flagOf(flag);
  }
  return {
    failure,
    messages,
    logLevel: Number(values('log_level')[0] ?? 0),
    flags,
    description: values('description')[0] ?? '',
  };
}

/** A message is verbatim text with parts in `{{ }}`, which are regular expressions. */
export function messagePattern(message: string): RegExp {
  const parts = message.split(/\{\{(.*?)\}\}/s);
  const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(parts.map((part, i) => (i % 2 === 0 ? escape(part) : part)).join(''), 'm');
}

/** The first message that does not follow in the log, or null. */
export function missingMessage(log: string, messages: readonly string[]): string | null {
  let rest = log;
  for (const message of messages) {
    const match = messagePattern(message).exec(rest);
    if (!match) return message;
    rest = rest.slice(match.index + match[0].length);
  }
  return null;
}
