/** Of the kernel fields that real programs read: those the simulated kernel keeps, and those that only read 0. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { AttachParams } from '../src/protocol/scenario.ts';
import type { Kernel } from '../src/engine/kernel/kernel.ts';
import { simulatedIn } from '../src/engine/kernel/simulated.ts';
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
    'bpf_prog',
    'kmem_cache',
    'ksym',
    'task',
    'task_file',
    'task_vma',
  ],
  containers: ['cgroup'],
  graphics: ['dmabuf'],
  sockets: ['ipv6_route', 'netlink', 'sockmap', 'bpf_sk_storage_map', 'tcp', 'udp', 'unix'],
};

/** What the examples that need to be told are attached to. */
const ATTACH: Readonly<Record<string, AttachParams>> = {
  bpf_map_elem: { map: 'scores' },
  sockmap: { map: 'proxied' },
  bpf_sk_storage_map: { map: 'sk_bytes' },
  cgroup: { cgroup: '/', order: 'pre' },
};

/** The releases that brought what 6.12 has not. */
const RELEASES: Readonly<Record<string, string>> = { kmem_cache: '7.0', dmabuf: '7.0' };

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
  const machine = bootMachine(resources, { world: { name: world }, release: RELEASES[example] });
  const path = join(import.meta.dirname, `examples/${example}.bpf.c`);
  const { object } = compileSource({ path, text: readFileSync(path, 'utf8') }, machine.kernel.btf);
  if (!object) throw new Error(`${example} does not compile`);
  const play = playObject(machine, path, object, { attach: ATTACH[example] ?? {} });
  let step = play.next();
  while (!step.done) step = play.next();
  expect([example, step.value.report.stage]).toEqual([example, 'done']);
  return machine.kernel;
}

function stateIn({ types }: Kernel, { struct, path }: CensusField): State {
  const type = types.has(struct) ? types.struct(struct) : null;
  const field = type?.tryField(path.replaceAll('[]', '[0]'));
  if (!type || !field) return 'not in the BTF';
  const range = { bit: field.bitOffset, bits: field.bitSize || field.size * 8 || 1 };
  return simulatedIn(types, type)(range) ? 'simulated' : 'not simulated';
}

const better = (a: State, b: State): State => (STATES.indexOf(a) <= STATES.indexOf(b) ? a : b);

test('docs/fields.md tells what is simulated of what programs read', async () => {
  const states = census.map((): State => 'not in the BTF');
  for (const [world, examples] of Object.entries(RUNS))
    for (const example of examples) {
      const kernel = kernelAfter(world, example);
      census.forEach(
        (field, i) => (states[i] = better(states[i] ?? 'not in the BTF', stateIn(kernel, field))),
      );
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
});
