/**
 * `cgroup`: the cgroups above or below one, in an order of choice.
 *
 * The walk runs under cgroup_mutex from start to stop and keeps no position beyond it. So it must end in the
 * read it began in: when a read stops in the middle, for whatever reason, the next one that would have to
 * walk on fails with EOPNOTSUPP. Only here does a program that returns 1 end the walk without an error.
 *
 * Source: kernel/bpf/cgroup_iter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { must } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { CGROUP_ITER_CHILDREN_SINCE, parseRelease } from '../../abi/releases.ts';
import { CgroupIterOrder } from '../../abi/uapi.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  afterPost,
  afterPre,
  cgroupById,
  cgroupId,
  cgroupName,
  cgroupParent,
  firstChild,
  isDescendant,
  leftmost,
  nextSibling,
  putCgroup,
  rootCgroup,
  tryGetCgroup,
} from '../../kernel/objects/cgroup.ts';
import { cgroupLock, cgroupMutex, cgroupUnlock } from '../../kernel/objects/cgroup_mutex.ts';
import type { View } from '../../kernel/view.ts';
import { cgroupOfDirectory } from '../../vfs/cgroupfs.ts';
import { NULL, errPtr, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { AttachContext, IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

const CSS_ONLINE = 2;

export interface CgroupOrder {
  /** As fdinfo names it. */
  readonly name: string;
  first(kernel: Kernel, start: View): View | null;
  after(kernel: Kernel, start: View, at: View): View | null;
}

const cgroupAt = (kernel: Kernel, addr: Addr): View => kernel.view('cgroup', addr);

const ORDERS: ReadonlyMap<number, CgroupOrder> = new Map<number, CgroupOrder>([
  [CgroupIterOrder.SELF_ONLY, { name: 'self_only', first: (_, start) => start, after: () => null }],
  [CgroupIterOrder.DESCENDANTS_PRE, { name: 'descendants_pre', first: (_, start) => start, after: afterPre }],
  [CgroupIterOrder.DESCENDANTS_POST, { name: 'descendants_post', first: leftmost, after: afterPost }],
  [
    CgroupIterOrder.ANCESTORS_UP,
    {
      name: 'ancestors_up',
      first: (_, start) => start,
      after: (kernel, _, at) => cgroupParent(kernel, at),
    },
  ],
  [
    CgroupIterOrder.CHILDREN,
    {
      name: 'children',
      first: firstChild,
      after: (kernel, _, at) => nextSibling(kernel, at),
    },
  ],
]);

/** An order by its number, or null when this kernel has none such. */
export function cgroupOrder({ release }: Kernel, number: number): CgroupOrder | null {
  const known = (parseRelease(release)?.number ?? 0) >= CGROUP_ITER_CHILDREN_SINCE;
  return number === CgroupIterOrder.CHILDREN && !known ? null : (ORDERS.get(number) ?? null);
}

// -- attach ------------------------------------------------------------------------------------------------

/** The root of the hierarchy as a task's cgroup namespace shows it. */
const rootFor = (kernel: Kernel, task: View): View =>
  task.deref('nsproxy')?.deref('cgroup_ns')?.deref('root_cset')?.deref('dfl_cgrp') ?? rootCgroup(kernel);

/** The cgroup that parameters name, with a reference, or why not. */
function findCgroup({ kernel, current }: AttachContext, fd: number, id: bigint): View | NegErrno {
  const root = rootFor(kernel, current);
  if (fd !== 0) {
    const cgroup = cgroupOfDirectory(kernel, current, fd);
    if (!cgroup) return fail('EBADF');
    return isDead(cgroup) || !tryGetCgroup(kernel, cgroup) ? fail('ENOENT') : cgroup;
  }
  const cgroup = id === 0n ? root : cgroupById(kernel, id);
  if (!cgroup || !isDescendant(kernel, cgroup, root)) return fail('ENOENT');
  return tryGetCgroup(kernel, cgroup) ? cgroup : fail('ENOENT');
}

/**
 * @returns 0; -EINVAL for an unknown order or both fd and id; -EBADF for an fd that is no cgroup directory;
 *   -ENOENT for an id that cannot be seen or a cgroup that is being removed
 * @kernel bpf_iter_attach_cgroup, kernel/bpf/cgroup_iter.c
 * @fidelity partial: only the unified hierarchy
 */
function attach(ctx: AttachContext, aux: View): NegErrno {
  const { kernel, info } = ctx;
  const order = info.getUint32(0, true);
  const fd = info.getUint32(4, true);
  const id = info.getBigUint64(8, true);
  if (!cgroupOrder(kernel, order) || (fd !== 0 && id !== 0n)) return fail('EINVAL');
  const cgroup = findCgroup(ctx, fd, id);
  if (typeof cgroup === 'number') return cgroup;
  aux.set('cgroup.start', cgroup.addr);
  aux.set('cgroup.order', order);
  return 0;
}

/** @kernel bpf_iter_detach_cgroup, kernel/bpf/cgroup_iter.c @fidelity full: src/engine/sys/recorded.test.ts */
const detach: NonNullable<IterReg['detach']> = ({ kernel }, aux) =>
  putCgroup(kernel, cgroupAt(kernel, aux.ptr('cgroup.start')));

/** @kernel cgroup_path_ns, kernel/cgroup/cgroup.c @fidelity partial: a cgroup outside the namespace gets its whole path */
function pathBelow(kernel: Kernel, cgroup: View, root: View): string {
  let path = '';
  for (let at: View | null = cgroup; at && at.addr !== root.addr; at = cgroupParent(kernel, at)) {
    const name = cgroupName(kernel, at);
    if (name !== '') path = `/${name}${path}`;
  }
  return path === '' ? '/' : path;
}

/** @kernel bpf_iter_cgroup_show_fdinfo, kernel/bpf/cgroup_iter.c @fidelity full: src/engine/sys/recorded.test.ts */
function showFdinfo(kernel: Kernel, aux: View): string {
  const current = kernel.view('task_struct', kernel.current);
  const start = cgroupAt(kernel, aux.ptr('cgroup.start'));
  const path = pathBelow(kernel, start, rootFor(kernel, current));
  const order = must(ORDERS.get(aux.num('cgroup.order')), 'order of a link');
  return `cgroup_path:\t${path}\norder: ${order.name}\n`;
}

/** @kernel bpf_iter_cgroup_fill_link_info, kernel/bpf/cgroup_iter.c @fidelity full: app/usage.test.ts */
function fillLinkInfo(kernel: Kernel, aux: View, info: DataView): void {
  info.setBigUint64(32, cgroupId(cgroupAt(kernel, aux.ptr('cgroup.start'))), true);
  info.setUint32(40, aux.num('cgroup.order'), true);
}

// -- the walk ------------------------------------------------------------------------------------------------

const isDead = (cgroup: View): boolean => (cgroup.num('self.flags') & CSS_ONLINE) === 0;

function lock(session: Session): void {
  cgroupLock(session.kernel);
  session.held('cgroup_mutex', cgroupMutex(session.kernel).addr, 1);
}
function unlock(session: Session): void {
  session.held('cgroup_mutex', cgroupMutex(session.kernel).addr, -1);
  cgroupUnlock(session.kernel);
}

/** The session's order and the cgroup it starts from. */
function planOf({ kernel, priv }: Session): { order: CgroupOrder; start: View } {
  const css = must(priv.deref('start_css'), 'start of a cgroup walk');
  return {
    order: must(ORDERS.get(priv.num('order')), 'order of a session'),
    start: cgroupAt(kernel, css.ptr('cgroup')),
  };
}

/**
 * @kernel cgroup_iter_seq_start, cgroup_iter_seq_next, cgroup_iter_seq_show, cgroup_iter_seq_stop, kernel/bpf/cgroup_iter.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    const { kernel, priv, seq } = session;
    session.line('cgroup.start');
    lock(session);
    if (seq.index > 0) {
      session.line('cgroup.again');
      return priv.num('visited_all') !== 0 ? NULL : errPtr('EOPNOTSUPP');
    }
    seq.index = 1;
    priv.set('terminate', 0);
    priv.set('visited_all', 0);
    const { order, start } = planOf(session);
    return order.first(kernel, start)?.addr ?? NULL;
  },
  next(session, cgroup) {
    const { kernel, priv, seq } = session;
    session.line('cgroup.next');
    seq.index++;
    if (priv.num('terminate') !== 0) return NULL;
    const { order, start } = planOf(session);
    return order.after(kernel, start, cgroupAt(kernel, cgroup))?.addr ?? NULL;
  },
  show(session, cgroup) {
    const { kernel, priv } = session;
    session.line('cgroup.show');
    if (isDead(cgroupAt(kernel, cgroup))) {
      session.skip(cgroup, session.seq.index, 'cgroup dead');
      return 0;
    }
    const ret = runIterProg(session, (ctx) => ctx.set('cgroup', cgroup));
    if (ret !== 0) {
      session.line('cgroup.enough');
      priv.set('terminate', 1);
    }
    return 0;
  },
  stop(session, cgroup) {
    session.line('cgroup.stop');
    unlock(session);
    if (cgroup !== NULL) return;
    runFinalProg(session);
    session.priv.set('visited_all', 1);
  },
};

function initPriv(session: Session, aux: View): NegErrno {
  const { kernel, priv } = session;
  const start = cgroupAt(kernel, aux.ptr('cgroup.start'));
  tryGetCgroup(kernel, start);
  priv.set('start_css', start.at('self'));
  priv.set('order', aux.num('cgroup.order'));
  return 0;
}

const finiPriv = (session: Session): void => putCgroup(session.kernel, planOf(session).start);

export const cgroupTarget: IterReg = {
  target: 'cgroup',
  ctxArgs: [{ offset: 8, type: 'trusted_or_null' }],
  resched: true,
  extraHelpers: [],
  attach,
  detach,
  showFdinfo,
  fillLinkInfo,
  seqInfo: () => ({ ops, privStruct: 'cgroup_iter_priv', initPriv, finiPriv }),
  identify: ({ kernel }: Session, cgroup: Obj) => ({
    owner: cgroupParent(kernel, cgroupAt(kernel, cgroup))?.addr ?? NULL,
    key: Number(cgroupId(cgroupAt(kernel, cgroup))),
  }),
  code: [
    pseudoCode(
      'iter/cgroup',
      'cgroup',
      `
  start  | start: take cgroup_mutex; the first cgroup of the order
  again  |   a second time: nothing when all were visited, else EOPNOTSUPP
  next   | next: the following cgroup of the order, nothing once the program said enough
  show   | show: run the program with { meta, cgroup }
  enough |   it returned 1: this was the last cgroup; its text is kept
  stop   | stop: give cgroup_mutex back; at the end run the program with cgroup = NULL
`,
    ),
  ],
};
