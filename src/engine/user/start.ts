/**
 * How a program becomes a process: a shell forks, the child executes the image.
 *
 *     0x400000      ELF header | text | rodata | data | bss | heap ->        <- mmap | vvar, vdso | stack
 *
 * Source: fs/binfmt_elf.c, fs/exec.c.
 */
import { must } from '../../shared/assert.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import { EXTENDED_STACK } from '../cc/profile.ts';
import type { Image, SegmentKind } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { setPwd } from '../kernel/objects/fs_struct.ts';
import { putMm } from '../kernel/objects/mm.ts';
import { taskPidNrNs, taskActivePidNs } from '../kernel/objects/pid.ts';
import { getRef } from '../kernel/objects/refs.ts';
import { PF, setComm } from '../kernel/objects/task.ts';
import { cloneTask } from '../kernel/objects/task_clone.ts';
import type { View } from '../kernel/view.ts';
import { buildMm } from '../kernel/world_mm.ts';
import { AddressSpace, PROT } from './address_space.ts';
import type { UserHost } from './host.ts';
import { Process, Thread } from './process.ts';
import type { Program } from './process.ts';
import type { Userland } from './userland.ts';

const PAGE: Bytes = 4096;
/** Where the ELF header of an executable is mapped; its text follows. */
const EXEC_BASE = 0x40_0000n;
export const TEXT_BASE = EXEC_BASE + BigInt(PAGE);
const STACK_TOP = 0x7fff_ffff_f000n;
/** Above the stack proper: arguments, environment, the first thread's block. */
const ARGUMENT_BYTES: Bytes = 16 * PAGE;
const ARGUMENTS = STACK_TOP - BigInt(ARGUMENT_BYTES);
const STACK_LOW = ARGUMENTS - BigInt(EXTENDED_STACK);
/** mmap(2) looks for room downwards from here. */
export const MMAP_BASE = 0x7fff_f7ff_9000;
/** A thread's own block: errno, and what pthreads keep. */
export const AREA_BYTES: Bytes = 64;

const PERMS: Readonly<Record<SegmentKind, readonly [text: string, prot: number]>> = {
  text: ['r-xp', PROT.READ | PROT.EXEC],
  rodata: ['r--p', PROT.READ],
  data: ['rw-p', PROT.READ | PROT.WRITE],
  bss: ['rw-p', PROT.READ | PROT.WRITE],
};

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The mm as exec leaves it, without users. */
function execMm(host: UserHost, path: string, image: Image, placed: Placed, cred: View): View {
  const header = {
    start: hex(EXEC_BASE),
    end: hex(TEXT_BASE),
    perms: 'r--p',
    offset: '0x0',
    name: path,
  };
  const parts = image.segments.map(({ kind, addr, size }) => ({
    start: hex(addr),
    end: hex(addr + BigInt(alignUp(size, PAGE))),
    perms: PERMS[kind][0],
    offset: kind === 'bss' ? '0x0' : hex(addr - EXEC_BASE),
    name: kind === 'bss' ? '' : path,
  }));
  const top = parts.at(-1)?.end ?? hex(TEXT_BASE);
  const vmas = [
    header,
    ...parts,
    { start: '0x7ffff7ff9000', end: '0x7ffff7ffd000', perms: 'r--p', offset: '0x0', name: '[vvar]' },
    { start: '0x7ffff7ffd000', end: '0x7ffff7fff000', perms: 'r-xp', offset: '0x0', name: '[vdso]' },
    { start: hex(STACK_LOW), end: hex(STACK_TOP), perms: 'rw-p', offset: '0x0', name: '[stack]' },
  ];
  const { sys, files } = host.shell;
  return buildMm(
    sys.kernel,
    files,
    { exe: path, argv: [], env: [] },
    {
      vmas,
      layout: {
        start_brk: top,
        brk: top,
        start_stack: hex(ARGUMENTS),
        arg_start: hex(ARGUMENTS),
        arg_end: hex(placed.argEnd),
        env_start: hex(placed.argEnd),
        env_end: hex(placed.envEnd),
      },
    },
    { cred },
  );
}

/** Replaces a task's address space by that of a program. */
function exec(host: UserHost, task: View, { path, image }: Program, placed: Placed): AddressSpace {
  const { kernel } = host.shell.sys;
  const mm = getRef(execMm(host, path, image, placed, must(task.deref('cred'), 'cred')), 'mm_users');
  const old = task.deref('mm');
  task.set('mm', mm.addr);
  task.set('active_mm', mm.addr);
  mm.set('owner', task.addr);
  if (old) putMm(kernel, old);
  task.set('flags', task.num('flags') & ~PF.FORKNOEXEC);
  setComm(task, path.slice(path.lastIndexOf('/') + 1).slice(0, 15));
  const space = new AddressSpace(kernel, mm);
  for (const { kind, addr, size, bytes } of image.segments) {
    space.map({ start: addr, size: alignUp(size, PAGE), prot: PERMS[kind][1], vma: false });
    space.load(addr, bytes);
  }
  space.map({
    start: STACK_LOW,
    size: Number(STACK_TOP - STACK_LOW),
    prot: PROT.READ | PROT.WRITE,
    vma: false,
  });
  space.load(ARGUMENTS, placed.bytes);
  return space;
}

/** Where a new program finds its arguments: strings, the vectors that point at them, the first thread's block. */
interface Placed {
  readonly bytes: Uint8Array;
  readonly argEnd: Addr;
  readonly envEnd: Addr;
  readonly argv: Addr;
  readonly envp: Addr;
  readonly area: Addr;
}

/** Lays arguments and environment out above the stack, cut to the room that is there. */
function layOutArguments(argv: readonly string[], envp: readonly string[]): Placed {
  const bytes = new Uint8Array(ARGUMENT_BYTES);
  const view = new DataView(bytes.buffer);
  const room = ARGUMENT_BYTES - (argv.length + envp.length + 2) * 8 - AREA_BYTES - 16;
  let end = 0;
  const place = (texts: readonly string[]): bigint[] => {
    const at: bigint[] = [];
    for (const text of texts) {
      const string = latin1Encode(`${text}\0`);
      if (end + string.length > room) break;
      bytes.set(string, end);
      at.push(ARGUMENTS + BigInt(end));
      end += string.length;
    }
    return [...at, 0n];
  };
  const argWords = place(argv);
  const argEnd = end;
  const envWords = place(envp);
  const vectors = alignUp(end, 8);
  [...argWords, ...envWords].forEach((word, i) => view.setBigUint64(vectors + i * 8, word, true));
  const area = alignUp(vectors + (argWords.length + envWords.length) * 8, 16);
  return {
    bytes,
    argEnd: ARGUMENTS + BigInt(argEnd),
    envEnd: ARGUMENTS + BigInt(end),
    argv: ARGUMENTS + BigInt(vectors),
    envp: ARGUMENTS + BigInt(vectors + argWords.length * 8),
    area: ARGUMENTS + BigInt(area),
  };
}

export const pidOf = (kernel: Kernel, task: View): number =>
  taskPidNrNs(task, must(taskActivePidNs(kernel, task), 'pid namespace'));

/** A program is started where it stands. */
function changeDirectory({ shell }: UserHost, task: View, path: string): void {
  const fs = task.deref('fs');
  if (fs) setPwd(shell.sys.kernel, fs, shell.files.places.find(path, { mode: 0o40755 }));
}

/** A new process out of `parent`, which goes on. @returns the thread that will run main */
export function spawn(
  userland: Userland,
  parent: View,
  program: Program,
  argv: readonly string[],
  envp: readonly string[],
): Thread {
  const { kernel, host, files } = userland;
  const leader = cloneTask(kernel, parent);
  changeDirectory(host, leader, program.path.slice(0, program.path.lastIndexOf('/')));
  files.startFor(leader);
  const placed = layOutArguments(argv, envp);
  const space = exec(host, leader, program, placed);
  const process = new Process({ leader, parent: null, space, program, pid: pidOf(kernel, leader) });
  const slot = must(userland.takeSlot(), 'registers');
  const entry = must(program.image.symbols.get('_start'), '_start');
  const pc = userland.withRegisters(slot, space, program, (cpu) =>
    cpu.start(ARGUMENTS, entry, [BigInt(argv.length), placed.argv, placed.envp]),
  );
  const thread = new Thread(process, { task: leader, slot, pc, area: placed.area });
  userland.add(thread);
  return thread;
}
