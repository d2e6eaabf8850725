/**
 * The functions that run at a line of a reader's run, each with its variables. A recording keeps the innermost
 * one's, for its first lines; all others are found by making the run again, up to there and a little further.
 *
 *     steps seen so far |  from ... from + count ... | seen beside, and kept for who asks next
 */
import type { ReaderFrame } from '../../protocol/reader.ts';
import type { CallContext } from '../../protocol/server.ts';
import type { StepSink } from '../user/steps.ts';
import type { Play } from './play.ts';

/** Steps that are kept from the one that was asked for on. */
const KEPT = 4000;
/** Pauses of the play between two looks at the port. */
const SLICE = 64;

export class ReaderFrames {
  /** Begins the run, whose steps are told to a sink. */
  private readonly begin: (sink: StepSink) => Play<unknown>;
  private play: Play<unknown> | null = null;
  private over = false;
  private seen = 0;
  private from = 0;
  private kept: (readonly ReaderFrame[])[] = [];

  constructor(begin: (sink: StepSink) => Play<unknown>) {
    this.begin = begin;
  }

  /** @returns for each of some steps in a row its frames, the innermost first; fewer at the end of the run */
  async at(from: number, count: number, context: CallContext): Promise<readonly (readonly ReaderFrame[])[]> {
    const isKept = from >= this.from && from + count <= this.from + this.kept.length;
    if (!isKept) await this.playTo(from, count, context);
    return this.kept.slice(from - this.from, from - this.from + count);
  }

  private async playTo(from: number, count: number, context: CallContext): Promise<void> {
    if (!this.play || this.seen > from) {
      this.seen = 0;
      this.over = false;
      this.play = this.begin({ line: ({ frames }) => this.see(frames) });
    }
    this.from = from;
    this.kept = [];
    for (let pauses = 1; this.seen < from + count && !this.over; pauses++) {
      this.over = this.play.next().done === true;
      if (pauses % SLICE === 0) await context.breathe();
    }
  }

  private see(frames: () => readonly ReaderFrame[]): void {
    const step = this.seen++;
    if (step >= this.from && step < this.from + KEPT) this.kept.push(frames());
  }
}
