/**
 * The ground of a compiler's program: a whole machine with its world, the object loaded, attached and read up
 * to some object of the walk. There it stays, and changed forms of the program are run on that object.
 */
import { must } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import { helperName } from '../../abi/helper_id.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { AttachType, MapType } from '../../abi/uapi.ts';
import type { Bpf } from '../../bpf/bpf.ts';
import { Prog, UnresolvedError, resolveInsns } from '../../bpf/prog.ts';
import type { BpfMap } from '../../bpf/map.ts';
import type { Session } from '../../iter/session.ts';
import { bootMachine } from '../../machine/boot.ts';
import type { BootOptions, Machine } from '../../machine/boot.ts';
import { readOnce } from '../../machine/play.ts';
import { loadProgram } from '../../machine/program.ts';
import type { Resources } from '../../machine/resources.ts';
import { requestFor } from '../../sys/prog_load.ts';
import type { ProgLoadAttr, ProgLoadResult } from '../../sys/prog_load.ts';
import { Code } from '../../vm/code.ts';
import type { Linker } from '../../vm/code.ts';
import type { MapInfo, VerifyRequest, VerifyResult } from '../request.ts';
import { Custody } from './custody.ts';
import type { Program } from './generate.ts';
import type { Ground } from './ground.ts';
import type { Random } from './random.ts';

export interface Specimen {
  readonly name: string;
  readonly object: Uint8Array;
}

/** Machines to boot, the same ones each time. */
export interface Nursery {
  readonly resources: Resources;
  readonly boot: BootOptions;
}

/** Where a program's functions seem to stand. */
const BASE: Addr = 0xffff_ffff_a000_0000n;
const READ_SIZE = 4096;
/** Maps whose lookups give the address of a value and nothing else does. */
const ACCOUNTED: ReadonlySet<number> = new Set([MapType.ARRAY, MapType.HASH, MapType.LRU_HASH]);

interface Loaded {
  readonly request: VerifyRequest;
  readonly fd: number;
}

/** Loads the object; what each program asked of the verifier is kept. */
function load(machine: Machine, { name, object }: Specimen): readonly Loaded[] {
  const { syscall, sys } = machine;
  const loads: Loaded[] = [];
  const watched: typeof syscall = Object.create(syscall, {
    progLoad: {
      value: (attr: ProgLoadAttr): ProgLoadResult => {
        const btf = attr.progBtfFd === 0 ? null : sys.fds.get('btf', attr.progBtfFd);
        const result = syscall.progLoad(attr);
        if (result.ret >= 0 && typeof btf !== 'number')
          loads.push({ request: requestFor(sys, attr, btf?.types ?? null), fd: result.ret });
        return result;
      },
    },
  });
  const { loaded } = loadProgram({ ...machine, syscall: watched }, { path: name, object });
  return loaded ? loads : [];
}

/** Opens a session and walks until the program has been called so many times, or the walk is over. */
function walk(machine: Machine, fd: number, calls: number): Session | null {
  const { sys, syscall } = machine;
  const linkFd = syscall.linkCreate({ progFd: fd, attachType: AttachType.TRACE_ITER, iterInfo: null });
  if (linkFd < 0) return null;
  const iterFd = syscall.iterCreate(linkFd);
  if (iterFd < 0) return null;
  const seen: Session[] = [];
  sys.watch = (session) => {
    seen.push(session);
    return {};
  };
  const read = readOnce(machine, iterFd, READ_SIZE, 0);
  while (seen.length < calls && !read.next().done);
  sys.watch = () => ({});
  return seen.at(-1) ?? null;
}

export class SpecimenGround implements Ground {
  readonly bpf: Bpf;
  readonly custody: Custody;
  readonly program: Program;
  readonly name: string;
  private readonly prog: Prog;
  private readonly asked: VerifyRequest;
  private readonly session: Session;
  private readonly context: Uint8Array;
  private readonly machine: Machine;
  private readonly infos: readonly MapInfo[];
  private readonly globals: readonly BpfMap[];

  private constructor(name: string, machine: Machine, { request, fd }: Loaded, session: Session) {
    this.name = name;
    const prog = machine.sys.fds.get('prog', fd);
    this.prog = must(prog instanceof Prog ? prog : null, 'program');
    this.machine = machine;
    this.bpf = machine.bpf;
    this.custody = new Custody(this.bpf);
    this.asked = { ...request, lineInfo: [], logLevel: 0, keepStates: false };
    this.session = session;
    this.program = { insns: request.insns, functions: [] };
    this.context = machine.kernel.mem.bytes(session.ctxAddr, session.ctxSize);
    const used = [...this.prog.mapsByFd];
    const callsBack = request.insns.some(
      ({ code, src, imm }) =>
        code === (op.BPF_JMP | op.BPF_CALL) && src === 0 && helperName(imm) === 'bpf_for_each_map_elem',
    );
    this.infos = callsBack
      ? []
      : used.flatMap(([mapFd]) => {
          const info = request.map(mapFd);
          return typeof info !== 'string' && ACCOUNTED.has(info.type) ? [info] : [];
        });
    this.globals = used.flatMap(([, map]) =>
      map.spec.type === MapType.ARRAY && map.special.length === 0 && !map.frozen ? [map] : [],
    );
  }

  /** @param which one of the object's programs @returns null when the object has no such program that runs */
  static open(nursery: Nursery, specimen: Specimen, which: number, calls: number): SpecimenGround | null {
    const machine = bootMachine(nursery.resources, nursery.boot);
    const loads = load(machine, specimen);
    const loaded = loads[which % Math.max(1, loads.length)];
    const session = loaded && walk(machine, loaded.fd, calls);
    return loaded && session
      ? new SpecimenGround(`${specimen.name} ${which}`, machine, loaded, session)
      : null;
  }

  request({ insns }: Program): VerifyRequest {
    return { ...this.asked, insns };
  }

  prepare(random: Random, run: number): Addr {
    const { mem } = this.machine.kernel;
    const { session } = this;
    session.seq.allocBuffer(READ_SIZE);
    session.seq.count = 0;
    mem.setBytes(session.ctxAddr, this.context);
    // the last call, which sees no object
    if (run > 0 && random.chance(50))
      for (const { offset, type } of session.reg.ctxArgs)
        if (type.endsWith('_or_null')) mem.setU64(session.ctxAddr + BigInt(offset), 0n);
    for (const map of this.globals) {
      const at = map.directValue(0);
      if (at === 0n || random.chance(50)) continue;
      for (let i = 0; i + 8 <= map.spec.valueSize; i += 8) mem.setU64(at + BigInt(i), random.edge64());
    }
    this.custody.begin(this.infos);
    return session.ctxAddr;
  }

  code({ insns }: Program, { probeMem, seen }: VerifyResult, linker: Linker): Code | null {
    try {
      const spec = { ...this.prog.spec, insns, seen };
      const resolved: Insn[] = resolveInsns(this.machine.kernel, spec, BASE, new Map());
      const missing = resolved.some(
        ({ code, src, imm, off }) =>
          code === (op.BPF_JMP | op.BPF_CALL) &&
          ((src === 0 && !linker.helper(imm)) ||
            (src === op.BPF_PSEUDO_KFUNC_CALL && !linker.kfunc(imm, off))),
      );
      return missing ? null : new Code({ insns: resolved, probeMem, linker, base: BASE });
    } catch (error) {
      if (error instanceof UnresolvedError) return null;
      throw error;
    }
  }
}
