/**
 * DMA buffers: memory that devices share, each behind a file.
 *
 *     dmabuf_list <-> dma_buf.list_node <-> ...      newest first
 *     dma_buf.file -> file.private_data -> dma_buf   whose count is the buffer's
 *
 * Source: drivers/dma-buf/dma-buf.c, Linux 6.12 and 7.0.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddHead, listDel, listInit, listNodes } from '../list.ts';
import type { View } from '../view.ts';
import { FMODE, fput, getFile, newFile, onRelease } from './file.ts';
import { internalMount, pseudoPath } from './internal_mounts.ts';
import { newInode } from './inode.ts';

const S_IFREG = 0o100000;
const O_RDWR = 2;
const FOPS = 'dma_buf_fops';

export interface DmaBufSpec {
  /** Who made it: the name of a driver or heap. */
  readonly exporter: string;
  /** Bytes. */
  readonly size: number;
  /** What user space called it, if it did. */
  readonly name?: string | undefined;
  readonly ino: number;
  readonly cred: Addr;
}

/** The list of all buffers; empty until the first is made. It had another name when only debugfs used it. */
function dmaBufList(kernel: Kernel): Addr {
  const symbol = kernel.symbols.findStatic('debugfs_list') ? 'debugfs_list' : 'dmabuf_list';
  const fresh = !kernel.hasObject(symbol);
  const head = kernel.object(symbol, 'list_head').addr;
  if (fresh) listInit(kernel.mem, head);
  return head;
}

/**
 * A buffer with its file, which has one reference, the caller's.
 *
 * @kernel dma_buf_export, drivers/dma-buf/dma-buf.c
 * @fidelity partial: no pages or fences, and nothing is attached
 */
export function newDmaBuf(kernel: Kernel, spec: DmaBufSpec): View {
  const buf = kernel.alloc('dma_buf');
  buf.set('size', spec.size);
  if (buf.has('attachments')) listInit(kernel.mem, buf.at('attachments'));
  buf.trySet('vmapping_counter', 0);
  buf.set('exp_name', kernel.allocText(spec.exporter));
  if (spec.name !== undefined) buf.set('name', kernel.allocText(spec.name));
  const mount = internalMount(kernel, 'dmabuf');
  const sb = kernel.view('super_block', mount.ptr('mnt.mnt_sb'));
  const inode = newInode(kernel, sb, {
    ino: spec.ino,
    mode: S_IFREG | 0o666,
    nlink: 1,
    size: spec.size,
    uid: 0,
    gid: 0,
    rdev: 0,
    fops: FOPS,
  });
  const path = pseudoPath(kernel, 'dmabuf', 'dmabuf', inode);
  const file = newFile(kernel, {
    mnt: path.mnt.at('mnt'),
    dentry: path.dentry.addr,
    inode,
    fops: FOPS,
    flags: O_RDWR,
    mode: FMODE.READ | FMODE.WRITE | FMODE.CAN_READ | FMODE.CAN_WRITE,
    pos: 0n,
    cred: spec.cred,
    privateData: buf.addr,
  });
  path.dentry.set('d_fsdata', buf.addr);
  buf.set('file', file.addr);
  listAddHead(kernel.mem, buf.at('list_node'), dmaBufList(kernel));
  onRelease(kernel, FOPS, (closed) =>
    releaseDmaBuf(kernel, kernel.view('dma_buf', closed.ptr('private_data'))),
  );
  return buf;
}

/** @kernel dma_buf_file_release, dma_buf_release, drivers/dma-buf/dma-buf.c @fidelity full: app/walks/targets.test.ts */
function releaseDmaBuf(kernel: Kernel, buf: View): void {
  listDel(kernel.mem, buf.at('list_node'));
  for (const text of ['exp_name', 'name']) if (buf.ptr(text) !== 0n) kernel.mem.release(buf.ptr(text));
  kernel.mem.release(buf.addr);
}

/** Every buffer, newest first. */
export function* dmaBufs(kernel: Kernel): Generator<View> {
  for (const node of listNodes(kernel.mem, dmaBufList(kernel)))
    yield containerOf(kernel, node, 'dma_buf', 'list_node');
}

/**
 * The first buffer behind this one that is not being destroyed, with a reference; without one, the first of all.
 *
 * @kernel dma_buf_iter_begin, dma_buf_iter_next, drivers/dma-buf/dma-buf.c
 * @fidelity full: app/walks/targets.test.ts
 */
export function nextDmaBuf(kernel: Kernel, after: View | null): View | null {
  const head = dmaBufList(kernel);
  for (
    let node = kernel.mem.u64(after ? after.at('list_node') : head);
    node !== head;
    node = kernel.mem.u64(node)
  ) {
    const buf = containerOf(kernel, node, 'dma_buf', 'list_node');
    const file = buf.deref('file');
    if (!file || file.num('f_count') <= 0) continue;
    getFile(file);
    return buf;
  }
  return null;
}

/** @kernel dma_buf_put, drivers/dma-buf/dma-buf.c @fidelity full: app/walks/targets.test.ts */
export function putDmaBuf(kernel: Kernel, buf: View): void {
  const file = buf.deref('file');
  if (file) fput(kernel, file);
}
