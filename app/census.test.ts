/** Of the kernel fields that real programs read: those the simulated kernel keeps, and those that only read 0. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { AttachParams } from '../src/protocol/scenario.ts';
import type { Kernel } from '../src/engine/kernel/kernel.ts';
import { structOf } from '../src/engine/btf/layout.ts';
import { Kind } from '../src/engine/btf/types.ts';
import { simulatedIn } from '../src/engine/kernel/simulated.ts';
import type { StructType, Types } from '../src/engine/kernel/types.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { playObject } from '../src/engine/machine/play.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { resources } from './resources.ts';

/** Which shipped worlds are booted, and which examples are run there. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  demo: [
    'bpf_link',
    'bpf_map',
    'bpf_map_elem',
    '../testdata/rare_maps',
    'bpf_prog',
    'kmem_cache',
    'ksym',
    'task',
    'task_file',
    'task_vma',
  ],
  containers: ['cgroup'],
  graphics: ['dmabuf'],
  // What no shipped world has: connections that wait, a numbered next hop, registers.
  'testdata/rare.json': ['task', 'unix', 'ipv6_route'],
  sockets: ['ipv6_route', 'netlink', 'sockmap', 'bpf_sk_storage_map', 'tcp', 'udp', 'unix'],
};

/** What the examples that need to be told are attached to. */
const ATTACH: Readonly<Record<string, AttachParams>> = {
  bpf_map_elem: { map: 'levels' },
  sockmap: { map: 'proxied' },
  bpf_sk_storage_map: { map: 'sk_bytes' },
  cgroup: { cgroup: '/', order: 'pre' },
};

/** The releases that brought what 6.12 has not. */
const RELEASES: Readonly<Record<string, string>> = { kmem_cache: '7.0', dmabuf: '7.0' };

/** A program that copies a struct reads all of it. */
const WHOLE = '(whole)';

type State = 'simulated' | 'not simulated' | 'not in the BTF';
const STATES: readonly State[] = ['simulated', 'not simulated', 'not in the BTF'];

interface CensusField {
  readonly files: number;
  readonly struct: string;
  readonly path: string;
}
const census = readFileSync(join(import.meta.dirname, 'testdata/census_fields.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): CensusField => {
    const [files = '', struct = '', path = ''] = line.split(' ');
    return { files: Number(files), struct, path };
  });

/** A kernel after an example was read there to its end. */
function kernelAfter(world: string, example: string): Kernel {
  const text = world.endsWith('.json') ? readFileSync(join(import.meta.dirname, world), 'utf8') : undefined;
  const machine = bootMachine(resources, {
    world: { name: world, ...(text === undefined ? {} : { text }) },
    release: RELEASES[example],
  });
  const path = join(import.meta.dirname, `examples/${example}.bpf.c`);
  const { object } = compileSource({ path, text: readFileSync(path, 'utf8') }, machine.kernel.btf);
  if (!object) throw new Error(`${example} does not compile`);
  const play = playObject(machine, path, object, { attach: ATTACH[example] ?? {} });
  let step = play.next();
  while (!step.done) step = play.next();
  expect([example, step.value.report.stage]).toEqual([example, 'done']);
  return machine.kernel;
}

/** A struct by its name, or by that of a typedef: `kgid_t` has no other. */
function structNamed(types: Types, name: string): StructType | null {
  if (types.has(name)) return types.struct(name);
  const typedef = types.btf.find(name, Kind.TYPEDEF);
  return structOf(types.btf, typedef) ? types.byTypeId(typedef) : null;
}

/** The state of each field in one kernel. */
function statesIn({ types }: Kernel): (field: CensusField) => State {
  const asked = new Map<StructType, ReturnType<typeof simulatedIn>>();
  const ask = (type: StructType): ReturnType<typeof simulatedIn> => {
    const known = asked.get(type) ?? simulatedIn(types, type);
    asked.set(type, known);
    return known;
  };
  return (field) => stateIn(types, field, ask);
}

function stateIn(
  types: Types,
  { struct, path }: CensusField,
  ask: (type: StructType) => ReturnType<typeof simulatedIn>,
): State {
  const type = structNamed(types, struct);
  if (type && path === WHOLE) return type.simulated().next().done ? 'not simulated' : 'simulated';
  const field = type?.tryField(path.replaceAll('[]', '[0]'));
  if (!type || !field) return 'not in the BTF';
  const range = { bit: field.bitOffset, bits: field.bitSize || field.size * 8 || 1 };
  return ask(type)(range) ? 'simulated' : 'not simulated';
}

const better = (a: State, b: State): State => (STATES.indexOf(a) <= STATES.indexOf(b) ? a : b);

test('docs/fields.md tells what is simulated of what programs read', async () => {
  const states = census.map((): State => 'not in the BTF');
  for (const [world, examples] of Object.entries(RUNS))
    for (const example of examples) {
      const stateOf = statesIn(kernelAfter(world, example));
      census.forEach((field, i) => {
        const known = states[i] ?? 'not in the BTF';
        if (known !== 'simulated') states[i] = better(known, stateOf(field));
      });
    }
  const section = (state: State): string => {
    const fields = census.filter((_, i) => states[i] === state);
    const structs = [...new Set(fields.map(({ struct }) => struct))];
    const pathsOf = (struct: string): string =>
      fields.flatMap((field) => (field.struct === struct ? field.path : [])).join(', ');
    const rows = structs.map((struct) => `| ${struct} | ${pathsOf(struct)} |`);
    return [
      `## ${state[0]?.toUpperCase()}${state.slice(1)}: ${fields.length}`,
      '',
      '| struct | fields |',
      '|---|---|',
      ...rows,
      '',
    ].join('\n');
  };
  const page = [
    '# Kernel fields that programs read',
    '',
    `${census.length} fields of ${new Set(census.map(({ struct }) => struct)).size} types are read by the iterator programs we know of, the most read first. Written by app/census.test.ts: a field is simulated when the kernel stored to it while shipped worlds booted and the examples ran. \`[]\` is any element.`,
    '',
    ...STATES.map(section),
  ].join('\n');
  await expect(page).toMatchFileSnapshot('../docs/fields.md');
}, 240_000);
