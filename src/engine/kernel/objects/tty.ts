/**
 * Terminals: one for each open line, pseudo terminal or virtual console, and the session that each controls.
 *
 *     tty_drivers <-> tty_driver { name, major, ttys[] } <- tty.driver
 *     file.private_data -> tty_file_private { tty, file } <-> tty.tty_files
 *     signal.tty -> tty { ctrl { session, pgrp } }
 *
 * Source: drivers/tty/tty_io.c, drivers/tty/tty_jobctrl.c, drivers/tty/pty.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistNodes, listAddTail, listDel, listInit, listNodes } from '../list.ts';
import type { View } from '../view.ts';
import { onRelease } from './file.ts';
import { PidType, putPid } from './pid.ts';
import { getRef, putRef } from './refs.ts';

interface Driver {
  /** As in /proc/tty/drivers; consoles have none. */
  readonly driverName: string | null;
  readonly name: string;
  readonly major: number;
  readonly minorStart: number;
  readonly nameBase: number;
  readonly lines: number;
  /** TTY_DRIVER_TYPE_*, and what it divides into. */
  readonly type: number;
  readonly subtype: number;
  /** Symbol of the pointer to it. */
  readonly pointer: string;
}

/** By what a name begins with; the first that fits. */
const DRIVERS: readonly (readonly [prefix: string, driver: Driver])[] = [
  [
    'pts/',
    {
      driverName: 'pty_slave',
      name: 'pts',
      major: 136,
      minorStart: 0,
      nameBase: 0,
      lines: 4096,
      type: 4,
      subtype: 2,
      pointer: 'pts_driver',
    },
  ],
  [
    'ptm/',
    {
      driverName: 'pty_master',
      name: 'ptm',
      major: 128,
      minorStart: 0,
      nameBase: 0,
      lines: 4096,
      type: 4,
      subtype: 1,
      pointer: 'ptm_driver',
    },
  ],
  [
    'ttyS',
    {
      driverName: 'serial',
      name: 'ttyS',
      major: 4,
      minorStart: 64,
      nameBase: 0,
      lines: 32,
      type: 3,
      subtype: 1,
      pointer: 'serial8250_driver',
    },
  ],
  [
    'tty',
    {
      driverName: null,
      name: 'tty',
      major: 4,
      minorStart: 1,
      nameBase: 1,
      lines: 63,
      type: 2,
      subtype: 0,
      pointer: 'console_driver',
    },
  ],
];

const FOPS = ['tty_fops', 'console_fops', 'ptmx_fops'];

/** @kernel tty_register_driver, drivers/tty/tty_io.c @fidelity partial: its lines are a table, for pseudo terminals too */
function driverOf(kernel: Kernel, spec: Driver): View {
  const slot = kernel.pointer(spec.pointer);
  const there = kernel.mem.u64(slot);
  if (there !== 0n) return kernel.view('tty_driver', there);
  const driver = kernel.alloc('tty_driver');
  driver.set('kref.refcount', 1);
  driver.set('driver_name', spec.driverName === null ? 0n : kernel.allocText(spec.driverName));
  driver.set('name', kernel.allocText(spec.name));
  for (const [field, value] of [
    ['major', spec.major],
    ['minor_start', spec.minorStart],
    ['name_base', spec.nameBase],
    ['num', spec.lines],
    ['type', spec.type],
    ['subtype', spec.subtype],
  ] as const)
    driver.set(field, value);
  driver.set('ttys', kernel.allocBytes(spec.lines * 8));
  const fresh = !kernel.hasObject('tty_drivers');
  const head = kernel.object('tty_drivers', 'list_head').addr;
  if (fresh) listInit(kernel.mem, head);
  listAddTail(kernel.mem, driver.at('tty_drivers'), head);
  kernel.mem.setU64(slot, driver.addr);
  return driver;
}

/** The terminal with a name such as `pts/0`; null when there is none of this name. It is made when it is first asked for. */
export function terminal(kernel: Kernel, name: string): View | null {
  const [prefix, spec] = DRIVERS.find(([start]) => name.startsWith(start)) ?? [];
  if (prefix === undefined || !spec || !kernel.types.has('tty_driver')) return null;
  const number = Number(name.slice(prefix.length));
  const index = number - spec.nameBase;
  if (!Number.isInteger(index) || index < 0 || index >= spec.lines) return null;
  const driver = driverOf(kernel, spec);
  const slot = driver.ptr('ttys') + BigInt(index * 8);
  const there = kernel.mem.u64(slot);
  return there === 0n ? newTty(kernel, driver, index, slot) : kernel.view('tty_struct', there);
}

/** @kernel alloc_tty_struct, drivers/tty/tty_io.c @fidelity partial: no line discipline, port, settings or buffers */
function newTty(kernel: Kernel, driver: View, index: number, slot: Addr): View {
  const tty = kernel.alloc('tty_struct');
  tty.set('kref.refcount', 0);
  tty.set('index', index);
  tty.set('driver', driver.addr);
  tty.set('count', 0);
  const name = kernel.mem.text(driver.ptr('name'), 16);
  tty.setStr('name', `${name}${index + driver.num('name_base')}`);
  for (const zero of ['ctrl.session', 'ctrl.pgrp', 'link']) tty.trySet(zero, 0n);
  listInit(kernel.mem, tty.at('tty_files'));
  kernel.mem.setU64(slot, tty.addr);
  return tty;
}

/** @kernel tty_kref_put, release_one_tty, drivers/tty/tty_io.c @fidelity full: app/kernel_fields.test.ts */
function putTty(kernel: Kernel, tty: View): void {
  if (!putRef(tty, 'kref.refcount')) return;
  forgetSession(kernel, tty);
  const driver = kernel.view('tty_driver', tty.ptr('driver'));
  kernel.mem.setU64(driver.ptr('ttys') + BigInt(tty.num('index') * 8), 0n);
  kernel.mem.release(tty.addr);
}

// -- files ---------------------------------------------------------------------------------------------------

/** Gives a new file its terminal. @kernel tty_open, tty_add_file, drivers/tty/tty_io.c @fidelity partial: never becomes the controlling one */
export function openTty(kernel: Kernel, file: View, tty: View): void {
  const priv = kernel.alloc('tty_file_private');
  priv.set('tty', tty.addr);
  priv.set('file', file.addr);
  listAddTail(kernel.mem, priv.at('list'), tty.at('tty_files'));
  if (tty.num('count') === 0) getRef(tty, 'kref.refcount');
  tty.set('count', tty.num('count') + 1);
  file.set('private_data', priv.addr);
}

/** @kernel tty_release, drivers/tty/tty_io.c @fidelity partial: nobody is hung up */
function closeTty(kernel: Kernel, file: View): void {
  if (file.ptr('private_data') === 0n) return;
  const priv = kernel.view('tty_file_private', file.ptr('private_data'));
  const tty = kernel.view('tty_struct', priv.ptr('tty'));
  listDel(kernel.mem, priv.at('list'));
  kernel.mem.release(priv.addr);
  tty.set('count', tty.num('count') - 1);
  if (tty.num('count') === 0) putTty(kernel, tty);
}

/** Has terminals go with their last file and session. */
export function closeTtysWithFiles(kernel: Kernel): void {
  for (const fops of FOPS) onRelease(kernel, fops, (file) => closeTty(kernel, file));
}

/** The terminals that are there. */
export function* terminals(kernel: Kernel): Generator<View> {
  if (!kernel.hasObject('tty_drivers')) return;
  for (const node of listNodes(kernel.mem, kernel.object('tty_drivers', 'list_head').addr)) {
    const driver = containerOf(kernel, node, 'tty_driver', 'tty_drivers');
    for (let line = 0; line < driver.num('num'); line++) {
      const tty = kernel.mem.u64(driver.ptr('ttys') + BigInt(line * 8));
      if (tty !== 0n) yield kernel.view('tty_struct', tty);
    }
  }
}

// -- sessions ------------------------------------------------------------------------------------------------

/** A process has a controlling terminal. @param group in the foreground; null: not told @kernel __proc_set_tty, drivers/tty/tty_jobctrl.c @fidelity full: app/kernel_fields.test.ts */
export function setControlling(kernel: Kernel, signal: View, tty: View, group: View | null): void {
  signal.set('tty', getRef(tty, 'kref.refcount').addr);
  const session = signal.ptr(`pids[${PidType.SID}]`);
  const hold = (field: string, pid: Addr): void => {
    if (tty.ptr(field) !== 0n || pid === 0n) return;
    tty.set(field, getRef(kernel.view('pid', pid), 'count').addr);
  };
  hold('ctrl.session', session);
  hold('ctrl.pgrp', group?.addr ?? 0n);
}

/** A forked process has the terminal of who forked it. @kernel copy_process, kernel/fork.c @fidelity full: app/kernel_fields.test.ts */
export function inheritTty(signal: View, parent: View): void {
  const tty = parent.has('tty') ? parent.deref('tty') : null;
  if (tty?.has('kref.refcount')) signal.set('tty', getRef(tty, 'kref.refcount').addr);
}

function forgetSession(kernel: Kernel, tty: View): void {
  for (const field of ['ctrl.session', 'ctrl.pgrp']) {
    const pid = tty.ptr(field);
    tty.set(field, 0n);
    if (pid !== 0n) putPid(kernel, kernel.view('pid', pid));
  }
}

function loseTty(kernel: Kernel, signal: View): void {
  const tty = signal.has('tty') ? signal.ptr('tty') : 0n;
  if (tty === 0n) return;
  signal.set('tty', 0n);
  putTty(kernel, kernel.view('tty_struct', tty));
}

/** The last thread of a process is gone; if it led a session, its terminal controls nobody any more. @kernel disassociate_ctty, drivers/tty/tty_jobctrl.c @fidelity partial: nobody is signalled */
export function exitTty(kernel: Kernel, signal: View): void {
  const tty = signal.has('tty') ? signal.deref('tty') : null;
  const session = signal.num('leader') === 1 ? signal.ptr(`pids[${PidType.SID}]`) : 0n;
  if (tty && session !== 0n) {
    const held = getRef(tty, 'kref.refcount');
    forgetSession(kernel, held);
    const members = kernel.view('pid', session).at(`tasks[${PidType.SID}]`);
    for (const node of hlistNodes(kernel.mem, members)) {
      const member = containerOf(kernel, node, 'task_struct', `pid_links[${PidType.SID}]`);
      const own = member.deref('signal');
      if (own) loseTty(kernel, own);
    }
    putTty(kernel, held);
  }
  loseTty(kernel, signal);
}
