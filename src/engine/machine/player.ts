/**
 * Who brings a machine to a moment of its run. A scenario always gives the same run, so it can be played
 * again from the start (`Rerun`); most runs can also be wound (see tape.ts), some of them from a moment on (`Spliced`).
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
  /** Callbacks by session, and the session of the last one. */
  private readonly made = new Map<number, number>();
  private last = 0;

  constructor(begin: () => Beginning) {
    this.begin = begin;
  }

  after(session: number, calls: number): Machine | null {
    const at = this.calls(session);
    // Where another session has gone on since, the moment is over.
    if (this.now === null || at > calls || (at === calls && this.last !== session)) this.boot();
    while (this.calls(session) < calls) if (!this.next()) break;
    return this.calls(session) === calls ? (this.now?.machine ?? null) : null;
  }

  private boot(): void {
    this.now = this.begin();
    this.made.clear();
    this.last = 0;
  }

  next(): boolean {
    if (this.now?.play.next().done !== false) return false;
    for (const { session, call } of this.now.machine.recorder.sessions)
      if (this.made.get(session) !== call) {
        if (call > 0) this.last = session;
        this.made.set(session, call);
      }
    return true;
  }

  calls(session: number): number {
    return this.now?.machine.recorder.sessions.find((s) => s.session === session)?.call ?? 0;
  }
}

/** Plays the beginning of a run again and winds the rest. */
export class Spliced implements Player {
  private readonly beginning: Player;
  private readonly rest: Player;
  private now: Player;

  constructor(beginning: Player, rest: Player) {
    this.beginning = beginning;
    this.rest = rest;
    this.now = beginning;
  }

  after(session: number, calls: number): Machine | null {
    const wound = this.rest.after(session, calls);
    this.now = wound ? this.rest : this.beginning;
    return wound ?? this.beginning.after(session, calls);
  }

  next(): boolean {
    return this.now.next();
  }

  calls(session: number): number {
    return this.now.calls(session);
  }
}
