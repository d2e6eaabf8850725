/**
 * The ground of random programs: a kernel with a few maps, a context of task_file and a task full of noise.
 */
import { must } from '../../../shared/assert.ts';
import type { Addr, Bytes, TypeId } from '../../../shared/brand.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { parseRelease } from '../../abi/releases.ts';
import { MapType } from '../../abi/uapi.ts';
import { Bpf } from '../../bpf/bpf.ts';
import type { BpfMap, MapSpec } from '../../bpf/map.ts';
import { MAP_KINDS } from '../../bpf/maps/index.ts';
import { RingbufMap } from '../../bpf/maps/ringbuf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { Btf } from '../../btf/parse.ts';
import { Kind } from '../../btf/types.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { Code } from '../../vm/code.ts';
import type { Linker } from '../../vm/code.ts';
import type { MapInfo, TargetInfo, VerifyRequest, VerifyResult } from '../request.ts';
import { Custody } from './custody.ts';
import type { Callable, Program } from './generate.ts';
import type { Ground } from './ground.ts';
import { Random } from './random.ts';
import { ARRAY_FD, ELEMENTS_FD, HASH_FD, RINGBUF_FD, VALUE_SIZE } from './parts.ts';

const CTX_SIZE: Bytes = 32;
const META_SIZE: Bytes = 64;
/** Functions a program may have. */
const MOST_FUNCTIONS = 8;
/** Where a program's functions seem to stand. */
const BASE: Addr = 0xffff_ffff_a000_0000n;

const TARGET: TargetInfo = {
  ctxArgs: [
    { offset: 8, type: 'btf_or_null' },
    { offset: 24, type: 'btf_or_null' },
  ],
  extraHelpers: [],
};

const SPECS: Readonly<Record<number, Partial<MapSpec> & { readonly type: number }>> = {
  [ARRAY_FD]: { type: MapType.ARRAY, maxEntries: 1 },
  [HASH_FD]: { type: MapType.HASH, maxEntries: 4 },
  [RINGBUF_FD]: { type: MapType.RINGBUF, keySize: 0, maxEntries: 4096 },
  [ELEMENTS_FD]: { type: MapType.ARRAY, maxEntries: 3 },
};

/** In place of what the verifier never reached. */
const TRAP: Insn = { code: op.BPF_JMP | op.BPF_JA, dst: 0, src: 0, off: -1, imm: 0 };

/** BTF with static functions. */
function staticFunctions(): { readonly btf: Btf; readonly ids: readonly TypeId[] } {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: 1, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const proto = builder.add({ kind: 13, name: '', type: int, params: [{ name: 'x', type: int }] });
  const ids = Array.from({ length: MOST_FUNCTIONS }, (_, i) =>
    builder.add({ kind: 12, name: `f${i}`, type: proto, linkage: 0 }),
  );
  return { btf: Btf.parse(builder.encode()), ids };
}

export class Lab implements Ground {
  readonly bpf: Bpf;
  readonly custody: Custody;
  readonly callable: Callable;
  private readonly kernel: Kernel;
  private readonly maps = new Map<number, BpfMap>();
  private readonly infos = new Map<number, MapInfo>();
  private readonly ctx: Addr;
  private readonly meta: Addr;
  private readonly task: Addr;
  private readonly seq: Addr;
  private readonly common: Omit<VerifyRequest, 'insns' | 'funcInfo'>;
  private readonly functions: readonly TypeId[];

  constructor(btf: Btf) {
    this.kernel = new Kernel({ release: '6.12', btf });
    this.bpf = new Bpf(this.kernel);
    this.custody = new Custody(this.bpf);
    this.callable = { kfunc: (name) => btf.find(name, Kind.FUNC) };
    for (const [fd, spec] of Object.entries(SPECS)) this.makeMap(Number(fd), spec);
    this.ctx = this.kernel.allocBytes(CTX_SIZE);
    this.meta = this.kernel.allocBytes(META_SIZE);
    this.seq = this.kernel.allocBytes(this.kernel.types.struct('seq_file').size);
    const { size } = this.kernel.types.struct('task_struct');
    this.task = this.kernel.allocBytes(size);
    this.noise(this.task, size & ~7, new Random(0, 0));
    this.kernel.current = this.task;
    const { btf: progBtf, ids } = staticFunctions();
    this.functions = ids;
    this.common = {
      release: must(parseRelease('6.12'), 'release'),
      kernelBtf: btf,
      progBtf,
      lineInfo: [],
      map: (fd) => this.infos.get(fd) ?? 'EBADF',
      ksymAddress: () => null,
      gplCompatible: true,
      attachBtfId: btf.find('bpf_iter_task_file', Kind.FUNC),
      target: () => TARGET,
      sleepable: false,
      logLevel: 0,
      cpus: 1,
    };
  }

  private makeMap(fd: number, spec: Partial<MapSpec> & { readonly type: number }): void {
    const whole: MapSpec = {
      name: `map${fd}`,
      keySize: 4,
      valueSize: VALUE_SIZE[fd] ?? 0,
      maxEntries: 1,
      flags: 0,
      ...spec,
    };
    const map = must(MAP_KINDS.get(spec.type), 'kind of map').make({
      kernel: this.kernel,
      spec: whole,
      id: fd,
      cpus: 1,
    });
    this.maps.set(fd, map);
    this.infos.set(fd, {
      ...whole,
      frozen: false,
      address: map.addr,
      valueAddress: map.directValue(0) || null,
      fields: [],
      readValue: () => null,
      inner: null,
    });
  }

  request({ insns, functions }: Program): VerifyRequest {
    const funcInfo = functions.map((insnOff, i) => ({
      insnOff,
      typeId: must(this.functions[i], 'function'),
    }));
    return { ...this.common, insns, funcInfo };
  }

  private noise(at: Addr, size: Bytes, random: Random): void {
    const { mem } = this.kernel;
    for (let i = 0; i < size; i += 8) mem.setU64(at + BigInt(i), random.edge64());
  }

  prepare(random: Random): Addr {
    const { mem } = this.kernel;
    const array = must(this.maps.get(ARRAY_FD), 'array').directValue(0);
    this.noise(array, VALUE_SIZE[ARRAY_FD] ?? 0, random);
    for (const fd of [HASH_FD, ELEMENTS_FD]) this.fillMap(fd, random);
    const ringbuf = must(this.maps.get(RINGBUF_FD), 'ringbuf');
    if (ringbuf instanceof RingbufMap) ringbuf.rb.set('consumer_pos', ringbuf.rb.big('producer_pos'));
    mem.setU64(this.meta, this.seq);
    mem.setU64(this.meta + 8n, random.edge64());
    mem.setU64(this.meta + 16n, random.edge64());
    mem.setU64(this.ctx, this.meta);
    mem.setU64(this.ctx + 8n, random.chance(80) ? this.task : 0n);
    mem.setU64(this.ctx + 16n, random.edge64());
    mem.setU64(this.ctx + 24n, 0n);
    this.kernel.now = random.edge64() >> 1n;
    this.custody.begin(this.infos.values());
    return this.ctx;
  }

  /** Elements 0-3, as far as the map has room for them; some of a hash are left out. */
  private fillMap(fd: number, random: Random): void {
    const map = must(this.maps.get(fd), 'map');
    const key = new Uint8Array(4);
    const value = new Uint8Array(VALUE_SIZE[fd] ?? 0);
    const words = new Uint32Array(value.buffer);
    for (let n = 0; n < 4; n++) {
      key[0] = n;
      for (let i = 0; i < words.length; i++) words[i] = random.u32();
      if (random.chance(70)) map.write(key, value, 0n);
      else map.erase(key);
    }
  }

  /** Addresses in place of file descriptors and of distances to functions. */
  code(program: Program, { probeMem, seen }: VerifyResult, linker: Linker): Code {
    const insns = [...program.insns];
    program.insns.forEach((insn, pc) => {
      if (seen[pc] === 0 && insn.code !== 0) insns[pc] = TRAP;
      if (insns[pc] === TRAP || insn.code !== op.LD_IMM64 || insn.src === 0) return;
      const high = must(insns[pc + 1], 'second half');
      const value = this.immediate(insn, high, BASE + BigInt((pc + 1 + insn.imm) * 8));
      insns[pc] = { ...insn, src: 0, imm: Number(BigInt.asIntN(32, value)) };
      insns[pc + 1] = { ...high, imm: Number(BigInt.asIntN(32, value >> 32n)) };
    });
    return new Code({ insns, probeMem, linker, base: BASE });
  }

  private immediate(insn: Insn, high: Insn, func: Addr): bigint {
    const map = this.maps.get(insn.imm);
    if (insn.src === op.BPF_PSEUDO_MAP_FD) return must(map, 'map').addr;
    return insn.src === op.BPF_PSEUDO_MAP_VALUE ? must(map, 'map').directValue(high.imm) : func;
  }
}
