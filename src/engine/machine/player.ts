/**
 * Who brings a machine to a moment of its run. A scenario always gives the same run, so it can be played
 * again from the start (`Rerun`); most runs can also be wound (see tape.ts).
 */
import type { Machine } from './boot.ts';
import type { Play } from './play.ts';

/** A machine that has booted, and the play that has not begun. */
export interface Beginning {
  readonly machine: Machine;
  readonly play: Play<unknown>;
}

export interface Player {
  /** The machine after `calls` callbacks of a session have returned, or null when there were fewer. */
  after(session: number, calls: number): Machine | null;
  /** Makes one more callback. @returns whether there was one */
  next(): boolean;
  /** Callbacks of a session that have returned. */
  calls(session: number): number;
}

/** Plays the scenario again. Going forward continues; going back boots anew. */
export class Rerun implements Player {
  private readonly begin: () => Beginning;
  private now: Beginning | null = null;

  constructor(begin: () => Beginning) {
    this.begin = begin;
  }

  after(session: number, calls: number): Machine | null {
    if (this.now === null || this.calls(session) > calls) this.now = this.begin();
    while (this.calls(session) < calls) if (!this.next()) break;
    return this.calls(session) === calls ? this.now.machine : null;
  }

  next(): boolean {
    return this.now?.play.next().done === false;
  }

  calls(session: number): number {
    return this.now?.machine.recorder.sessions.find((s) => s.session === session)?.call ?? 0;
  }
}
