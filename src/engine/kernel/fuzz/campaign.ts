/**
 * Many random worlds, each with random changes: after every change the image agrees with itself, and what was
 * opened leaves nothing behind when all is closed.
 *
 *     world -> check -> change, check, change, check ... -> close all, check
 *           -> the same changes, close all -> the same changes, close all     the last two leave the same memory
 *
 * Names, once looked up, stay known, so memory is compared between the second time and the third.
 */
import { Random } from '../../../shared/random.ts';
import type { Btf } from '../../btf/parse.ts';
import { makeWorld } from '../build_world.ts';
import type { BuiltWorld } from '../build_world.ts';
import { applyChange } from '../changes/index.ts';
import { checkImage } from '../check_image.ts';
import { parseChange, parseWorld, WorldError } from '../world.ts';
import type { World } from '../world.ts';
import { closeAll } from './close_all.ts';
import { randomChange } from './random_change.ts';
import { randomWorld } from './random_world.ts';

/** Goes up when the same seed gives other worlds or changes. */
export const GENERATOR_VERSION = 3;
const MOST_CHANGES = 14;

export interface Failure {
  readonly seed: number;
  readonly n: number;
  /** What had been done last. */
  readonly after: string;
  readonly what: string;
}

export interface Tally {
  worlds: number;
  refusedWorlds: number;
  changes: number;
  refusedChanges: number;
  readonly failures: Failure[];
}

export const emptyTally = (): Tally => ({
  worlds: 0,
  refusedWorlds: 0,
  changes: 0,
  refusedChanges: 0,
  failures: [],
});

/** A line of a stack: which function, not where its file is on this machine. */
const withoutPath = (line: string): string => line.replace(/ \(?(file|node):\S+$/, '').trim();

export class Campaign {
  private readonly btf: Btf;
  readonly seed: number;

  constructor(btf: Btf, seed: number) {
    this.btf = btf;
    this.seed = seed;
  }

  /** World `n`: builds it, plays its changes, and writes down what went wrong. */
  step(n: number, tally: Tally): void {
    const world = this.world(n);
    tally.worlds++;
    if (!world) {
      tally.refusedWorlds++;
      return;
    }
    let after = 'the world was built';
    const prove = (built: BuiltWorld): boolean => {
      const [what] = checkImage(built.kernel);
      if (what !== undefined) tally.failures.push({ seed: this.seed, n, after, what });
      return what === undefined;
    };
    try {
      const built = makeWorld(world, { btf: this.btf });
      if (!prove(built)) return;
      const told = (text: string): boolean => {
        after = text;
        return prove(built);
      };
      if (!this.changes(built, n, tally, told)) return;
      closeAll(built);
      if (!told('all was closed')) return;
      const left = [1, 2].map(() => {
        this.changes(built, n, tally, () => true);
        closeAll(built);
        return built.kernel.mem.live;
      });
      const [second, third] = left;
      if (!second || !third || (second.objects === third.objects && second.bytes === third.bytes)) return;
      after = 'all was closed a third time';
      const more = `${third.objects - second.objects} objects, ${third.bytes - second.bytes} bytes`;
      tally.failures.push({ seed: this.seed, n, after, what: `memory is left behind: ${more}` });
    } catch (error) {
      const what =
        error instanceof Error
          ? (error.stack?.split('\n').slice(0, 5).map(withoutPath).join(' | ') ?? '')
          : String(error);
      tally.failures.push({ seed: this.seed, n, after, what: `threw ${what}` });
    }
  }

  /** The world of a number, or null when it contradicts itself. */
  world(n: number): World | null {
    try {
      return parseWorld(randomWorld(new Random(this.seed, n)));
    } catch (error) {
      if (error instanceof WorldError) return null;
      throw error;
    }
  }

  /** @param told called after each change with what happened; false ends it */
  private changes(built: BuiltWorld, n: number, tally: Tally, told: (text: string) => boolean): boolean {
    const r = new Random(this.seed + 1, n);
    for (let left = 1 + r.below(MOST_CHANGES); left > 0; left--) {
      const entry = randomChange(r, built.kernel);
      let text = `refused ${JSON.stringify(entry)}`;
      tally.changes++;
      try {
        applyChange({ ...built, maps: null }, parseChange(entry, ''), '', (happened) => (text = happened));
      } catch (error) {
        if (!(error instanceof WorldError)) {
          told(JSON.stringify(entry));
          throw error;
        }
        tally.refusedChanges++;
      }
      if (!told(text)) return false;
    }
    return true;
  }
}
