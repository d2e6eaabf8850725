/**
 * Projects as the page hands them out, built as on a real machine: with bpftool's vmlinux.h, clang, cc and libbpf.
 *
 *     example + parameters -> projectOf -> a folder -> make -> what it printed
 *
 * The kernel's types are those of the recorded 6.12, and for targets that came later those that ship here. A
 * reader with a skeleton is built with the one that bpftool generates, beside which ours must have every member.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { skeletonOf } from '../../src/engine/user/skeleton.ts';
import type { RunOptions, Scenario } from '../../src/protocol/scenario.ts';
import { projectOf } from '../../src/ui/take/project.ts';
import { resources } from '../resources.ts';

const [root = '.', ...only] = process.argv.slice(2);
const work = join(root, '.cache', 'projects', 'work');
const examples = join(root, 'app', 'examples');
const RECORDED = join(root, 'recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz');
/** Targets of kernels after 6.12, and examples that need more than its types have. */
const LATER = ['dmabuf', 'kmem_cache'];
const CLANG = process.env['CLANG'] ?? 'clang';

/** Parameters that the page offers, at targets that take them. */
const PARAMETERS: Readonly<Record<string, readonly RunOptions[]>> = {
  task: [{ attach: { tid: 1 } }, { attach: { pidfd: 1 }, readSize: 64 }],
  task_file: [{ attach: { pid: 1859 }, readSize: 16 }, { prog: 'dump_task_file' }],
  bpf_map_elem: [{ attach: { map: 'scores' }, fill: [['scores', 8]] }],
  cgroup: [
    { attach: { cgroup: '/user.slice', order: 'pre' } },
    { attach: { cgroupId: '1', order: 'up' } },
    { attach: { order: 'post' } },
  ],
};

interface Step {
  readonly status: number;
  readonly text: string;
}
function step(cwd: string, command: string, ...args: readonly string[]): Step {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return {
    status: error ? 127 : (status ?? 1),
    text: error ? `${command}: ${error.message}\n` : `${stdout}${stderr}`,
  };
}
const firstLine = ({ text }: Step): string => text.split('\n')[0] ?? '';

/** vmlinux.h as `bpftool btf dump` writes it. */
function header(name: string, btf: Uint8Array): string {
  const path = join(work, `${name}.btf`);
  writeFileSync(path, btf);
  const { status, text } = step(work, 'bpftool', 'btf', 'dump', 'file', path, 'format', 'c');
  if (status !== 0) throw new Error(`bpftool does not read ${name}: ${text}`);
  return text;
}

const warnings = (text: string): number => text.split('\n').filter((line) => / warning: /.test(line)).length;

/** Builds one project. @returns what make said, when it did not succeed quietly */
function build(name: string, files: Readonly<Record<string, string>>, vmlinux: string): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries({ ...files, 'vmlinux.h': vmlinux }))
    writeFileSync(join(folder, file), text);
  const made = step(folder, 'make', `CLANG=${CLANG}`);
  return made.status !== 0 || warnings(made.text) > 0 ? made.text : '';
}

/** Every `skel->group.member` of a skeleton: maps, programs, links, and global variables by their section. */
function membersOf(text: string): readonly string[] {
  const body = text.slice(0, text.indexOf('static ') < 0 ? undefined : text.indexOf('static '));
  return [...body.matchAll(/\b(\w+);/g)].map(([, name = '']) => name).filter((name) => name !== 'skeleton');
}

/** A reader with a skeleton: bpftool's is compiled, and ours has no fewer members. */
function skeletons(vmlinux: string): string {
  const folder = join(work, 'skeleton');
  mkdirSync(folder, { recursive: true });
  const source = join(root, 'app', 'testdata', 'document');
  for (const name of ['files.bpf.c', 'reader.c'])
    writeFileSync(join(folder, name), readFileSync(join(source, name)));
  writeFileSync(join(folder, 'vmlinux.h'), vmlinux);
  const bpf = step(
    folder,
    CLANG,
    '-g',
    '-O2',
    '-Wall',
    '-target',
    'bpf',
    '-c',
    'files.bpf.c',
    '-o',
    'files.bpf.o',
  );
  if (bpf.status !== 0) return bpf.text;
  const theirs = step(folder, 'bpftool', 'gen', 'skeleton', 'files.bpf.o', 'name', 'files');
  if (theirs.status !== 0) return theirs.text;
  writeFileSync(join(folder, 'files.skel.h'), theirs.text);
  const cc = step(folder, 'cc', '-g', '-O2', '-Wall', 'reader.c', '-o', 'reader', '-lbpf', '-lelf', '-lz');
  if (cc.status !== 0 || warnings(cc.text) > 0) return cc.text;
  const ours = new Set(membersOf(skeletonOf('files.bpf.o', readFileSync(join(folder, 'files.bpf.o'))).text));
  const missing = membersOf(theirs.text).filter((name) => !ours.has(name));
  return missing.length === 0 ? '' : `our skeleton has no ${missing.join(', ')}\n`;
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
console.log(firstLine(step(work, CLANG, '--version')));
console.log(firstLine(step(work, 'cc', '--version')));
console.log(firstLine(step(work, 'bpftool', 'version')));
console.log(`libbpf ${step(work, 'pkg-config', '--modversion', 'libbpf').text.trim()}`);
const recorded = header('linux-6.12', gunzipSync(readFileSync(RECORDED)));
const shipped = header('shipped', resources.btf());

let failed = 0;
function tell(name: string, said: string): void {
  console.log(`${said === '' ? 'builds' : 'FAILS '}  ${name}`);
  if (said !== '') {
    failed++;
    console.log(said.replace(/^/gm, '    '));
  }
}
const names = readdirSync(examples)
  .filter((name) => name.endsWith('.bpf.c'))
  .map((name) => name.replace('.bpf.c', ''))
  .filter((name) => only.length === 0 || only.includes(name));
for (const name of names) {
  const path = `${name}.bpf.c`;
  const source = { path, text: readFileSync(join(examples, path), 'utf8') };
  const vmlinux = LATER.includes(name) ? shipped : recorded;
  for (const [i, options] of [{}, ...(PARAMETERS[name] ?? [])].entries()) {
    const scenario: Scenario = { world: { name: 'demo' }, source, options };
    tell(`${name} ${JSON.stringify(options)}`, build(`${name}-${i}`, projectOf(scenario), vmlinux));
  }
}
if (only.length === 0) tell('a reader with a skeleton', skeletons(recorded));
process.exitCode = failed === 0 ? 0 : 1;
