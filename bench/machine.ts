/** Machines for benchmarks: built from a world, with or without a recorder, and programs walked on them. */
import { parseRelease } from '../src/engine/abi/releases.ts';
import { AttachType } from '../src/engine/abi/uapi.ts';
import { Bpf } from '../src/engine/bpf/bpf.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { TARGETS } from '../src/engine/iter/targets/index.ts';
import { makeWorld } from '../src/engine/kernel/build_world.ts';
import type { World } from '../src/engine/kernel/world.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { readOnce } from '../src/engine/machine/play.ts';
import { chooseProgram, compileSource, loadProgram } from '../src/engine/machine/program.ts';
import { BpfSyscall } from '../src/engine/sys/bpf.ts';
import { Sys } from '../src/engine/sys/sys.ts';
import { Recorder } from '../src/engine/trace/recorder.ts';
import { WorldScript } from '../src/engine/machine/script.ts';
import { verify } from '../src/engine/verifier/verify.ts';
import { must } from '../src/shared/assert.ts';
import { resources } from '../app/resources.ts';

/** Types of the kernel that ships, parsed once. */
export const shippedBtf: Btf = Btf.parse(resources.btf());

const READ_SIZE = 65_536;

/** A machine whose sessions are recorded, or not at all. */
export function machineOf(world: World, recorded: boolean): Machine {
  const release = must(parseRelease(world.release), 'release');
  const built = makeWorld(world, { btf: shippedBtf });
  const { kernel } = built;
  const bpf = new Bpf(kernel);
  const recorder = new Recorder();
  const sys = new Sys({ bpf, release, verify, recorder: recorded ? recorder : null });
  for (const target of TARGETS) sys.iter.register(target);
  const script = new WorldScript(built, world.script);
  const { files } = built;
  return {
    world,
    release,
    kernel,
    files,
    bpf,
    sys,
    syscall: new BpfSyscall(sys),
    recorder,
    module: null,
    script,
  };
}

/** Compiles and loads a program. @returns its fd */
export function loadSource(machine: Machine, path: string, text: string): number {
  const { object, diagnostics } = compileSource({ path, text }, machine.kernel.btf);
  const bytes = must(object, `${path} compiles: ${diagnostics.map((d) => d.message).join('; ')}`);
  const { loaded, messages } = loadProgram(machine, { path, object: bytes });
  return must(chooseProgram(must(loaded, messages.join('')), undefined), 'an iterator program').ret;
}

/** @returns fd of a link that sees everything */
export const attachAll = ({ syscall }: Machine, progFd: number): number =>
  syscall.linkCreate({ progFd, attachType: AttachType.TRACE_ITER, iterInfo: null });

/** Opens an iterator file and reads it to its end. @returns what was read */
export function readAll(machine: Machine, linkFd: number): Uint8Array[] {
  const fd = machine.syscall.iterCreate(linkFd);
  const parts: Uint8Array[] = [];
  for (;;) {
    const read = readOnce(machine, fd, READ_SIZE, parts.length);
    let step = read.next();
    while (!step.done) step = read.next();
    if (step.value.ret < 0) throw new Error(`read(2) answered ${step.value.ret}`);
    if (step.value.ret === 0) break;
    parts.push(step.value.bytes);
  }
  machine.syscall.close(fd);
  return parts;
}
