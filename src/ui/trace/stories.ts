/**
 * What a target does around one object, as a row of steps: more than the picture of the objects can say, and
 * told by the lines of the kernel's algorithm that the call has reached.
 *
 *     tcp, next():  lock bucket > a reference on each socket > unlock bucket > show > release > next in batch
 *                   ^ when this call took a new batch                          ^ when it did not
 */
import type { SessionTrace } from '../../protocol/trace.ts';
import { litLines } from './kernel_lines.ts';

interface Told {
  readonly text: string;
  /** Lines of the target's algorithm at which this is done. */
  readonly lines: readonly string[];
  /** Not part of every way: done only where its lines are reached. */
  readonly seldom?: true;
}
interface Story {
  readonly title: string;
  readonly steps: readonly Told[];
  /** What the steps do not show. */
  readonly note: string;
}

const bucketByBucket = (note: string): Story => ({
  title: 'This bucket, step by step',
  steps: [
    { text: 'lock bucket', lines: ['batch'] },
    { text: 'reference each socket', lines: ['batch'] },
    { text: 'unlock bucket', lines: ['batch'] },
    { text: 'lock socket, show', lines: ['show', 'gone'] },
    { text: 'release', lines: ['next', 'stop'] },
    { text: 'next in batch', lines: ['next'] },
  ],
  note,
});

export const STORIES: Readonly<Record<string, Story>> = {
  tcp: bucketByBucket('A socket that leaves its table after that is passed over by show().'),
  udp: bucketByBucket('A read that stops here drops the batch; the next one takes the bucket again.'),
  unix: bucketByBucket('A read that stops here drops the batch; the next one begins after this bucket.'),
  task_vma: {
    title: 'This area, step by step',
    steps: [
      { text: 'take task and mm', lines: ['start'] },
      { text: 'lock mm', lines: ['start', 'resume'] },
      { text: 'next area', lines: ['start', 'resume', 'next', 'following'] },
      { text: 'a writer waits: unlock, lock', lines: ['contended'], seldom: true },
      { text: 'show', lines: ['show'] },
      { text: 'unlock, drop', lines: ['stop', 'task_done'] },
    ],
    note: 'A lock that was let go is taken again at the end of the area that came last.',
  },
};

export type StepState = 'done' | 'now' | 'to come';

export interface ToldAt extends Omit<Story, 'steps'> {
  readonly steps: readonly { readonly text: string; readonly state: StepState }[];
}

/** The story of a walk at a call; null: the target has none. */
export function storyAt(trace: SessionTrace, call: number): ToldAt | null {
  const story = STORIES[trace.target];
  if (!story) return null;
  const { now } = litLines(trace, call);
  const isNow = ({ lines }: Told): boolean => lines.some((line) => now.has(`${trace.target}.${line}`));
  const last = story.steps.findLastIndex(isNow);
  return {
    ...story,
    steps: story.steps.map((step, i) => ({
      text: step.text,
      state: isNow(step) ? 'now' : i < last && !step.seldom ? 'done' : 'to come',
    })),
  };
}

/** The one buffer of a walk that cannot be resumed, after a call; null: this one can. */
export function onlyBuffer(
  trace: SessionTrace,
  call: number,
): { readonly used: number; readonly room: number } | null {
  if (trace.target !== 'cgroup') return null;
  const first = trace.reads[0];
  if (!first) return null;
  // What the first read copied out was in the buffer before.
  const at = Math.min(call, first.lastCall - 1);
  return { used: trace.count[at] ?? 0, room: Math.min(first.size, SEQ_BUFFER) };
}

/** Bytes of a seq buffer: eight pages. */
const SEQ_BUFFER = 8 * 4096;
