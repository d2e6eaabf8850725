/**
 * What the socket targets share: the reader's network namespace, the header, batches and the owner's uid.
 *
 * A walk over a hash table cannot keep a bucket locked while a program runs. So it takes a reference on
 * every socket of a bucket at once, puts them in an array, and unlocks; what leaves the bucket before its
 * turn is passed over.
 *
 *     batch: [ shown, given back | now | waiting, each with a reference ]
 *            0                    cur_sk                            end_sk    max_sk
 *
 * Source: net/ipv4/tcp_ipv4.c, net/ipv4/udp.c, net/unix/af_unix.c, fs/proc/proc_net.c, Linux 6.12.
 */
import { U64_MAX } from '../../../shared/int64.ts';
import type { Addr } from '../../../shared/brand.ts';
import type { SocketTable } from '../../kernel/objects/inet_hash.ts';
import { getRef, putRef } from '../../kernel/objects/refs.ts';
import {
  isFullSock,
  isUnhashed,
  netOf,
  sockAt,
  sockCommon,
  sockCookie,
  sockHold,
  sockPut,
  sockUid,
  TcpState,
} from '../../kernel/objects/sock.ts';
import { fromKuidMunged } from '../../kernel/objects/user_ns.ts';
import type { View } from '../../kernel/view.ts';
import { NULL } from '../bpf_iter.ts';
import type { IterReg, Obj } from '../bpf_iter.ts';
import type { Session } from '../session.ts';

/** The walk's first position: no socket, never shown to the program, but it has a number. */
export const SEQ_START_TOKEN: Obj = 1n;
/** A show that passes its object over. */
const SEQ_SKIP = 1;
const INIT_BATCH_SIZE = 16;
const POINTER = 8;

// -- open and close ------------------------------------------------------------------------------------------

/** `struct seq_net_private` comes first in the private struct of every socket target. */
const seqNet = (session: Session): View => session.kernel.view('seq_net_private', session.priv.addr);

/** The namespace of who opened the session. @kernel bpf_iter_init_seq_net, fs/proc/proc_net.c @fidelity full: app/shell_recorded.test.ts */
export function initSeqNet(session: Session): 0 {
  const net = session.iter.env.current().deref('nsproxy')?.deref('net_ns') ?? null;
  if (net) seqNet(session).set('net', getNet(net).addr);
  return 0;
}

/** @kernel bpf_iter_fini_seq_net, fs/proc/proc_net.c @fidelity full: app/shell_recorded.test.ts */
export function finiSeqNet(session: Session): void {
  const net = seqNet(session).deref('net');
  if (net) putNet(net);
}

const NET_COUNT = 'ns.count';
const getNet = (net: View): View => (net.has(NET_COUNT) ? getRef(net, NET_COUNT) : net);
const putNet = (net: View): void => {
  if (net.has(NET_COUNT)) putRef(net, NET_COUNT);
};

export const netAddr = (session: Session): Addr => seqNet(session).ptr('net');
export const isSeqNet = (session: Session, sk: Addr): boolean =>
  netOf(sockCommon(session.kernel, sk)) === netAddr(session);

/** @kernel bpf_iter_init_tcp, net/ipv4/tcp_ipv4.c; bpf_iter_init_udp; bpf_iter_init_unix @fidelity full: app/shell_recorded.test.ts */
export function initBatch(session: Session): 0 {
  initSeqNet(session);
  setBatch(session, INIT_BATCH_SIZE);
  return 0;
}

/** @kernel bpf_iter_fini_tcp, net/ipv4/tcp_ipv4.c; bpf_iter_fini_udp; bpf_iter_fini_unix @fidelity full: app/shell_recorded.test.ts */
export function finiBatch(session: Session): void {
  finiSeqNet(session);
  session.kernel.mem.release(session.priv.ptr('batch'));
}

// -- batches -------------------------------------------------------------------------------------------------

function setBatch({ kernel, priv }: Session, size: number): void {
  const old = priv.ptr('batch');
  priv.set('batch', kernel.allocBytes(size * POINTER));
  priv.set('max_sk', size);
  if (old !== 0n) kernel.mem.release(old);
}

const slot = ({ priv }: Session, i: number): Addr => priv.ptr('batch') + BigInt(i * POINTER);

/** What stands at a place of the batch: a socket, or the cookie of one that waits for the next read. */
export const batchAt = (session: Session, i: number): bigint => session.kernel.mem.u64(slot(session, i));

/** The socket whose turn it is, or NULL. */
export const currentSock = (session: Session): Obj => {
  const { priv } = session;
  const cur = priv.num('cur_sk');
  return cur < priv.num('end_sk') ? batchAt(session, cur) : 0n;
};

/**
 * Takes references on these sockets of one bucket. A batch that is too small grows to one and a half times
 * what there is.
 *
 * @kernel bpf_iter_tcp_batch, net/ipv4/tcp_ipv4.c; bpf_iter_udp_batch; bpf_iter_unix_batch
 * @fidelity partial: ENOMEM cannot happen, and nothing changes between the two tries
 */
export function fillBatch(session: Session, bucket: Addr, socks: readonly Addr[]): Obj {
  const { kernel, priv } = session;
  session.held('bucket lock', bucket, 1);
  if (socks.length > priv.num('max_sk')) setBatch(session, Math.floor((socks.length * 3) / 2));
  socks.forEach((sk, i) => {
    sockHold(kernel, sk);
    session.held('sock sk_refcnt', sk, 1);
    kernel.mem.setU64(slot(session, i), sk);
  });
  session.held('bucket lock', bucket, -1);
  priv.set('cur_sk', 0);
  priv.set('end_sk', socks.length);
  return socks[0] ?? 0n;
}

export function putSock(session: Session, sk: Addr): void {
  session.held('sock sk_refcnt', sk, -1);
  sockPut(session.kernel, sk);
}

/** Gives back the socket that was shown. @returns false when the batch was empty */
export function putCurrent(session: Session): boolean {
  const sk = currentSock(session);
  if (sk === 0n) return false;
  putSock(session, sk);
  session.priv.set('cur_sk', session.priv.num('cur_sk') + 1);
  return true;
}

/**
 * Gives back the sockets that wait.
 *
 * @param keep what to leave in a socket's place; the place in the batch then stays, else it moves on
 */
export function putWaiting(session: Session, keep?: (sk: Addr) => bigint): void {
  const { kernel, priv } = session;
  const end = priv.num('end_sk');
  for (let i = priv.num('cur_sk'); i < end; i++) {
    const sk = batchAt(session, i);
    const left = keep?.(sk);
    putSock(session, sk);
    if (left !== undefined) kernel.mem.setU64(slot(session, i), left);
  }
  if (!keep) priv.set('cur_sk', end);
}

/** Sockets of a bucket that the reader's namespace has. */
export const seqSocks = (session: Session, table: SocketTable, bucket: number): Addr[] =>
  [...table.sockets(bucket)].filter((sk) => isSeqNet(session, sk));

// -- show ------------------------------------------------------------------------------------------------------

/** The uid of a socket's owner as the opener of the session sees it. @kernel seq_user_ns, include/linux/seq_file.h @fidelity full: app/shell_recorded.test.ts */
export function seqUid(session: Session, kuid: number): number {
  const { kernel, seq } = session;
  const file = kernel.view('seq_file', seq.addr).deref('file');
  const cred = file?.deref('f_cred') ?? session.iter.env.current().deref('cred');
  const ns = cred?.deref('user_ns');
  return ns ? fromKuidMunged(ns, kuid) : kuid;
}

/** 0 in TIME_WAIT; a half-open connection has its listener's owner. @kernel bpf_iter_tcp_seq_show, net/ipv4/tcp_ipv4.c @fidelity full: app/shell_recorded.test.ts */
export function connectionUid(session: Session, sk: Addr): number {
  const { kernel } = session;
  const common = sockCommon(kernel, sk);
  if (common.num('skc_state') === TcpState.TIME_WAIT) return 0;
  const owner = isFullSock(common) ? sk : common.ptr('skc_listener');
  return seqUid(session, sockUid(kernel, sockAt(kernel, owner)));
}

/** By which number a socket is known: its local port, its port id, its inode. */
type NumberOf = (session: Session, sk: Addr) => number;

export const localPort: NumberOf = ({ kernel }, sk) => sockCommon(kernel, sk).num('skc_num');

/** What a socket is to the page. No one owns it, and the header has no number. */
export const identifySock =
  (numberOf: NumberOf): IterReg['identify'] =>
  (session, sk) => ({ owner: NULL, key: sk === SEQ_START_TOKEN ? 0 : numberOf(session, sk) });

/**
 * What show of a table of sockets begins with: nothing for the header, and a socket that has left its table since
 * the batch was taken is passed over.
 *
 * @param target before the ids of its lines
 * @param run the program for this socket
 * @kernel bpf_iter_tcp_seq_show, net/ipv4/tcp_ipv4.c; bpf_iter_udp_seq_show, net/ipv4/udp.c; bpf_iter_unix_seq_show, net/unix/af_unix.c
 * @fidelity full: app/walks/targets.test.ts
 */
export const showSock =
  (target: string, numberOf: NumberOf, run: (session: Session, sk: Addr) => number) =>
  (session: Session, sk: Obj): number => {
    if (sk === SEQ_START_TOKEN) {
      session.line(`${target}.header`);
      return 0;
    }
    session.line(`${target}.show`);
    if (!isUnhashed(sockCommon(session.kernel, sk))) return run(session, sk);
    session.line(`${target}.gone`);
    session.skip(sk, numberOf(session, sk), 'socket unhashed');
    return SEQ_SKIP;
  };

/** Leaves the cookies of the sockets that wait, for resumeBucket. */
export const leaveCookies = (session: Session): void =>
  putWaiting(session, (sk) => sockCookie(session.kernel, sockCommon(session.kernel, sk)));

/** The program's numbers begin behind the header: seq_num - 1, which without any socket is 2^64 - 1. */
export function behindHeader(ctx: View): void {
  const meta = ctx.deref('meta');
  if (meta) meta.set('seq_num', (meta.big('seq_num') - 1n) & U64_MAX);
}
