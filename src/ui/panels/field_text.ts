/**
 * Values as kernel people read them: flags by their names, addresses and modes in their base. A table by struct
 * and field; what is not in it stays as the engine says it.
 */
import type { PeekField } from '../../protocol/peek.ts';

type Flags = readonly (readonly [number, string])[];

/** Access mode apart: it is a number of two bits. Values of x86-64. */
const OPEN_FLAGS: Flags = [
  [0o100, 'O_CREAT'],
  [0o200, 'O_EXCL'],
  [0o400, 'O_NOCTTY'],
  [0o1000, 'O_TRUNC'],
  [0o2000, 'O_APPEND'],
  [0o4000, 'O_NONBLOCK'],
  [0o10000, 'O_DSYNC'],
  [0o40000, 'O_DIRECT'],
  [0o100000, 'O_LARGEFILE'],
  [0o200000, 'O_DIRECTORY'],
  [0o400000, 'O_NOFOLLOW'],
  [0o1000000, 'O_NOATIME'],
  [0o2000000, 'O_CLOEXEC'],
  [0o10000000, 'O_PATH'],
];
const ACCESS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'] as const;
const VM_FLAGS: Flags = [
  [0x1, 'READ'],
  [0x2, 'WRITE'],
  [0x4, 'EXEC'],
  [0x8, 'SHARED'],
  [0x10, 'MAYREAD'],
  [0x20, 'MAYWRITE'],
  [0x40, 'MAYEXEC'],
  [0x80, 'MAYSHARE'],
  [0x100, 'GROWSDOWN'],
  [0x400, 'PFNMAP'],
  [0x2000, 'LOCKED'],
  [0x4000, 'IO'],
  [0x100000, 'ACCOUNT'],
  [0x40000, 'DONTEXPAND'],
];
const TASK_FLAGS: Flags = [
  [0x4, 'PF_EXITING'],
  [0x10, 'PF_IO_WORKER'],
  [0x20, 'PF_WQ_WORKER'],
  [0x40, 'PF_FORKNOEXEC'],
  [0x100, 'PF_SUPERPRIV'],
  [0x400, 'PF_SIGNALED'],
  [0x200000, 'PF_KTHREAD'],
  [0x400000, 'PF_RANDOMIZE'],
];
const TASK_STATES: Flags = [
  [0x1, 'TASK_INTERRUPTIBLE'],
  [0x2, 'TASK_UNINTERRUPTIBLE'],
  [0x4, '__TASK_STOPPED'],
  [0x8, '__TASK_TRACED'],
  [0x400, 'TASK_NOLOAD'],
];
const FILE_TYPES: Readonly<Record<number, string>> = {
  0o010000: 'S_IFIFO',
  0o020000: 'S_IFCHR',
  0o040000: 'S_IFDIR',
  0o060000: 'S_IFBLK',
  0o100000: 'S_IFREG',
  0o120000: 'S_IFLNK',
  0o140000: 'S_IFSOCK',
};

const hex = (n: number): string => `0x${n.toString(16)}`;

/** Names of the bits, and in hex what has no name here. */
function named(value: number, flags: Flags, zero: string): string {
  const names = flags.flatMap(([bit, name]) => ((value & bit) !== 0 ? [name] : []));
  const rest = flags.reduce((left, [bit]) => left & ~bit, value) >>> 0;
  if (rest !== 0) names.push(hex(rest));
  return names.length === 0 ? zero : names.join(' | ');
}

const inHex = (value: number): string => hex(value);
const openFlags = (value: number): string => {
  const more = named(value & ~3, OPEN_FLAGS, '');
  return [ACCESS[value & 3] ?? hex(value & 3), ...(more ? [more] : [])].join(' | ');
};
const mode = (value: number): string =>
  `${FILE_TYPES[value & 0o170000] ?? '0'} | 0${(value & 0o7777).toString(8)}`;

/** By struct and field. */
const TEXT: Readonly<Record<string, (value: number) => string>> = {
  'file.f_flags': openFlags,
  'file.f_mode': inHex,
  'inode.i_mode': mode,
  'vm_area_struct.vm_start': inHex,
  'vm_area_struct.vm_end': inHex,
  'vm_area_struct.vm_flags': (value) => named(value, VM_FLAGS, '0'),
  'vm_area_struct.__vm_flags': (value) => named(value, VM_FLAGS, '0'),
  'mm_struct.start_code': inHex,
  'mm_struct.end_code': inHex,
  'mm_struct.start_brk': inHex,
  'mm_struct.brk': inHex,
  'mm_struct.start_stack': inHex,
  'task_struct.flags': (value) => named(value, TASK_FLAGS, '0'),
  'task_struct.__state': (value) => named(value, TASK_STATES, 'TASK_RUNNING'),
};

/** The end of a chain of a hash table says, shifted by one, which bucket it is the end of. */
const NULLS_TYPE = /\bhlist_nulls_node\b/;
const nullsText = (addr: bigint): string => `nulls ${addr >> 1n}`;

/** The field's value in words, where the kernel has words for it. */
export function fieldText(struct: string, field: PeekField): string {
  const { pointer } = field;
  if (pointer && (pointer.addr & 1n) === 1n && NULLS_TYPE.test(field.type)) return nullsText(pointer.addr);
  const text = TEXT[`${struct}.${field.path}`];
  return text && /^\d+$/.test(field.value) ? text(Number(field.value)) : field.value;
}
