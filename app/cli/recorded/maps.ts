/** What a case left in its maps and globals, as `bpftool map dump` showed it on Linux. */
import { MapType } from '../../../src/engine/abi/uapi.ts';
import type { Machine } from '../../../src/engine/machine/boot.ts';
import { readGlobals, readMaps } from '../../../src/engine/machine/globals.ts';
import type { LoadedObject } from '../../../src/engine/libbpf/load.ts';
import { Comparison } from './compare.ts';
import type { Mask } from './compare.ts';
import { renaming } from './judge.ts';
import type { RecordedCase, RecordedMap } from './truth.ts';

/** Their order follows a seed drawn at boot. */
const HASHED: ReadonlySet<number> = new Set([
  MapType.HASH,
  MapType.PERCPU_HASH,
  MapType.LRU_HASH,
  MapType.LRU_PERCPU_HASH,
]);

interface Entry {
  readonly formatted?: { readonly value?: unknown };
}

export function compareMaps(
  truth: RecordedCase,
  machine: Machine,
  loaded: LoadedObject,
  masks: readonly Mask[],
): Comparison {
  const comparison = new Comparison(renaming(machine), masks);
  const maps = readMaps(loaded, machine.syscall);
  const globals = readGlobals(loaded, machine.syscall);
  const wanted: [string, unknown][] = [];
  for (const map of truth.maps ?? []) {
    const entries = entriesOf(map);
    if (map.name in maps && map.dump !== undefined)
      comparison.text(
        `map ${map.name}`,
        lines(map, entries),
        lines(map, maps[map.name] as readonly unknown[]),
      );
    wanted.push(...variablesOf(entries));
  }
  comparison.text(
    'variables',
    wanted.map(shown).join('\n'),
    wanted.map(([name]) => shown([name, globals[name]])).join('\n'),
  );
  return comparison;
}

/** A double holds no more than 53 bits; the recorded JSON went through one. */
const shown = ([name, value]: readonly [string, unknown]): string =>
  `${name} = ${JSON.stringify(typeof value === 'string' && /^\d{16,}$/.test(value) ? Number(value) : value)}`;

/** What bpftool printed; none where the recording was cut because it is long. */
const entriesOf = ({ dump }: RecordedMap): readonly Entry[] =>
  dump === undefined || !dump.endsWith(']\n') ? [] : (JSON.parse(dump) as readonly Entry[]);

/** One element a line. */
function lines(map: RecordedMap, entries: readonly unknown[]): string {
  const all = entries.map((entry) => JSON.stringify((entry as Entry).formatted ?? entry));
  return (HASHED.has(map.type) ? all.sort() : all).join('\n');
}

/** The variables of a section; names that the compiler made (`dump.___fmt`) are left out. */
function variablesOf(entries: readonly Entry[]): [string, unknown][] {
  const value = entries[0]?.formatted?.value;
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .flatMap(([section, variables]) =>
      section.startsWith('.') && Array.isArray(variables)
        ? variables.flatMap((variable) => Object.entries(variable as object) as [string, unknown][])
        : [],
    )
    .filter(([name]) => !name.includes('.'));
}
