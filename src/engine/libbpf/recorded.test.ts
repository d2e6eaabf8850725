/** Objects that clang made and Linux 6.12 loaded: libbpf must make of them what it made there. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Insn } from '../abi/insn.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import { BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, LD_IMM64 } from '../abi/opcode.ts';
import { BtfBuilder } from '../btf/build.ts';
import { findMember } from '../btf/layout.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { Symbols } from '../kernel/symbols.ts';
import { CoreReloKind, parseSpec } from './core_spec.ts';
import { relocateCore } from './link_progs.ts';
import { loadObject } from './load.ts';
import type { LoadResult } from './load.ts';
import { Messages } from './messages.ts';
import type { BpfObject } from './object.ts';
import { openObject } from './open.ts';
import { FakeSys } from './testing/fake_sys.ts';

const root = join(import.meta.dirname, '../../../recorded/linux-6.12');
const gunzip = (path: string): Uint8Array => new Uint8Array(gunzipSync(readFileSync(join(root, path))));
const vmlinux = Btf.parse(gunzip('kernel/vmlinux.btf.gz'));
const kernel = { btf: vmlinux, symbols: new Symbols(), release: '6.12.117', config: null };
const names = readdirSync(join(root, 'cases')).filter((name) => !name.includes('.'));

interface Recorded {
  readonly verdict: string;
  readonly errno: number;
  readonly libbpf: string;
  readonly progs?: readonly { readonly prog: string; readonly insns: number }[];
  readonly maps?: readonly Readonly<Record<'name' | 'type' | 'key' | 'value' | 'max' | 'flags', unknown>>[];
  readonly runs?: readonly { readonly self_fds: readonly { fd: number; link: string }[] }[];
}
const recordedOf = (name: string): Recorded =>
  JSON.parse(readFileSync(join(root, 'cases', name, 'linux.json'), 'utf8')) as Recorded;

function opened(name: string): BpfObject {
  const bytes = Uint8Array.from(readFileSync(join(root, 'cases', name, `${name}.clang.o`)));
  const result = openObject(bytes, { path: `/lab/obj/${name}.o` });
  if (!result.ok) throw new Error(result.messages.join('\n'));
  return result.object;
}
const load = (object: BpfObject, sys: FakeSys): LoadResult =>
  loadObject(object, { kernel, sys, ownLog: true });

test.for(names)('%s: libbpf says what it said on Linux', (name) => {
  const want = recordedOf(name);
  const result = load(opened(name), new FakeSys(4, { errno: want.errno, log: '' }));
  expect(result.messages.map((line) => `${line}\n`).join('')).toBe(want.libbpf);
  expect(result.ok ? 0 : result.errno).toBe(0 - want.errno);
});

test.for(names.filter((name) => recordedOf(name).maps))(
  '%s: maps, programs and fds are those of Linux',
  (name) => {
    const want = recordedOf(name);
    const sys = new FakeSys();
    const object = opened(name);
    const result = load(object, sys);
    expect(
      object.maps.map((m) => [
        m.name,
        m.def.type,
        m.def.keySize,
        m.def.valueSize,
        m.def.maxEntries,
        m.def.flags,
      ]),
    ).toEqual(want.maps?.map((m) => [m.name, m.type, m.key, m.value, m.max, m.flags]));
    expect(sys.progs.map((p) => [p.name, p.insns.length])).toEqual(
      want.progs?.map((p) => [p.prog.slice(0, 15), p.insns]),
    );
    const KINDS: Readonly<Record<string, string>> = {
      'anon_inode:btf': 'btf',
      'anon_inode:bpf-map': 'map',
      'anon_inode:bpf-prog': 'prog',
    };
    const fds = want.runs?.[0]?.self_fds.flatMap(({ link }) => KINDS[link] ?? []);
    const opens = sys.calls
      .map((c) => c.split(' ')[0])
      .filter((c) => c === 'btf' || c === 'map' || c === 'prog');
    expect(opens).toEqual(fds ?? opens);
    expect(result.ok).toBe(true);
  },
);

test.for(names)('%s: against the types it was compiled with, CO-RE changes nothing', (name) => {
  const object = opened(name);
  const log = new Messages('strerror');
  for (const [prog, insns] of relocateCore(object, vmlinux, log)) expect(insns).toEqual(prog.insns);
  expect(log.lines).toEqual([]);
});

/** The kernel's types with the members of every struct that a record names in another order, with gaps. */
function shuffledKernel(): Btf {
  const builder = BtfBuilder.from(vmlinux);
  for (let id = 1; id < vmlinux.end; id++) {
    const type = vmlinux.type(id);
    if (type.kind !== Kind.STRUCT || type.members.some((m) => m.bitSize > 0)) continue;
    // Where the next member began, this one begins now, 64 bytes later; the first comes last.
    const starts = type.members.map((m) => m.bitOffset).toReversed();
    const members = type.members.map((m, i) => ({ ...m, bitOffset: 512 + (starts[i] ?? 0) }));
    builder.define(id, { ...type, size: type.size + 64, members: members.toReversed() });
  }
  return Btf.parse(builder.encode());
}

test('on a kernel whose structs are laid out otherwise, every access goes to where the field is there', () => {
  const shuffled = shuffledKernel();
  let moved = 0;
  for (const name of [
    'task_fields',
    'task_file_paths',
    'tcp_list',
    'cgroup_walk',
    'task_vma_all',
    'seq_meta',
  ]) {
    const object = opened(name);
    const btf = object.btf;
    if (!btf) throw new Error('no BTF');
    const code = relocateCore(object, shuffled, new Messages('strerror'));
    for (const [section, info] of object.info) {
      for (const relo of info.coreRelos.filter((r) => r.kind === CoreReloKind.FIELD_BYTE_OFFSET)) {
        const spec = parseSpec(btf, relo);
        if (typeof spec === 'number') throw new Error(`bad record in ${name}`);
        const path = spec.accessors
          .slice(1)
          .reduce((text, a) => (a.name === null ? `${text}[${a.idx}]` : `${text}.${a.name}`), '')
          .slice(1);
        const struct = shuffled.find(btf.nameOf(relo.typeId), Kind.STRUCT);
        const field = findMember(shuffled, struct, path);
        const prog = object.programs.find(
          (p) => p.sectionIndex === section && relo.insnOff / INSN_BYTES - p.sectionOffset < p.insns.length,
        );
        if (!prog || !field) throw new Error(`${name}: ${path} not found`);
        const insn = code.get(prog)?.[relo.insnOff / INSN_BYTES - prog.sectionOffset];
        const value = insn && ((insn.code & 7) === 1 ? insn.off : insn.imm);
        expect(value, `${name}: ${btf.nameOf(relo.typeId)}.${path}`).toBe(field.offset);
        if (field.offset !== spec.bitOffset / 8) moved++;
      }
    }
  }
  expect(moved).toBeGreaterThan(50);
});

test('globals: bump is behind dump, and both its calls and its lines point there', () => {
  const sys = new FakeSys();
  load(opened('globals'), sys);
  const prog = sys.progs[0];
  const calls = (insns: readonly Insn[]): number[] =>
    insns.flatMap((insn, i) =>
      (insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_CALL) ||
      (insn.code === LD_IMM64 && insn.src === BPF_PSEUDO_FUNC)
        ? [i + 1 + insn.imm]
        : [],
    );
  expect(prog?.funcInfo.map((f) => f.insnOff)).toEqual([0, 76]);
  expect(prog && calls(prog.insns)).toEqual([76]);
  const lines = prog?.lineInfo.map((l) => l.insnOff) ?? [];
  expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  expect(lines).toContain(76);
});
