/**
 * The options of levels IP and IPv6 that a program may set and read, as fields of struct inet_sock and ipv6_pinfo.
 *
 * Source: sol_ip_sockopt, sol_ipv6_sockopt, net/core/filter.c; do_ip_setsockopt, net/ipv4/ip_sockglue.c;
 * do_ipv6_setsockopt, net/ipv6/ipv6_sockglue.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import { SOCK } from '../../kernel/objects/sock.ts';
import type { View } from '../../kernel/view.ts';
import type { IntOption } from './sockopt.ts';

/** INET_ECN_MASK: bits that TCP sets itself. */
const ECN = 3;
/** IPTOS_TOS_MASK */
const TOS_MASK = 0x1e;
/** TC_PRIO_* by type of service. */
const PRIORITY_OF_TOS = [0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4] as const;
/** Bits of inet_flags: INET_FLAGS_AUTOFLOWLABEL_SET, INET_FLAGS_AUTOFLOWLABEL. */
const LABEL_CHOSEN = 1n << 23n;
const LABEL_AUTO = 1n << 24n;
/** net.ipv6.auto_flowlabels is IP6_AUTO_FLOW_LABEL_OPTOUT: without a choice, labels are made. */
const LABEL_BY_DEFAULT = 1;

/** A stream keeps the bits that its protocol sets. */
const withoutEcn = (inet: View, value: number, old: number): number =>
  inet.num('sk.sk_type') === SOCK.STREAM ? (value & ~ECN) | (old & ECN) : value;

/** @kernel __ip_sock_set_tos, net/ipv4/ip_sockglue.c @fidelity full: app/sockets.test.ts */
const tos: IntOption = {
  get: (inet) => inet.num('tos'),
  set: (inet, given) => {
    const old = inet.num('tos');
    const value = withoutEcn(inet, given, old);
    if (value === old) return 0;
    inet.set('tos', value & 0xff);
    inet.set('sk.sk_priority', PRIORITY_OF_TOS[(value & TOS_MASK) >> 1] ?? 0);
    return 0;
  },
};

const trafficClass: IntOption = {
  get: (inet) => inet.deref('pinet6')?.num('tclass') ?? 0,
  set: (inet, given) => {
    if (given < -1 || given > 0xff) return fail('EINVAL');
    const ipv6 = inet.deref('pinet6');
    ipv6?.set('tclass', withoutEcn(inet, Math.max(given, 0), ipv6.num('tclass')));
    return 0;
  },
};

/** @kernel ip6_autoflowlabel, include/net/ipv6.h @fidelity full: app/sockets.test.ts */
const autoFlowLabel: IntOption = {
  get: (inet) => {
    const flags = inet.big('inet_flags');
    if ((flags & LABEL_CHOSEN) === 0n) return LABEL_BY_DEFAULT;
    return (flags & LABEL_AUTO) === 0n ? 0 : 1;
  },
  set: (inet, given) => {
    const flags = inet.big('inet_flags') & ~LABEL_AUTO;
    inet.set('inet_flags', flags | LABEL_CHOSEN | (given === 0 ? 0n : LABEL_AUTO));
    return 0;
  },
};

export const IP_OPTIONS: ReadonlyMap<number, IntOption> = new Map([[1, tos]]);
export const IPV6_OPTIONS: ReadonlyMap<number, IntOption> = new Map([
  [67, trafficClass],
  [70, autoFlowLabel],
]);
