/**
 * Proves that a kernel's bytes agree with each other: lists close and point back, counts are the number of
 * references there are, tables find what they should, trees are in order.
 *
 * It follows only pointers in memory, never what a builder believed, so it holds a hand-made world, an
 * imported one and one that was changed since to the same rules.
 */
import { must } from '../../shared/assert.ts';
import { checkCgroups } from './check_cgroups.ts';
import { checkList } from './check_lists.ts';
import type { Report } from './check_lists.ts';
import { checkNames } from './check_names.ts';
import { checkRoutes } from './check_routes.ts';
import { checkSockets, unixSockets } from './check_sockets.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from './kernel.ts';
import { dmaBufs } from './objects/dma_buf.ts';
import { isOpen, openFds } from './objects/files.ts';
import { taskPtRegs } from './objects/kernel_stack.ts';
import { findVma, vmas } from './objects/mm.ts';
import { findPidNs, nextPid, pidNrNs, pidTask, PidType, taskActivePidNs } from './objects/pid.ts';
import { listNodes } from './list.ts';
import { terminals } from './objects/tty.ts';
import { children, idleTask, isGroupLeader, processes, threads } from './objects/task.ts';
import { percpuVariable } from './percpu.ts';
import type { View } from './view.ts';

/** References counted while walking: how many pointers to an object were met. */
class Tally {
  private readonly seen = new Map<bigint, { object: View; count: number }>();

  add(object: View | null, n = 1): void {
    if (!object) return;
    const entry = this.seen.get(object.addr) ?? { object, count: 0 };
    entry.count += n;
    this.seen.set(object.addr, entry);
  }
  /** Each object once. */
  *objects(): Generator<View> {
    for (const { object } of this) yield object;
  }
  *[Symbol.iterator](): Generator<{ object: View; count: number }> {
    yield* this.seen.values();
  }
}

/** References beside those in memory, by object. */
type Held = ReadonlyMap<Addr, number>;

class Checker {
  readonly problems: string[] = [];
  readonly kernel: Kernel;
  private readonly held: Held;
  private readonly files = new Tally();
  private readonly tables = new Tally();
  private readonly mms = new Tally();
  private readonly creds = new Tally();
  private readonly fs = new Tally();
  private readonly proxies = new Tally();
  private readonly sighands = new Tally();
  private readonly signals = new Tally();
  private readonly stacks = new Set<Addr>();
  private threads = 0;
  private runnable = 0;

  constructor(kernel: Kernel, held: Held) {
    this.kernel = kernel;
    this.held = held;
  }

  private check(ok: boolean, message: () => string): void {
    if (!ok) this.problems.push(message());
  }
  private readonly report: Report = (ok, message) => this.check(ok, message);

  run(): string[] {
    const { kernel } = this;
    const idle = idleTask(kernel);
    for (const leader of [idle, ...processes(kernel)]) this.process(leader);
    this.pidTables();
    for (const { object } of this.tables) this.table(object);
    for (const { object } of this.mms) this.mm(object);
    for (const buf of dmaBufs(kernel)) this.files.add(buf.deref('file'));
    for (const file of this.files.objects()) this.creds.add(file.deref('f_cred'));
    this.counts(this.tables, 'count');
    this.counts(this.mms, 'mm_users');
    this.counts(this.creds, 'usage');
    this.counts(this.fs, 'users');
    this.counts(this.proxies, 'count');
    this.counts(this.sighands, 'count');
    this.counts(this.signals, 'sigcnt');
    this.counts(this.files, 'f_count');
    this.users();
    checkList(kernel.mem, idle.at('tasks'), 'init_task.tasks', this.report);
    checkList(kernel.mem, kernel.object('super_blocks', 'list_head').addr, 'super_blocks', this.report);
    const nets = this.nets();
    const exact = this.held.size === 0;
    checkNames(
      kernel,
      { files: this.files.objects(), fs: this.fs.objects(), unixSockets: unixSockets(kernel, nets) },
      exact,
      this.report,
    );
    checkCgroups(kernel, this.threads - 1, exact, this.report);
    checkSockets(kernel, nets, this.report);
    checkRoutes(kernel, nets, this.report);
    this.runQueue();
    this.terminals();
    return this.problems;
  }

  /** The network namespaces that tasks are in. */
  private nets(): View[] {
    const nets = [...this.proxies].flatMap(({ object }) => object.deref('net_ns') ?? []);
    return [...new Map(nets.map((net) => [net.addr, net])).values()];
  }

  private counts(tally: Tally, counter: string): void {
    for (const { object, count: pointers } of tally) {
      const count = pointers + (this.held.get(object.addr) ?? 0);
      this.check(
        object.num(counter) === count,
        () => `${object.type.name}.${counter} is ${object.num(counter)}, but ${count} pointers lead there`,
      );
    }
  }

  // -- tasks ---------------------------------------------------------------------------------------------

  private process(leader: View): void {
    const { kernel } = this;
    const name = (): string => `process ${leader.num('tgid')}`;
    this.check(isGroupLeader(leader), () => `${name()}: its leader does not lead itself`);
    const group = [...threads(kernel, leader)];
    this.check(group[0]?.addr === leader.addr, () => `${name()}: the leader is not first in thread_head`);
    this.check(
      group.length === leader.deref('signal')?.num('nr_threads'),
      () => `${name()}: nr_threads is not ${group.length}`,
    );
    checkList(kernel.mem, must(leader.deref('signal'), 'signal').at('thread_head'), 'threads', this.report);
    const live = group.filter((task) => task.num('exit_state') === 0).length;
    this.check(leader.deref('signal')?.num('live') === live, () => `${name()}: signal.live is not ${live}`);
    for (const thread of group) this.thread(thread, leader);
    checkList(kernel.mem, leader.at('children'), 'children', this.report);
    for (const child of children(kernel, leader))
      this.check(
        child.ptr('real_parent') === leader.addr,
        () => `${name()}: a child has another real_parent`,
      );
    const parent = leader.deref('real_parent');
    this.check(
      parent !== null &&
        (parent.addr === leader.addr || [...children(kernel, parent)].some((c) => c.addr === leader.addr)),
      () => `${name()}: its parent does not list it`,
    );
  }

  private thread(task: View, leader: View): void {
    const name = (): string => `task ${task.num('pid')}`;
    for (const field of ['group_leader', 'signal', 'tgid', 'real_parent'] as const)
      this.check(
        field === 'group_leader' ? task.ptr(field) === leader.addr : task.big(field) === leader.big(field),
        () => `${name()}: ${field} is not its group's`,
      );
    this.check(
      task.num('pid') === (task.deref('thread_pid')?.num('numbers[0].nr') ?? -1),
      () => `${name()}: thread_pid has another number`,
    );
    this.threads++;
    if (task.has('on_rq') && task.num('on_rq') !== 0) this.runnable++;
    this.sighands.add(task.deref('sighand'));
    this.signals.add(task.deref('signal'));
    this.tables.add(task.deref('files'));
    this.mms.add(task.deref('mm'));
    this.fs.add(task.deref('fs'));
    this.proxies.add(task.deref('nsproxy'));
    this.creds.add(task.deref('cred'));
    this.creds.add(task.deref('real_cred'));
    this.numbers(task);
    this.stack(task);
  }

  /** Who sleeps has a stack, whose frames lead outwards within it; who is dead has none. */
  private stack(task: View): void {
    const { kernel } = this;
    const stack = task.ptr('stack');
    const name = (): string => `task ${task.num('pid')}`;
    this.check(stack === 0n || task.num('exit_state') === 0, () => `${name()}: it is dead and has a stack`);
    if (stack === 0n) return;
    this.check(kernel.mem.isAllocated(stack), () => `${name()}: its stack is freed`);
    this.check(!this.stacks.has(stack), () => `${name()}: its stack is another task's too`);
    this.stacks.add(stack);
    const registers = taskPtRegs(task);
    let at = task.ptr('thread.sp');
    this.check(at === 0n || at >= stack, () => `${name()}: thread.sp is below its stack`);
    for (let inner = stack; at !== 0n; [inner, at] = [at, kernel.mem.u64(at)])
      if (at < inner || at >= registers)
        return this.check(false, () => `${name()}: a frame leads out of its stack`);
  }

  /** The processor runs the current task, and counts those that could run; its own idle task it does not count. */
  private runQueue(): void {
    const { kernel } = this;
    const rq = percpuVariable(kernel, 'runqueues', 'rq');
    if (!rq) return;
    this.check(rq.ptr('curr') === kernel.current, () => 'runqueues.curr is not the current task');
    this.check(
      rq.num('nr_running') === this.runnable - 1,
      () => `runqueues.nr_running is ${rq.num('nr_running')}, not ${this.runnable - 1}`,
    );
  }

  /** A terminal is held by its files, together, and by each process that it controls. */
  private terminals(): void {
    const { kernel } = this;
    for (const tty of terminals(kernel)) {
      const files = [...listNodes(kernel.mem, tty.at('tty_files'))].length;
      checkList(kernel.mem, tty.at('tty_files'), 'files of a terminal', this.report);
      const users = [...this.signals.objects()].filter((signal) => signal.ptr('tty') === tty.addr).length;
      const held = users + (files > 0 ? 1 : 0);
      const name = (): string => `terminal ${tty.str('name')}`;
      this.check(tty.num('count') === files, () => `${name()}: count is not ${files}`);
      this.check(tty.num('kref.refcount') === held, () => `${name()}: held by ${held}`);
    }
  }

  /** Every number of the task leads back to it. */
  private numbers(task: View): void {
    const { kernel } = this;
    if (task.addr === idleTask(kernel).addr) return;
    const pid = task.deref('thread_pid');
    for (let ns = taskActivePidNs(kernel, task); ns; ns = ns.deref('parent')) {
      const nr = pidNrNs(pid, ns);
      const found = pidTask(kernel, findPidNs(kernel, nr, ns), PidType.PID);
      this.check(found?.addr === task.addr, () => `task ${task.num('pid')}: number ${nr} finds another task`);
    }
  }

  private pidTables(): void {
    const { kernel } = this;
    const seen = new Set<bigint>();
    for (const leader of processes(kernel))
      for (let ns = taskActivePidNs(kernel, leader); ns; ns = ns.deref('parent')) {
        if (seen.has(ns.addr)) continue;
        seen.add(ns.addr);
        let count = 0;
        for (let at = nextPid(kernel, ns, 0); at; at = nextPid(kernel, ns, at.nr + 1)) {
          const { nr, pid } = at;
          count++;
          this.check(pidNrNs(pid, ns) === nr, () => `pid table: slot ${nr} holds a pid with another number`);
        }
        const allocated = ns.num('pid_allocated');
        this.check(allocated === count, () => `pid_allocated is ${allocated}, the table has ${count}`);
      }
  }

  /** A user is held by each of its creds. */
  private users(): void {
    const users = new Tally();
    for (const cred of this.creds.objects()) users.add(cred.has('user') ? cred.deref('user') : null);
    this.counts(users, '__count');
  }

  // -- files ---------------------------------------------------------------------------------------------

  private table(files: View): void {
    const fdt = files.deref('fdt');
    const max = fdt?.num('max_fds') ?? 0;
    const open = new Set<number>();
    for (const { fd, file } of openFds(this.kernel, files)) {
      open.add(fd);
      this.files.add(file);
      this.file(file);
    }
    for (let fd = 0; fd < max; fd++)
      this.check(isOpen(files, fd) === open.has(fd), () => `fd ${fd}: open_fds and fd[] differ`);
    for (let fd = 0; fd < files.num('next_fd'); fd++)
      this.check(open.has(fd), () => `fd ${fd} is free below next_fd ${files.num('next_fd')}`);
  }

  private file(file: View): void {
    const dentry = file.deref('f_path.dentry');
    this.check(
      dentry?.ptr('d_inode') === file.ptr('f_inode'),
      () => "file: f_inode is not its dentry's inode",
    );
    this.check(file.ptr('f_op') !== 0n, () => 'file: no f_op');
    this.check(file.ptr('f_path.mnt') !== 0n, () => 'file: no mount');
  }

  // -- memory --------------------------------------------------------------------------------------------

  private mm(mm: View): void {
    this.files.add(mm.deref('exe_file'));
    let end = 0n;
    let count = 0;
    let pages = 0n;
    for (const vma of vmas(this.kernel, mm)) {
      const [start, stop] = [vma.big('vm_start'), vma.big('vm_end')];
      const name = (): string => `vma ${start.toString(16)}-${stop.toString(16)}`;
      this.check(start >= end && stop > start, () => `${name()} is out of order`);
      this.check(vma.ptr('vm_mm') === mm.addr, () => `${name()} belongs to another mm`);
      this.check(
        findVma(this.kernel, mm, stop - 1n)?.addr === vma.addr,
        () => `${name()} is not found by address`,
      );
      this.files.add(vma.deref('vm_file'));
      end = stop;
      count++;
      pages += (stop - start) / 4096n;
    }
    this.check(
      mm.num('map_count') === count,
      () => `map_count is ${mm.num('map_count')}, there are ${count} VMAs`,
    );
    this.check(
      mm.big('total_vm') === pages,
      () => `total_vm is ${mm.big('total_vm')}, VMAs have ${pages} pages`,
    );
  }
}

/**
 * What does not agree, one line each; empty when all is well.
 *
 * @param held references that a walk has taken and not yet given back
 */
export const checkImage = (kernel: Kernel, held: Held = new Map()): string[] =>
  new Checker(kernel, held).run();
