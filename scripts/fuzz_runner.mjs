/**
 * What fuzzers have in common: how they are built, with a bug put in or without, how long they play, and where
 * their numbers are kept.
 *
 *     const fuzz = await load({ entry: 'src/engine/kernel/fuzz/index.ts', name: 'worlds/plain' });
 *     const tally = play({ from: 0, count: 1000, seconds: 60, tally: fuzz.emptyTally(), step, stop });
 *     keep('worlds', { random: numbers });
 *
 * A bug is `{ name, file, find, replace }`: a change of one source file, whose text must be there once.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { buildTs, root } from './run_ts.mjs';

const RECORD = join(root, 'fuzz.json');

/** A plugin that puts a bug in, and knows whether it did. */
function planting(folder, hole) {
  let planted = false;
  return {
    plugin: {
      name: 'hole',
      enforce: 'pre',
      transform(code, id) {
        if (!id.endsWith(`/${folder}/${hole.file}`)) return null;
        if (code.split(hole.find).length !== 2) throw new Error(`${hole.name}: its text is not there once`);
        planted = true;
        return code.replace(hole.find, () => hole.replace);
      },
    },
    check() {
      if (!planted) throw new Error(`${hole.name}: ${hole.file} is not part of the fuzzer`);
    },
  };
}

/**
 * Builds a fuzzer and loads it.
 *
 * @param entry module that exports what is run, from the repository's root
 * @param name of its place in .cache: one for each bug
 * @param hole a bug to put in, and `folder`, the folder of the engine that it is in
 */
export async function load({ entry, name, folder = '', hole = null }) {
  const plant = hole && planting(folder, hole);
  const built = await buildTs(entry, join('fuzz', name), plant ? [plant.plugin] : []);
  plant?.check();
  return import(pathToFileURL(built).href);
}

/** The BTF of the recorded kernel, as bytes. */
export const recordedBtf = () =>
  new Uint8Array(gunzipSync(readFileSync(join(root, 'recorded/linux-6.12/kernel/vmlinux.btf.gz'))));

/** Takes steps until the count or the time is used up, or `stop` says so of the tally. */
export function play({ from, count, seconds, tally, step, stop = () => false }) {
  const end = Date.now() + seconds * 1000;
  for (let n = from; n < from + count && Date.now() < end && !stop(tally); n++) step(n, tally);
  return tally;
}

/**
 * Puts in one bug after the other; each must be found.
 *
 * @param attempt plays until a bug shows @returns { tried, what, foundAfter }, what null when it did not;
 *   foundAfter where it went on after the find
 */
export async function findHoles(holes, attempt) {
  const each = [];
  for (const hole of holes) {
    const { tried, what, foundAfter = tried } = await attempt(hole);
    each.push({ hole: hole.name, foundAfter: what === null ? null : foundAfter, tried, what });
    console.log(
      what === null ? `NOT FOUND in ${tried}` : `found after ${foundAfter}`,
      hole.name,
      '-',
      what ?? '',
    );
  }
  const found = each.filter(({ foundAfter }) => foundAfter !== null).length;
  console.log(`${found} of ${each.length} found`);
  return { planted: each.length, found, each };
}

/** Keeps entries of a fuzzer's section in fuzz.json; others stay as they are. */
export function keep(section, entries) {
  const all = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : {};
  all[section] = { ...all[section], ...entries };
  writeFileSync(RECORD, `${JSON.stringify(all, null, 2)}\n`);
}
