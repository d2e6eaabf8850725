/**
 * For tests of targets: one session of a small program that tells what it is shown, read as the test likes.
 *
 * The program is the same for all targets: a line with the number and the object, `end` in the last call. Globals
 * make it misbehave: say once "show me again", or write more than the buffer holds.
 */
import { must } from '../../src/shared/assert.ts';
import { latin1Decode } from '../../src/shared/utf8.ts';
import { Btf } from '../../src/engine/btf/parse.ts';
import { AttachType } from '../../src/engine/abi/uapi.ts';
import type { LoadedObject } from '../../src/engine/libbpf/load.ts';
import { linkInfoFor } from '../../src/engine/machine/attach.ts';
import { bootMachine } from '../../src/engine/machine/boot.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import { compileSource, loadProgram } from '../../src/engine/machine/program.ts';
import { read } from '../../src/engine/sys/files.ts';
import type { AttachParams } from '../../src/protocol/scenario.ts';
import type { SessionTrace } from '../../src/protocol/trace.ts';
import { resources } from '../resources.ts';

/** The object among the fields of the context, and the number that is printed of it. */
interface Shown {
  readonly type: string;
  readonly field: string;
  /** In C, of `object`. */
  readonly number: string;
  /** Maps that the program brings along. */
  readonly maps?: string;
}
const pointer = (field: string): Shown => ({
  type: 'void *',
  field,
  number: '(unsigned long long)object',
});
const key = (...maps: readonly string[]): Shown => ({
  type: '__u32 *',
  field: 'key',
  number: '(unsigned long long)*object',
  maps: maps.join('\n'),
});
const pinned = (name: string, type: string, rest = ''): string =>
  `struct { __uint(type, BPF_MAP_TYPE_${type}); ${rest} __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME); } ${name} SEC(".maps");`;
const plain = (name: string, type: string): string =>
  `struct { __uint(type, BPF_MAP_TYPE_${type}); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } ${name} SEC(".maps");`;

export const SHOWN: Readonly<Record<string, Shown>> = {
  task: pointer('task'),
  task_file: pointer('file'),
  task_vma: pointer('vma'),
  bpf_map: pointer('map'),
  bpf_prog: pointer('prog'),
  bpf_link: pointer('link'),
  bpf_map_elem: key(plain('numbers', 'HASH'), plain('places', 'ARRAY'), plain('each_cpu', 'PERCPU_HASH')),
  bpf_sk_storage_map: {
    ...pointer('sk'),
    maps: pinned('sk_bytes', 'SK_STORAGE', '__uint(map_flags, BPF_F_NO_PREALLOC);'),
  },
  sockmap: key(
    pinned('proxied', 'SOCKMAP', '__uint(max_entries, 8);'),
    pinned('backends', 'SOCKHASH', '__uint(max_entries, 8);'),
  ),
  cgroup: pointer('cgroup'),
  ksym: { type: 'struct kallsym_iter *', field: 'ksym', number: 'object->value' },
  tcp: pointer('sk_common'),
  udp: pointer('udp_sk'),
  unix: pointer('unix_sk'),
  netlink: pointer('sk'),
  ipv6_route: pointer('rt'),
  kmem_cache: pointer('s'),
  dmabuf: pointer('dmabuf'),
};

const programFor = (target: string): string => {
  const { type, field, number, maps = '' } = must(SHOWN[target], target);
  return `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
${maps}
const volatile __u64 again_at = -1, too_much_at = -1;
__u64 asked = 0;
char half[16384];
SEC("iter/${target}")
int walk(struct bpf_iter__${target} *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	__u64 nr = ctx->meta->seq_num;
	${type}object = ctx->${field};
	if (!object) {
		BPF_SEQ_PRINTF(seq, "end\\n");
		return 0;
	}
	BPF_SEQ_PRINTF(seq, "%llu %llu\\n", nr, ${number});
	if (nr == too_much_at) {
		bpf_seq_write(seq, half, sizeof(half));
		bpf_seq_write(seq, half, sizeof(half));
	}
	if (nr == again_at && !asked) {
		asked = 1;
		return 1;
	}
	return 0;
}
`;
};

const compiled = new Map<string, Uint8Array>();
function objectFor(target: string): Uint8Array {
  let object = compiled.get(target);
  if (!object) {
    const { object: made, diagnostics } = compileSource(
      { path: `${target}.bpf.c`, text: programFor(target) },
      Btf.parse(resources.btf()),
    );
    if (!made) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
    compiled.set(target, (object = made));
  }
  return object;
}

export interface WalkCase {
  readonly target: string;
  /** Name of a shipped world. */
  readonly world: string;
  /** Another world, as text. */
  readonly text?: string;
  readonly release?: string;
  readonly attach?: AttachParams;
  /** Elements with key i * 37 to put into the map first. */
  readonly fill?: number;
}
export const caseName = ({ target, world, attach }: WalkCase): string =>
  [target, world, ...Object.entries(attach ?? {}).flat()].join(' ');

export interface Misbehaviour {
  readonly againAt?: number;
  readonly tooMuchAt?: number;
}

/** An opened session on a machine of its own. */
export class WalkSession {
  readonly machine: Machine;
  readonly loaded: LoadedObject;
  private fd: number;
  private readonly link: number;

  constructor({ target, world, text, release, attach = {}, fill = 0 }: WalkCase, how: Misbehaviour = {}) {
    this.machine = bootMachine(resources, {
      world: text === undefined ? { name: world } : { name: world, text },
      release,
    });
    const set = Object.entries({ again_at: how.againAt, too_much_at: how.tooMuchAt }).flatMap(
      ([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]),
    );
    const outcome = loadProgram(this.machine, { path: target, object: objectFor(target), set });
    if (!outcome.loaded) throw new Error(outcome.messages.join('') + (outcome.verdict?.log ?? ''));
    this.loaded = outcome.loaded;
    this.fillMap(attach.map, fill);
    const { syscall } = this.machine;
    const info = linkInfoFor(this.machine, this.loaded, target, attach);
    if (typeof info === 'number') throw new Error(`no parameters: ${info}`);
    this.link = syscall.linkCreate({
      progFd: must(this.loaded.programs[0], 'a program').ret,
      attachType: AttachType.TRACE_ITER,
      iterInfo: info && { bytes: info, length: info.length },
    });
    this.fd = syscall.iterCreate(this.link);
    if (this.fd < 0) throw new Error(`no session: link ${this.link}, session ${this.fd}`);
  }

  /** The fd of a map of the program. */
  mapFd(name: string): number {
    const index = this.loaded.object.maps.findIndex((map) => map.name === name);
    return this.loaded.mapFds[index] ?? -1;
  }
  private fillMap(name: string | undefined, count: number): void {
    for (let i = 0; i < count; i++) {
      const key = new Uint8Array(Uint32Array.of(name === 'places' ? i : i * 37).buffer);
      this.machine.syscall.mapUpdate(this.mapFd(name ?? ''), key, new Uint8Array(8).fill(i), 0);
    }
  }

  /** A new session of the same link, instead of the one that was read. */
  reopen(): void {
    this.machine.syscall.close(this.fd);
    this.machine.recorder.sessions.length = 0;
    this.fd = this.machine.syscall.iterCreate(this.link);
  }

  /** One read(2). */
  read(size: number): { ret: number; text: string } {
    const run = read(this.machine.sys, this.fd, size);
    for (;;) {
      const step = run.next();
      if (step.done === true) return { ret: step.value.ret, text: latin1Decode(step.value.bytes) };
    }
  }
  /** Reads until nothing more comes; a failure is read again, but not for ever. */
  readAll(size: () => number, mostReads = 100_000): string {
    let text = '';
    for (let reads = 0, failures = 0; reads < mostReads && failures < 4; reads++) {
      const got = this.read(size());
      if (got.ret === 0) break;
      failures = got.ret < 0 ? failures + 1 : 0;
      text += got.text;
    }
    return text;
  }
  get trace(): SessionTrace {
    return must(this.machine.recorder.sessions[0], 'a recording').trace();
  }
  /** Closes session and link. */
  close(): void {
    this.machine.syscall.close(this.fd);
    this.machine.syscall.close(this.link);
  }
}

/** The objects of a text, in its order; a line that was cut off does not count. */
export const objectsOf = (text: string): bigint[] =>
  text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (/^\d+ \d+$/.test(line) ? [BigInt(line.split(' ')[1] ?? 0)] : []));
