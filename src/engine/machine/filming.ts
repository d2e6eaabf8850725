/**
 * The picture of a session while it is read: as the world was when the walk began, and with every change of the
 * world what has come. The session's own state says which picture it is and whom its walk passes over.
 *
 * The world's script says when it changes something. What programs of user space do between two reads is found
 * by drawing again before a read, and is told by what has come and gone.
 */
import type { SessionView } from '../../protocol/api.ts';
import type { Scene } from '../../protocol/scene.ts';
import { packScene } from '../../protocol/scene_columns.ts';
import type { Session } from '../iter/session.ts';
import { SceneFilm } from '../scene/film.ts';
import { sceneOf } from '../scene/scene.ts';
import type { Machine } from './boot.ts';

/** Nodes that may be drawn anew in one session, and for each callback of it: drawing never takes much longer than walking. */
const DRAWN_FREELY = 400_000;
const DRAWN_FOR_A_CALL = 20;
/** As long as no more has been drawn, what takes no memory is looked for before a read as well. */
const SEARCHED_FREELY = 100_000;
/** Nodes of all sessions of one line or program. */
const DRAWN_FIRST = 2_000_000;

/** One session. */
export class Filming {
  private readonly session: Session;
  private readonly film: SceneFilm | null;
  private readonly ctx: bigint;
  /** Changes of the script that are drawn, and the nodes that were drawn for changes. */
  private changes = 0;
  private nodes = 0;
  private allocations: number;

  constructor(session: Session, first: Scene | null) {
    this.session = session;
    this.ctx = session.ctxAddr;
    this.film = first && new SceneFilm(first);
    this.allocations = session.kernel.mem.allocations;
  }

  /** Draws what the changes since the last callback have made of the world. @returns whether it did */
  look(): boolean {
    const { film, session } = this;
    const { recorder } = session;
    const last = recorder?.changes.at(-1);
    if (!film || !recorder || !last || recorder.changes.length === this.changes) return false;
    // Of a large picture several changes may come together: this one is drawn when the walk has got on.
    if (this.nodes + film.length > DRAWN_FREELY + DRAWN_FOR_A_CALL * recorder.call) return false;
    this.changes = recorder.changes.length;
    this.draw(film, last.call);
    return true;
  }

  /** Before a read: draws what others than the script have made of the world since the one before, and says so. */
  beforeRead(): void {
    const { film, session } = this;
    const { recorder, kernel } = session;
    const same = this.allocations === kernel.mem.allocations && this.nodes > SEARCHED_FREELY;
    this.allocations = kernel.mem.allocations;
    if (!film || !recorder || same || this.look()) return;
    if (this.nodes + film.length > DRAWN_FREELY + DRAWN_FOR_A_CALL * recorder.call) return;
    const said = this.draw(film, recorder.call);
    if (said === '') return;
    recorder.changed(`since the last read ${said}`);
    this.changes = recorder.changes.length;
  }

  private draw(film: SceneFilm, call: number): string {
    this.nodes += film.length;
    const now = sceneOf(this.session);
    return now ? film.take(call, now) : '';
  }

  view(): SessionView {
    return { scene: this.film && packScene(this.film.finish()), ctx: this.ctx };
  }
}

/** Sessions that a shell or a reader program opens: each is drawn before it is first read. */
export class Filmings {
  private readonly machine: Machine;
  private readonly known = new Map<number, Filming>();
  private nodes = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    machine.sys.beforeRead = (session) => {
      const known = this.known.get(session.id);
      if (known) known.beforeRead();
      else this.begin(session);
    };
  }

  /** To be asked at every pause. @returns whether anything was drawn */
  look(): boolean {
    let drew = false;
    for (const { id } of this.machine.sys.fds.openSessions) drew = this.known.get(id)?.look() || drew;
    return drew;
  }

  private begin(session: Session): void {
    const first = this.nodes < DRAWN_FIRST ? sceneOf(session) : null;
    this.nodes += first?.nodes.length ?? 0;
    this.known.set(session.id, new Filming(session, first));
  }

  of({ session }: { readonly session: number }): SessionView {
    return this.known.get(session)?.view() ?? NO_VIEW;
  }
}

const NO_VIEW: SessionView = { scene: null, ctx: 0n };
