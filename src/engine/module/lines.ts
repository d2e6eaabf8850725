/**
 * The lines of a module's C on the timeline, named as targets of the kernel name those of their pseudo-code:
 * `children_next.45` is line 45, in children_next.
 */
import type { PseudoCode } from '../../protocol/api.ts';
import type { FrontendResult } from '../cc/parse.ts';
import type { Image } from '../image/image.ts';
import type { Session } from '../iter/session.ts';
import type { InsnHook } from '../vm/processor.ts';

/** Lines of one callback that are recorded: a loop that never ends is not worth more. */
const MOST_LINES = 4096;
const TAB = 8;

const lineId = (fn: string, line: number): string => `${fn}.${line}`;

/** Steps of indentation: tabs, or eight spaces for one. */
const indentOf = (row: string): number =>
  /^(\t| {8})*/.exec(row)?.[0].replaceAll(' '.repeat(TAB), '\t').length ?? 0;

/** The functions that the user wrote, from the line of their name to their closing brace. */
export function functionsOf({ unit, sources }: FrontendResult, path: string, text: string): PseudoCode[] {
  const rows = text.split('\n');
  return unit.functions.flatMap(({ name, definition }) => {
    const first = definition && sources.position(definition.loc);
    if (!first || first.file !== path) return [];
    const last = sources.position(definition.endLoc).line;
    const lines = rows.slice(first.line - 1, last).map((row, i) => ({
      id: lineId(name, first.line + i),
      text: row.trim(),
      indent: indentOf(row),
    }));
    // What a macro defines stands on one line and has no body to walk through.
    return lines.length > 1 ? [{ title: name, lines }] : [];
  });
}

/** Sees a module's instructions and tells its session of every other line they come to. */
export class LineWatch {
  private readonly image: Image;
  private readonly path: string;
  /** By instruction: '' where it is no line of the user's own. */
  private readonly ids: string[] = [];
  private last = '';
  private left = 0;
  private session: Session | null = null;

  constructor(image: Image, path: string) {
    this.image = image;
    this.path = path;
  }

  /** A callback of a session begins. */
  begin(session: Session | null): void {
    this.session = session;
    this.last = '';
    this.left = MOST_LINES;
  }

  private idAt(pc: number): string {
    let id = this.ids[pc];
    if (id === undefined) {
      const at = this.image.lineAt(pc);
      const fn = this.image.functionAt(pc);
      // A function ends at what it returns: its closing brace says nothing more.
      const isOwn = at?.file === this.path && at.text.trim() !== '}';
      id = at && fn && isOwn ? lineId(fn.name, at.line) : '';
      this.ids[pc] = id;
    }
    return id;
  }

  readonly hook: InsnHook = (pc) => {
    const { session } = this;
    if (!session || this.left === 0) return;
    const id = this.idAt(pc);
    if (id === '' || id === this.last) return;
    this.last = id;
    this.left--;
    session.line(id);
  };
}
