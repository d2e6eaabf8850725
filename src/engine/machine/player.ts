/**
 * Who brings a machine to a moment of its run. A scenario always gives the same run, so it can be played
 * again from the start (`Rerun`); most runs can also be wound (see tape.ts), some of them from a moment on (`Spliced`).
 * What is played again is recorded on a tape as well, from the last change on that is more than bytes.
 */
import type { Machine } from './boot.ts';
import type { Play } from './play.ts';
import { Tape, canWind } from './tape.ts';

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

/** Plays the scenario again. Going forward continues; going back winds, or boots anew. */
export class Rerun implements Player {
  private readonly begin: () => Beginning;
  private now: Beginning | null = null;
  /** Callbacks by session, and the session of the last one. */
  private readonly made = new Map<number, number>();
  private last = 0;
  /** What has been played since the last change that is more than bytes. */
  private tape: Tape | null = null;

  constructor(begin: () => Beginning) {
    this.begin = begin;
  }

  after(session: number, calls: number): Machine | null {
    const wound = this.isAt(session, calls) ? null : this.tape?.after(session, calls);
    if (wound) return wound;
    this.tape?.toEnd();
    const at = this.calls(session);
    // Where another session has gone on since, the moment is over.
    if (this.now === null || at > calls || (at === calls && this.last !== session)) this.boot();
    while (this.calls(session) < calls) if (!this.next()) break;
    return this.calls(session) === calls ? (this.now?.machine ?? null) : null;
  }

  /** Whether what is asked for is where the play stands. */
  private isAt(session: number, calls: number): boolean {
    return !this.tape?.isWound && this.last === session && this.calls(session) === calls;
  }

  private boot(): void {
    this.now = this.begin();
    this.made.clear();
    this.last = 0;
    this.tape = null;
  }

  next(): boolean {
    if (this.tape?.isWound) {
      if (this.tape.next()) return true;
      this.tape.toEnd();
    }
    const { now } = this;
    if (!now) return false;
    // What plays pauses for more than callbacks.
    for (;;) {
      if (now.play.next().done !== false) return false;
      if (this.hasCalledBack(now.machine)) break;
    }
    this.record(now.machine);
    return true;
  }

  private hasCalledBack({ recorder }: Machine): boolean {
    let found = false;
    for (const { session, call } of recorder.sessions)
      if (this.made.get(session) !== call) {
        if (call > 0) {
          this.last = session;
          found = true;
        }
        this.made.set(session, call);
      }
    return found;
  }

  private record(machine: Machine): void {
    if (this.tape?.see()) return;
    this.tape = canWind(machine) ? new Tape(machine, { from: this.last, apart: true }) : null;
    if (this.tape && !this.tape.see()) this.tape = null;
  }

  calls(session: number): number {
    if (this.tape?.isWound) return this.tape.calls(session);
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
