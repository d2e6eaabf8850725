/** What a picture is made of: a session that was opened and has not been read, with its link's parameters. */
import type { Session } from '../iter/session.ts';
import type { TaskFilter } from './facts.ts';

export interface Subject {
  readonly session: Session;
  /** Of the task targets. */
  readonly filter: TaskFilter;
}
