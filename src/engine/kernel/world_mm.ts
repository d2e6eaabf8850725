/**
 * Address spaces of a world: VMAs as /proc/PID/maps and VmFlags tell them, or an ordinary program's when
 * the world says nothing.
 */
import { latin1Encode } from '../../shared/utf8.ts';
import { PAGE_SIZE } from './address.ts';
import type { Kernel } from './kernel.ts';
import { LAYOUT_FIELDS, mapVmas, newMm, VM } from './objects/mm.ts';
import type { MmLayout, VmaSpec } from './objects/mm.ts';
import { fput } from './objects/file.ts';
import { setUserBytes } from './objects/user_bytes.ts';
import type { View } from './view.ts';
import type { FileOwner, WorldFiles } from './world_files.ts';
import type { WorldMm, WorldProcess, WorldVma } from './world_schema.ts';

/** Two-letter words of VmFlags. @kernel show_smap_vma_flags, fs/proc/task_mmu.c @fidelity full: world.test.ts */
const VM_FLAG_WORDS: Readonly<Record<string, number>> = {
  rd: 0x1,
  wr: 0x2,
  ex: 0x4,
  sh: 0x8,
  mr: 0x10,
  mw: 0x20,
  me: 0x40,
  ms: 0x80,
  gd: 0x100,
  pf: 0x400,
  lo: 0x2000,
  io: 0x4000,
  sr: 0x8000,
  rr: 0x10000,
  dc: 0x20000,
  de: 0x40000,
  lf: 0x80000,
  ac: 0x100000,
  nr: 0x200000,
  ht: 0x400000,
  sf: 0x800000,
  ar: 0x1000000,
  wf: 0x2000000,
  dd: 0x4000000,
  sd: 0x8000000,
  mm: 0x10000000,
  hg: 0x20000000,
  nh: 0x40000000,
  mg: 0x80000000,
};
/** Everything may be made readable, writable, executable: VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC. */
const MAY_ALL = 0x70;
const PAGE_BITS = 12n;
const SPECIAL = /^\[(vdso|vvar|vvar_vclock|vsyscall|uprobes)\]$/;

const flagsOf = (vma: WorldVma): number =>
  vma.flags === undefined
    ? flagsFromPerms(vma)
    : vma.flags
        .trim()
        .split(/\s+/)
        .reduce((bits, word) => bits + (VM_FLAG_WORDS[word] ?? 0), 0);

function flagsFromPerms({ perms, name }: WorldVma): number {
  const shared = perms[3] === 's';
  const writable = perms[1] === 'w';
  return (
    (perms[0] === 'r' ? VM.READ : 0) |
    (writable ? VM.WRITE : 0) |
    (perms[2] === 'x' ? VM.EXEC : 0) |
    (shared ? VM.SHARED | 0x80 : 0) |
    MAY_ALL |
    (name === '[stack]' ? VM.GROWSDOWN : 0) |
    (writable && !shared ? VM.ACCOUNT : 0)
  );
}

const OPS_BY_FSTYPE: Readonly<Record<string, string>> = {
  devtmpfs: 'shmem_vm_ops',
  ext4: 'ext4_file_vm_ops',
  rootfs: 'shmem_vm_ops',
  tmpfs: 'shmem_vm_ops',
};

/** What open(2) and mmap(2) make of an area; the caller drops the file's reference. */
export function vmaSpec(
  files: WorldFiles,
  owner: FileOwner,
  exe: View | null,
  exePath: string,
  vma: WorldVma,
): VmaSpec {
  const start = BigInt(vma.start);
  const special = SPECIAL.test(vma.name) ? vma.name : '';
  const named = vma.name !== '' && !vma.name.startsWith('[');
  const open = (): View =>
    files.open(
      { path: vma.name, flags: '0100000', pos: '0', mode: '100644', ino: vma.ino, dev: vma.dev },
      owner,
    );
  const file = named ? (vma.name === exePath && exe ? exe : open()) : null;
  const anonymousShared = named && vma.name === '/dev/zero (deleted)';
  const byFs = OPS_BY_FSTYPE[named ? files.places.fstypeOf(vma.name) : ''] ?? 'generic_file_vm_ops';
  const mapped = anonymousShared ? 'shmem_anon_vm_ops' : byFs;
  return {
    start,
    end: BigInt(vma.end),
    flags: flagsOf(vma),
    pgoff: named ? BigInt(vma.offset) >> PAGE_BITS : special === '' ? start >> PAGE_BITS : 0n,
    file,
    ops: named ? mapped : special === '' ? '' : 'special_mapping_vmops',
    special,
  };
}

/** Where an ordinary static program's parts lie, without address space randomisation. */
const ORDINARY: readonly (readonly [
  start: bigint,
  pages: bigint,
  perms: string,
  offset: string,
  name: string,
])[] = [
  [0x40_0000n, 1n, 'r--p', '0x0', 'exe'],
  [0x40_1000n, 140n, 'r-xp', '0x1000', 'exe'],
  [0x48_d000n, 40n, 'r--p', '0x8d000', 'exe'],
  [0x4b_5000n, 3n, 'rw-p', '0xb5000', 'exe'],
  [0x4b_8000n, 34n, 'rw-p', '0x0', '[heap]'],
  [0x7fff_f7ff_9000n, 4n, 'r--p', '0x0', '[vvar]'],
  [0x7fff_f7ff_d000n, 2n, 'r-xp', '0x0', '[vdso]'],
  [0x7fff_fffd_e000n, 33n, 'rw-p', '0x0', '[stack]'],
];

/** The address space of a process whose world only names its program. */
export function ordinaryMm(exe: string): WorldMm {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  return {
    vmas: ORDINARY.map(([start, pages, perms, offset, name]) => ({
      start: hex(start),
      end: hex(start + (pages << PAGE_BITS)),
      perms,
      offset,
      name: name === 'exe' ? exe : name,
    })),
    layout: {},
  };
}

/** What exec puts on the stack of a new program: strings with their NULs, one behind the other. */
interface StartStrings {
  readonly argv: Uint8Array;
  readonly env: Uint8Array;
}
function startStrings({ argv, env }: Pick<WorldProcess, 'argv' | 'env'>, exe: string): StartStrings {
  const bytes = (texts: readonly string[]): Uint8Array =>
    latin1Encode(texts.map((text) => `${text}\0`).join(''));
  return { argv: bytes(argv ?? (exe === '' ? [] : [exe])), env: bytes(env) };
}

/** The boundaries that exec would have noted, from where the parts lie; `given` overrides. */
function layoutOf({ vmas, layout }: WorldMm, { argv, env }: StartStrings): MmLayout {
  const part = (test: (vma: WorldVma) => boolean): { start: bigint; end: bigint } => {
    const found = vmas.find(test);
    return { start: BigInt(found?.start ?? 0), end: BigInt(found?.end ?? 0) };
  };
  const code = part((vma) => vma.perms[2] === 'x' && vma.name !== '');
  const data = part((vma) => vma.perms.startsWith('rw') && vma.name.startsWith('/'));
  const heap = part((vma) => vma.name === '[heap]');
  const stack = part((vma) => vma.name === '[stack]');
  const pages = BigInt(Math.ceil(Math.max(1, argv.length + env.length) / PAGE_SIZE));
  const top = stack.end === 0n ? 0n : stack.end - (pages << PAGE_BITS);
  const guess: MmLayout = {
    start_code: code.start,
    end_code: code.end,
    start_data: data.start,
    end_data: data.end,
    start_brk: heap.start,
    brk: heap.end,
    start_stack: top === 0n ? 0n : top - 0x200n,
    arg_start: top,
    arg_end: top === 0n ? 0n : top + BigInt(argv.length),
    env_start: top === 0n ? 0n : top + BigInt(argv.length),
    env_end: top === 0n ? 0n : top + BigInt(argv.length + env.length),
  };
  const given = LAYOUT_FIELDS.filter((name) => layout[name] !== undefined);
  return { ...guess, ...Object.fromEntries(given.map((name) => [name, BigInt(layout[name] ?? 0)])) };
}

/** Order of rss_stat: MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES. */
const RSS_COUNTERS = ['file', 'anon', 'swap', 'shmem'] as const;
/** O_LARGEFILE | __FMODE_EXEC: how exec opens a program. */
const EXEC_FLAGS = '0100040';

/** Where the world says nothing, a program has touched all of its file's pages and its heap, and one page of stack. */
function residentPages(vmas: readonly WorldVma[]): NonNullable<WorldMm['rss']> {
  const pages = (test: (vma: WorldVma) => boolean): number =>
    vmas
      .filter(test)
      .reduce((sum, vma) => sum + Number((BigInt(vma.end) - BigInt(vma.start)) >> PAGE_BITS), 0);
  return {
    file: pages(({ name, perms }) => name.startsWith('/') && perms[1] === '-'),
    anon: pages(({ name, perms }) => perms.startsWith('rw-p') && name !== '[stack]') + 1,
    swap: 0,
    shmem: 0,
  };
}

const ENTRIES = 512;
/** Where the world says nothing: one table at each of three levels, and as many of the lowest as pages need. */
const pageTables = (pages: number): number => PAGE_SIZE * (3 + Math.ceil(pages / ENTRIES));

/** Builds the address space; nobody uses it yet. */
export function buildMm(
  kernel: Kernel,
  files: WorldFiles,
  process: Pick<WorldProcess, 'exe' | 'argv' | 'env'>,
  spec: WorldMm,
  owner: FileOwner,
): View {
  const exePath = process.exe ?? '';
  const exeVma = spec.vmas.find((vma) => vma.name === exePath);
  const exe =
    exePath === ''
      ? null
      : files.open(
          { path: exePath, flags: EXEC_FLAGS, pos: '0', mode: '100755', ino: exeVma?.ino, dev: exeVma?.dev },
          owner,
        );
  const strings = startStrings(process, exePath);
  const layout = layoutOf(spec, strings);
  const mm = newMm(kernel, layout, exe);
  setUserBytes(kernel, mm, layout.arg_start, strings.argv);
  setUserBytes(kernel, mm, layout.env_start, strings.env);
  const rss = spec.rss ?? residentPages(spec.vmas);
  RSS_COUNTERS.forEach((name, i) => mm.trySet(`rss_stat[${i}].count`, rss[name]));
  const specs = spec.vmas.map((vma) => vmaSpec(files, owner, exe, exePath, vma));
  mapVmas(kernel, mm, specs);
  for (const { file } of specs) if (file && file.addr !== exe?.addr) fput(kernel, file);
  if (exe) fput(kernel, exe);
  const vdso = spec.vmas.find((vma) => vma.name === '[vdso]');
  mm.trySet('hiwater_vm', spec.peakVm ?? mm.big('total_vm'));
  mm.trySet('hiwater_rss', spec.peakRss ?? rss.file + rss.anon + rss.shmem);
  mm.trySet('pinned_vm', spec.pinned ?? 0);
  mm.trySet('pgtables_bytes', spec.pageTables ?? pageTables(mm.num('total_vm')));
  if (vdso && mm.has('context.vdso')) mm.set('context.vdso', BigInt(vdso.start));
  return mm;
}
