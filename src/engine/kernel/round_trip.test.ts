/** A recorded machine, written as a world and read again, is the same machine to the byte. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { buildWorld } from './build_world.ts';
import { importRecorded } from './import_recorded.ts';
import { parseWorldText } from './world.ts';
import type { World } from './world.ts';

const worlds = join(import.meta.dirname, '../../../recorded/linux-6.12/worlds');
const btf = Btf.parse(kernelBtf);
const image = (world: World): Uint8Array => buildWorld(world, { btf }).mem.snapshot().bytes;

test.each(['progs1', 'progs1.after', 'progs2', 'progs2.after', 'bad', 'bad.after'])('%s', (name) => {
  const imported = importRecorded(JSON.parse(readFileSync(join(worlds, `${name}.json`), 'utf8')));
  const again = parseWorldText(JSON.stringify(imported));
  expect(again).toEqual(imported);
  expect(Buffer.compare(image(again), image(imported))).toBe(0);
});
