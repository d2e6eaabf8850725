/** The picture for targets without one of their own, held against walks of targets that have one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Btf } from '../src/engine/btf/parse.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { playObject } from '../src/engine/machine/play.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { stripScene } from '../src/engine/scene/strip.ts';
import { createEngineApi } from '../src/engine/machine_api.ts';
import type { Scene } from '../src/protocol/scene.ts';
import { callRow } from '../src/protocol/trace.ts';
import { resources } from './resources.ts';

test.for(['task', 'bpf_map', 'unix'])(
  '%s: the strip has the objects that a walk shows, in its order, at the same addresses',
  async (target) => {
    const path = `${target}.bpf.c`;
    const text = readFileSync(join(import.meta.dirname, 'examples', path), 'utf8');
    const source = { path, text };
    const world = { name: 'sockets' };
    const { object } = compileSource(source, Btf.parse(resources.btf()));
    const machine = bootMachine(resources, { world });
    const drawn: Scene[] = [];
    playObject(machine, path, object ?? new Uint8Array(0), {}, [], () => {
      const [session] = machine.sys.fds.openSessions;
      if (session) drawn.push(stripScene(session));
    }).next();
    const { sessions } = await createEngineApi(resources).run(
      { scenario: { world, source, options: {} } },
      { cancelled: () => false, progress: () => undefined, breathe: () => Promise.resolve() },
    );
    const [trace] = sessions;
    const rows = Array.from({ length: trace?.length ?? 0 }, (_, call) => trace && callRow(trace, call));
    const shown = rows.flatMap((row) => (row?.kind === 'show' ? [row.object] : []));
    const items = drawn[0]?.nodes.filter(({ kind }) => kind === 'item') ?? [];
    expect(items.map(({ addr }) => addr)).toEqual(shown);
    expect(shown.length).toBeGreaterThan(2);
  },
);
