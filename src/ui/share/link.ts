/**
 * A link: scenario, view and moment in the part of the address behind `#`, which no server sees.
 *
 *     #1.<scenario and view, packed>.<moment>
 *
 * 1 is the version. The moment stands apart, so that going through a recording changes only the end. A link
 * comes from anybody: its shape is checked field by field before anything on the page changes.
 */
import * as v from 'valibot';
import { formatMoment, parseMoment } from '../../protocol/moment.ts';
import type { Moment } from '../../protocol/moment.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { THEMES } from '../store/view.ts';
import { UNITS } from '../trace/units.ts';
import { pack, unpack } from './codec.ts';

const VERSION = '1';
/** Longest link, in characters: what browsers, chats and trackers still carry. */
export const LINK_MOST = 128 * 1024;
/** Bytes that a link may inflate to. */
const TEXT_MOST = 4 * 1024 * 1024;

/** Changes of a world that a link may hold. */
const CHANGES_MOST = 1000;
/** Lines of a shell, and characters of one. */
const LINES_MOST = 500;
const LINE_MOST = 4096;

const word = v.pipe(v.string(), v.maxLength(256));
const natural = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));

const attach = v.strictObject({
  tid: v.optional(natural),
  pid: v.optional(natural),
  pidfd: v.optional(natural),
  map: v.optional(word),
  cgroup: v.optional(v.pipe(v.string(), v.maxLength(4096))),
  cgroupId: v.optional(v.pipe(v.string(), v.regex(/^\d{1,20}$/))),
  order: v.optional(v.picklist(['self', 'pre', 'post', 'up', 'children'])),
});

const scenario = v.strictObject({
  world: v.strictObject({ name: word, text: v.optional(v.string()) }),
  source: v.strictObject({ path: word, text: v.string() }),
  module: v.optional(v.strictObject({ path: word, text: v.string() })),
  options: v.strictObject({
    prog: v.optional(word),
    attach: v.optional(attach),
    set: v.optional(v.pipe(v.array(v.tuple([word, word])), v.maxLength(256))),
    fill: v.optional(v.array(v.tuple([word, v.pipe(natural, v.maxValue(1_000_000))]))),
    readSize: v.optional(v.pipe(natural, v.minValue(1))),
  }),
  // Their own shape is checked by the machine, which refuses a change that cannot be made.
  changes: v.optional(v.pipe(v.array(v.record(v.string(), v.unknown())), v.maxLength(CHANGES_MOST))),
  shell: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(LINE_MOST))), v.maxLength(LINES_MOST))),
  reader: v.optional(v.strictObject({ path: word, text: v.string() })),
});

const view = v.strictObject({
  view: v.optional(v.picklist(['graph', 'table', 'heat'])),
  unit: v.optional(v.picklist(UNITS)),
  theme: v.optional(v.picklist(THEMES)),
});
export type SharedView = v.InferOutput<typeof view>;

const payload = v.strictObject({ scenario, view });

export interface Shared {
  readonly scenario: Scenario;
  readonly view: SharedView;
  readonly moment: Moment | null;
}

/** What is on offer where the link is opened. */
export interface Offer {
  readonly worlds: readonly string[];
}

export type Opened =
  | { readonly ok: true; readonly shared: Shared }
  | { readonly ok: false; readonly problem: string };

const broken = (problem: string): Opened => ({ ok: false, problem });

/** Whether an address's `#` part claims to be one of ours, whatever its version. */
export const isLink = (hash: string): boolean => /^#\d+\./.test(hash);

/** What a link says, or in a sentence why it says nothing. */
export function openHash(hash: string, offer: Offer): Opened {
  if (hash.length > LINK_MOST) return broken('it is longer than any link that Iterscope makes');
  const [version, packed = '', at] = hash.slice(1).split('.');
  if (version !== VERSION)
    return broken(`it is of version ${version}, and this page knows version ${VERSION}`);
  const text = unpack(packed, TEXT_MOST);
  if (text === null) return broken('it is damaged, perhaps cut off on its way');
  const moment = at === undefined ? null : parseMoment(at);
  if (at !== undefined && moment === null) return broken('its moment is damaged');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken('it is damaged: what it holds is no JSON');
  }
  const parsed = v.safeParse(payload, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return broken(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  const { world } = parsed.output.scenario;
  if (world.text === undefined && !offer.worlds.includes(world.name))
    return broken(`there is no world “${world.name}” here`);
  // Absent keys are absent, not undefined: the schema only lets through what a scenario may have.
  return { ok: true, shared: { ...(parsed.output as Omit<Shared, 'moment'>), moment } };
}

/** The packed part: the same for all moments of a run. */
const packed = (shared: Omit<Shared, 'moment'>): string =>
  pack(JSON.stringify({ scenario: shared.scenario, view: shared.view }));

/** Why a scenario cannot be in a link, in a sentence; ''. Whether it is too long shows when it is packed. */
export function linkProblem({ source, btf }: Scenario): string {
  if (source.object) return `A link holds text: ${source.path} is a binary file.`;
  return btf ? 'A link holds text: the types of another kernel are a binary file.' : '';
}

/** The `#` part of a link. It may be longer than LINK_MOST; then it cannot be shared. */
export const hashOf = (shared: Shared): string =>
  [`#${VERSION}`, packed(shared), ...(shared.moment ? [formatMoment(shared.moment)] : [])].join('.');
