/**
 * Where a walk over a socket table goes on: by cookies of the sockets that are still to be shown.
 *
 * stop leaves a cookie in the place of each socket of the batch that waits. The first cookie that is still
 * found in the bucket is where the walk resumes; when none is, the next bucket comes.
 *
 * Source: bpf_iter_tcp_resume_bucket, net/ipv4/tcp_ipv4.c; bpf_iter_udp_resume, net/ipv4/udp.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { SocketTable } from '../../kernel/objects/inet_hash.ts';
import { sockCommon } from '../../kernel/objects/sock.ts';
import type { Session } from '../session.ts';
import { batchAt, seqSocks } from './socket_common.ts';

export interface BucketRest {
  /** Address of the bucket. */
  readonly bucket: Addr;
  readonly socks: readonly Addr[];
}

/**
 * The sockets to show next.
 *
 * @param field of the private struct that holds the bucket's number; it moves on
 * @returns null when no bucket is left
 * @kernel bpf_iter_tcp_resume_listening, bpf_iter_tcp_resume_established, net/ipv4/tcp_ipv4.c
 * @fidelity full: app/shell_recorded.test.ts
 */
export function resumeBucket(session: Session, table: SocketTable, field: string): BucketRest | null {
  const { priv } = session;
  const [cur, end] = [priv.num('cur_sk'), priv.num('end_sk')];
  const resumed = priv.num(field);
  let bucket = end > 0 && cur === end ? resumed + 1 : resumed;
  const cookies = Array.from({ length: end - cur }, (_, i) => batchAt(session, cur + i));
  priv.set('cur_sk', 0);
  priv.set('end_sk', 0);
  for (; bucket < table.buckets; bucket++) {
    const all = seqSocks(session, table, bucket);
    const socks = bucket === resumed && end > 0 ? from(session, all, cookies) : all;
    if (socks.length === 0) continue;
    priv.set(field, bucket);
    return { bucket: table.bucketAt(bucket), socks };
  }
  priv.set(field, bucket);
  return null;
}

/** The sockets from the first that one of the cookies names. */
function from({ kernel }: Session, all: readonly Addr[], cookies: readonly bigint[]): readonly Addr[] {
  const names = all.map((sk) => sockCommon(kernel, sk).big('skc_cookie'));
  for (const cookie of cookies) {
    const at = names.indexOf(cookie);
    if (at >= 0) return all.slice(at);
  }
  return [];
}
