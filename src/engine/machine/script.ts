/**
 * Plays the script of a world: its changes, at their moments, between two callbacks of a walk.
 *
 *     call 11 ─ yield ─ [after 11] [before 12] ─ call 12 ─ yield ─ ...
 *
 * Every change is made once. What had happened is a row in the trace of the session whose moment it was.
 */
import type { WorldChange } from '../kernel/world.ts';
import { applyChange } from '../kernel/changes/index.ts';
import type { Changing, MapAccess } from '../kernel/changes/index.ts';
import type { SessionRecorder } from '../trace/recorder.ts';

type When = WorldChange['at']['when'];

interface Pending {
  readonly change: WorldChange;
  /** Where the world says it. */
  readonly path: string;
}

export class WorldScript {
  private readonly built: Omit<Changing, 'maps'>;
  /** The maps of the program that is run, once it is loaded. */
  maps: MapAccess | null = null;
  private pending: readonly Pending[];
  /** What happened, by the place that says it, of all that was made. */
  readonly made = new Map<string, string>();

  /** @param changes made by hand, beside the script */
  constructor(
    built: Omit<Changing, 'maps'>,
    script: readonly WorldChange[],
    changes: readonly WorldChange[] = [],
  ) {
    this.built = built;
    const pending = (list: readonly WorldChange[], name: string): Pending[] =>
      list.map((change, i) => ({ change, path: `.${name}[${i}]` }));
    this.pending = [...pending(script, 'script'), ...pending(changes, 'changes')];
  }

  /** Nothing more will be changed. */
  get isOver(): boolean {
    return this.pending.length === 0;
  }

  /** Between the session's last callback and its next. @throws WorldError for a change that is not possible */
  atCall(session: SessionRecorder | null): void {
    if (this.pending.length === 0 || !session) return;
    const next = session.call;
    this.make(session, ({ call, when }) => call === (when === 'after' ? next - 1 : next));
  }

  /** Before or after a read(2) of a session. @throws WorldError for a change that is not possible */
  atRead(session: SessionRecorder | null, read: number, when: When): void {
    if (this.pending.length === 0 || !session) return;
    this.make(session, (at) => at.call === undefined && at.read === read && at.when === when);
  }

  private make(session: SessionRecorder, isDue: (at: WorldChange['at']) => boolean): void {
    const due = this.pending.filter(({ change: { at } }) => at.session === session.session && isDue(at));
    if (due.length === 0) return;
    this.pending = this.pending.filter((entry) => !due.includes(entry));
    for (const { change, path } of due)
      applyChange({ ...this.built, maps: this.maps }, change, path, (text) => {
        session.changed(text);
        this.made.set(path, text);
      });
  }

  /** Changes whose moment did not come: a sentence for each. */
  unreached(): string[] {
    return this.pending.map(({ change, path }) => {
      const { session, call, read, when } = change.at;
      const moment = call === undefined ? `read ${read}` : `call ${call}`;
      return `world${path}: '${change.do}' was not made: session ${session} had nothing ${when} ${moment}`;
    });
  }
}
