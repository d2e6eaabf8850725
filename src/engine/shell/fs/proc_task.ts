/**
 * What /proc/PID tells of a task, read from its structs: status, stat, statm, maps and the short ones.
 *
 * Source: fs/proc/array.c, fs/proc/task_mmu.c, fs/proc/base.c, Linux 6.12.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import { cgroupName, cgroupParent, taskCgroup } from '../../kernel/objects/cgroup.ts';
import { initialNamespace } from '../../kernel/objects/namespace.ts';
import { PidType, taskActivePidNs, taskPidNrNs } from '../../kernel/objects/pid.ts';
import { VM, vmas } from '../../kernel/objects/mm.ts';
import { isGroupLeader, PF } from '../../kernel/objects/task.ts';
import { major, minor } from '../../kernel/objects/inode.ts';
import type { View } from '../../kernel/view.ts';
import { pathText } from '../../vfs/path.ts';

const PAGE = 4096n;
const NSEC_PER_TICK = 10_000_000n;
const U64 = (1n << 64n) - 1n;

/** State letter and word. The first whose bits are set; 0 is running. */
const STATES: readonly (readonly [bits: number, text: string])[] = [
  [0x1, 'S (sleeping)'],
  [0x2, 'D (disk sleep)'],
  [0x4, 'T (stopped)'],
  [0x8, 't (tracing stop)'],
  [0x10, 'X (dead)'],
  [0x20, 'Z (zombie)'],
  [0x40, 'P (parked)'],
];
const TASK_IDLE = 0x402;

/** @kernel get_task_state, fs/proc/array.c @fidelity full: app/shell_proc.test.ts */
export function stateText(task: View): string {
  const state = task.num('__state');
  if ((state & TASK_IDLE) === TASK_IDLE) return 'I (idle)';
  const exit = task.num('exit_state');
  const bits = (state & 0x4f) | exit;
  return STATES.toReversed().find(([bit]) => (bits & bit) !== 0)?.[1] ?? 'R (running)';
}

const number = (view: View | null, field: string): bigint => (view?.has(field) ? view.big(field) : 0n);
const kB = (pages: bigint): string => `${String((pages * PAGE) / 1024n).padStart(8)} kB`;
const hex16 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

/** MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES */
const rss = (mm: View, counter: number): bigint => number(mm, `rss_stat[${counter}].count`);

/** Pages of the program's text and of what else is executable. */
function textPages(mm: View): { readonly text: bigint; readonly lib: bigint } {
  const from = (mm.big('start_code') / PAGE) * PAGE;
  const to = ((mm.big('end_code') + PAGE - 1n) / PAGE) * PAGE;
  const exec = mm.big('exec_vm');
  const whole = to > from ? (to - from) / PAGE : 0n;
  const text = whole < exec ? whole : exec;
  return { text, lib: exec - text };
}

function memoryLines(mm: View): string[] {
  const total = mm.big('total_vm');
  const peak = number(mm, 'hiwater_vm');
  const resident = rss(mm, 0) + rss(mm, 1) + rss(mm, 3);
  const highest = number(mm, 'hiwater_rss');
  const { text, lib } = textPages(mm);
  return [
    `VmPeak:\t${kB(peak > total ? peak : total)}`,
    `VmSize:\t${kB(total)}`,
    `VmLck:\t${kB(mm.big('locked_vm'))}`,
    `VmPin:\t${kB(number(mm, 'pinned_vm'))}`,
    `VmHWM:\t${kB(highest > resident ? highest : resident)}`,
    `VmRSS:\t${kB(resident)}`,
    `RssAnon:\t${kB(rss(mm, 1))}`,
    `RssFile:\t${kB(rss(mm, 0))}`,
    `RssShmem:\t${kB(rss(mm, 3))}`,
    `VmData:\t${kB(mm.big('data_vm'))}`,
    `VmStk:\t${kB(mm.big('stack_vm'))}`,
    `VmExe:\t${kB(text)}`,
    `VmLib:\t${kB(lib)}`,
    `VmPTE:\t${String(number(mm, 'pgtables_bytes') / 1024n).padStart(8)} kB`,
    `VmSwap:\t${kB(rss(mm, 2))}`,
    `HugetlbPages:\t${kB(0n)}`,
    'CoreDumping:\t0',
    'THP_enabled:\t1',
    'untag_mask:\t0xffffffffffffffff',
  ];
}

function groupsOf(cred: View | null): number[] {
  const info = cred?.deref('group_info');
  const count = info?.num('ngroups') ?? 0;
  return Array.from({ length: count }, (_, i) => info?.mem.u32(info.at('gid') + BigInt(4 * i)) ?? 0);
}

/** The pid namespaces in which a task has a number, from the caller's down to its own. */
function namespacesBelow(kernel: Kernel, task: View, ns: View): View[] {
  const all: View[] = [];
  for (let at = taskActivePidNs(kernel, task); at; at = at.deref('parent')) {
    all.unshift(at);
    if (at.addr === ns.addr) break;
  }
  return all;
}

const MEMS_ALLOWED = [...Array<string>(31).fill('00000000'), '00000001'].join(',');
const CAPABILITIES = [
  ['CapInh', 'cap_inheritable'],
  ['CapPrm', 'cap_permitted'],
  ['CapEff', 'cap_effective'],
  ['CapBnd', 'cap_bset'],
  ['CapAmb', 'cap_ambient'],
] as const;

/**
 * @kernel proc_pid_status, fs/proc/array.c
 * @fidelity partial: signals, seccomp, CPU and memory masks are those of an ordinary task
 */
export function statusText(kernel: Kernel, task: View, ns: View): string {
  const cred = task.deref('real_cred');
  const levels = namespacesBelow(kernel, task, ns);
  const kthread = (task.num('flags') & PF.KTHREAD) !== 0;
  const mm = task.deref('mm');
  const numbers = (type: PidType): string =>
    levels.map((level) => `\t${taskPidNrNs(task, level, type)}`).join('');
  const ids = (kind: 'uid' | 'gid'): string =>
    ['', 'e', 's', 'fs'].map((prefix) => `\t${cred?.num(`${prefix}${kind}`) ?? 0}`).join('');
  const parent = task.deref('real_parent');
  const lines = [
    `Name:\t${escapeName(task.str('comm'))}`,
    ...(task.ptr('fs') === 0n
      ? []
      : [`Umask:\t${(task.deref('fs')?.num('umask') ?? 0).toString(8).padStart(4, '0')}`]),
    `State:\t${stateText(task)}`,
    `Tgid:\t${taskPidNrNs(task, ns, PidType.TGID)}`,
    'Ngid:\t0',
    `Pid:\t${taskPidNrNs(task, ns)}`,
    `PPid:\t${parent ? taskPidNrNs(parent, ns, PidType.TGID) : 0}`,
    'TracerPid:\t0',
    `Uid:${ids('uid')}`,
    `Gid:${ids('gid')}`,
    `FDSize:\t${task.deref('files')?.deref('fdt')?.num('max_fds') ?? 0}`,
    `Groups:\t${groupsOf(cred).join(' ')} `,
    `NStgid:${numbers(PidType.TGID)}`,
    `NSpid:${numbers(PidType.PID)}`,
    `NSpgid:${numbers(PidType.PGID)}`,
    `NSsid:${numbers(PidType.SID)}`,
    `Kthread:\t${kthread ? 1 : 0}`,
    ...(mm ? memoryLines(mm) : []),
    `Threads:\t${task.deref('signal')?.num('nr_threads') ?? 1}`,
    'SigQ:\t0/11862',
    `SigPnd:\t${hex16(0n)}`,
    `ShdPnd:\t${hex16(0n)}`,
    `SigBlk:\t${hex16(0n)}`,
    `SigIgn:\t${hex16(kthread ? U64 : 0n)}`,
    `SigCgt:\t${hex16(0n)}`,
    ...CAPABILITIES.map(([name, field]) => `${name}:\t${hex16(number(cred, field))}`),
    'NoNewPrivs:\t0',
    'Seccomp:\t0',
    'Seccomp_filters:\t0',
    'Speculation_Store_Bypass:\tnot vulnerable',
    'SpeculationIndirectBranch:\talways enabled',
    'Cpus_allowed:\t1',
    'Cpus_allowed_list:\t0',
    `Mems_allowed:\t${MEMS_ALLOWED}`,
    'Mems_allowed_list:\t0',
    `voluntary_ctxt_switches:\t${number(task, 'nvcsw')}`,
    `nonvoluntary_ctxt_switches:\t${number(task, 'nivcsw')}`,
    'x86_Thread_features:\t',
    'x86_Thread_features_locked:\t',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const escapeName = (name: string): string => name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** @kernel do_task_stat, fs/proc/array.c @fidelity partial: no signals, no times of children, no instruction pointer */
export function statText(kernel: Kernel, task: View, ns: View): string {
  const mm = task.deref('mm');
  const leaves = (type: PidType): number => taskPidNrNs(task, ns, type);
  const parent = task.deref('real_parent');
  const staticPrio = task.num('static_prio');
  const policy = number(task, 'policy');
  const rtPriority = number(task, 'rt_priority');
  const kthread = (task.num('flags') & PF.KTHREAD) !== 0;
  const at = (field: string): bigint => (mm ? mm.big(field) : 0n);
  const resident = mm ? rss(mm, 0) + rss(mm, 1) + rss(mm, 3) : 0n;
  const fields: readonly (string | number | bigint)[] = [
    leaves(PidType.PID),
    `(${task.str('comm')})`,
    stateText(task)[0] ?? 'R',
    parent ? taskPidNrNs(parent, ns, PidType.TGID) : 0,
    leaves(PidType.PGID),
    leaves(PidType.SID),
    0,
    -1,
    task.num('flags') >>> 0,
    number(task, 'min_flt'),
    0,
    number(task, 'maj_flt'),
    0,
    number(task, 'utime') / NSEC_PER_TICK,
    number(task, 'stime') / NSEC_PER_TICK,
    0,
    0,
    rtPriority > 0n ? -1n - rtPriority : BigInt(staticPrio - 100),
    staticPrio - 120,
    task.deref('signal')?.num('nr_threads') ?? 1,
    0,
    task.big('start_boottime') / NSEC_PER_TICK,
    mm ? mm.big('total_vm') * PAGE : 0,
    resident,
    U64,
    at('start_code'),
    at('end_code'),
    at('start_stack'),
    0,
    0,
    0,
    0,
    kthread ? 2_147_483_647 : 0,
    0,
    task.num('__state') === 0 ? 0 : 1,
    0,
    0,
    isGroupLeader(task) ? task.num('exit_signal') : -1,
    number(task, 'thread_info.cpu'),
    rtPriority,
    policy,
    0,
    0,
    0,
    at('start_data'),
    at('end_data'),
    at('start_brk'),
    at('arg_start'),
    at('arg_end'),
    at('env_start'),
    at('env_end'),
    task.num('exit_code'),
  ];
  return `${fields.join(' ')}\n`;
}

/** @kernel proc_pid_statm, fs/proc/array.c @fidelity full: app/shell_proc.test.ts */
export function statmText(task: View): string {
  const mm = task.deref('mm');
  if (!mm) return '0 0 0 0 0 0 0\n';
  const { text } = textPages(mm);
  const shared = rss(mm, 0) + rss(mm, 3);
  return `${[mm.big('total_vm'), shared + rss(mm, 1), shared, text, 0, mm.big('data_vm') + mm.big('stack_vm'), 0].join(' ')}\n`;
}

const NAME_COLUMN = 73;
const twoHex = (n: number): string => n.toString(16).padStart(2, '0');

/** @kernel show_map_vma, fs/proc/task_mmu.c @fidelity partial: names given with prctl are not modelled */
export function mapsText(kernel: Kernel, task: View): string {
  const mm = task.deref('mm');
  return mm ? [...vmas(kernel, mm)].map((vma) => mapsLine(kernel, mm, vma)).join('') : '';
}

function mapsLine(kernel: Kernel, mm: View, vma: View): string {
  const start = vma.big('vm_start');
  const end = vma.big('vm_end');
  const flags = vma.num('vm_flags');
  const file = vma.deref('vm_file');
  const inode = file?.deref('f_inode');
  const dev = inode?.deref('i_sb')?.num('s_dev') ?? 0;
  const bit = (flag: number, letter: string): string => ((flags & flag) !== 0 ? letter : '-');
  const perms = bit(VM.READ, 'r') + bit(VM.WRITE, 'w') + bit(VM.EXEC, 'x');
  const address = (at: bigint): string => at.toString(16).padStart(8, '0');
  const offset = file ? vma.big('vm_pgoff') * PAGE : 0n;
  const head =
    `${address(start)}-${address(end)} ${perms}${(flags & 0x80) !== 0 ? 's' : 'p'} ` +
    `${address(offset)} ${twoHex(major(dev))}:${twoHex(minor(dev))} ${inode?.big('i_ino') ?? 0n} `;
  const name = file
    ? pathText(kernel, file.sub('f_path')).replaceAll('\n', '\\012')
    : anonymousName(kernel, mm, vma, start, end);
  return name === '' ? `${head}\n` : `${head.padEnd(NAME_COLUMN)}${name}\n`;
}

function anonymousName(kernel: Kernel, mm: View, vma: View, start: bigint, end: bigint): string {
  const special = kernel.hasObject('special_mapping_vmops')
    ? kernel.object('special_mapping_vmops', 'vm_operations_struct').addr
    : 0n;
  if (special !== 0n && vma.ptr('vm_ops') === special) {
    const name = kernel.view('vm_special_mapping', vma.ptr('vm_private_data')).ptr('name');
    return name === 0n ? '' : kernel.mem.text(name, 32);
  }
  if (start < mm.big('brk') && end > mm.big('start_brk')) return '[heap]';
  const stack = mm.big('start_stack');
  return start <= stack && end >= stack && stack !== 0n ? '[stack]' : '';
}

/** @kernel proc_cgroup_show, kernel/cgroup/cgroup.c @fidelity partial: hierarchies of version 1 are not modelled */
export function cgroupText(kernel: Kernel, task: View): string {
  const names: string[] = [];
  for (let at = taskCgroup(task); at; at = cgroupParent(kernel, at))
    if (cgroupParent(kernel, at)) names.unshift(cgroupName(kernel, at));
  return `0::/${names.join('/')}\n`;
}

/** Kinds of /proc/PID/ns and the field of nsproxy that each shows; '' hangs elsewhere. */
export const NS_LINKS: Readonly<Record<string, string>> = {
  cgroup: 'cgroup_ns',
  ipc: 'ipc_ns',
  mnt: 'mnt_ns',
  net: 'net_ns',
  pid: '',
  pid_for_children: 'pid_ns_for_children',
  time: 'time_ns',
  time_for_children: 'time_ns_for_children',
  user: '',
  uts: 'uts_ns',
};

/** `net:[4026531840]`; '' where the task has none. */
export function nsLink(kernel: Kernel, task: View, kind: string): string {
  const proxy = task.deref('nsproxy');
  const field = NS_LINKS[kind] ?? '';
  const ns =
    kind === 'pid'
      ? taskActivePidNs(kernel, task)
      : kind === 'user'
        ? (task.deref('cred')?.deref('user_ns') ?? initialNamespace(kernel, 'user'))
        : proxy?.has(field)
          ? proxy.deref(field)
          : null;
  return ns ? `${kind.replace('_for_children', '')}:[${ns.num('ns.inum')}]` : '';
}
