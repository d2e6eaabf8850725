/**
 * The picture of a session while it is read: as the world was when the walk began, and with every change of the
 * world what has come. The session's own state says which picture it is and whom its walk passes over.
 */
import type { SessionView } from '../../protocol/api.ts';
import { packScene } from '../../protocol/scene_columns.ts';
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import { SceneFilm } from '../scene/film.ts';
import { sceneOf } from '../scene/scene.ts';
import type { Machine } from './boot.ts';

/** Nodes that may be drawn in one run; what changes after that is on the timeline alone. */
const DRAWN_MOST = 400_000;

/** One session. */
export class Filming {
  private readonly session: Session;
  private readonly film: SceneFilm | null;
  private readonly ctx: bigint;
  private changes = 0;
  private nodes = 0;

  constructor(session: Session, first: Scene | null) {
    this.session = session;
    this.ctx = session.ctxAddr;
    this.film = first && new SceneFilm(first);
  }

  /** Draws what the changes since the last callback have made of the world. */
  look(): void {
    const { film, session } = this;
    const { recorder } = session;
    const last = recorder?.changes.at(-1);
    if (!film || !recorder || !last || recorder.changes.length === this.changes) return;
    this.changes = recorder.changes.length;
    this.nodes += film.length;
    if (this.nodes > DRAWN_MOST) return;
    const now = sceneOf(session);
    if (now) film.take(last.call, now);
  }

  view(): SessionView {
    return { scene: this.film && packScene(this.film.finish()), ctx: this.ctx };
  }
}

/** Sessions that a shell or a reader program opens: each is drawn when its first callback has returned. */
export class Filmings {
  private readonly machine: Machine;
  private readonly known = new Map<number, Filming>();
  private nodes = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** To be asked at every pause. */
  look(): void {
    for (const session of this.machine.sys.fds.openSessions) {
      const known = this.known.get(session.id);
      if (known) known.look();
      else if ((session.recorder?.call ?? 0) > 0) this.begin(session);
    }
  }

  private begin(session: Session): void {
    const first = this.nodes < DRAWN_MOST ? sceneOf(session) : null;
    this.nodes += first?.nodes.length ?? 0;
    this.known.set(session.id, new Filming(session, first));
  }

  of({ session }: { readonly session: number }): SessionView {
    return this.known.get(session)?.view() ?? NO_VIEW;
  }
}

const NO_VIEW: SessionView = { scene: null, ctx: 0n };
