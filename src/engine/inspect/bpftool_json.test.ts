/** Values as the real bpftool printed them for the maps of recorded cases. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { sizeOf } from '../btf/layout.ts';
import { openObject } from '../libbpf/open.ts';
import { typedJson } from './bpftool_json.ts';
import type { Json } from './bpftool_json.ts';

const CASES = join(import.meta.dirname, '..', '..', '..', 'recorded', 'linux-6.12', 'cases');

interface Dumped {
  readonly name: string;
  readonly section: string;
  readonly variable: string;
  readonly printed: Json;
  readonly bytes: Uint8Array;
}
interface RecordedMap {
  readonly kname: string;
  readonly value_hex?: string;
  readonly dump?: string;
}
type Formatted = {
  readonly formatted?: { readonly value?: Record<string, readonly Record<string, Json>[]> };
}[];

/** Every variable of a data section that bpftool printed, with its bytes. */
function dumpedVariables(name: string): { btf: Btf; dumped: Dumped[] } {
  const truth = JSON.parse(readFileSync(join(CASES, name, 'linux.json'), 'utf8')) as { maps?: RecordedMap[] };
  const opened = openObject(new Uint8Array(readFileSync(join(CASES, name, `${name}.clang.o`))), {
    path: name,
  });
  if (!opened.ok || !opened.object.btfForKernel) return { btf: Btf.parse(new Uint8Array()), dumped: [] };
  const btf = Btf.parse(opened.object.btfForKernel);
  const dumped = (truth.maps ?? []).flatMap(({ value_hex, dump }) => {
    if (!value_hex || !dump) return [];
    const value = Uint8Array.from(Buffer.from(value_hex, 'hex'));
    // Ours writes numbers that a double cannot hold as text.
    const [entry] = JSON.parse(dump.replace(/(?<=[:[,])\d{17,}(?=[,}\]])/g, '"$&"')) as Formatted;
    return Object.entries(entry?.formatted?.value ?? {}).flatMap(([section, rows]) => {
      const datasec = btf.type(btf.find(section, Kind.DATASEC));
      if (datasec.kind !== Kind.DATASEC || !Array.isArray(rows)) return [];
      return rows.flatMap((row, i): Dumped[] => {
        const { type, offset } = datasec.vars[i] ?? { type: 0, offset: 0 };
        const [[variable, printed] = ['', null]] = Object.entries<Json>(row);
        return [
          { name, section, variable, printed, bytes: value.subarray(offset, offset + sizeOf(btf, type)) },
        ];
      });
    });
  });
  return { btf, dumped };
}

const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'linux.json')));
const withMaps = names.filter((name) =>
  readFileSync(join(CASES, name, 'linux.json'), 'utf8').includes('"value_hex"'),
);

test('there are recorded values to compare with', () => {
  expect(withMaps.length).toBeGreaterThan(10);
});

test.for(withMaps)('%s: variables as bpftool map dump shows them', (name) => {
  const { btf, dumped } = dumpedVariables(name);
  for (const { section, variable, printed, bytes } of dumped) {
    const datasec = btf.type(btf.find(section, Kind.DATASEC));
    const found =
      datasec.kind === Kind.DATASEC
        ? datasec.vars
            .map(({ type }) => btf.type(type))
            .find((v) => v.kind === Kind.VAR && v.name === variable)
        : undefined;
    if (found?.kind !== Kind.VAR) throw new Error(`${section} has no ${variable}`);
    expect([variable, typedJson(btf, found.type, bytes)]).toEqual([variable, printed]);
  }
});
