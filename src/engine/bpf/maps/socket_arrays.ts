/**
 * Arrays of sockets that only the network's own programs use: AF_XDP sockets by queue, and the members of a group
 * that shares a port. The value is a socket's fd.
 *
 * Source: net/xdp/xskmap.c, kernel/bpf/reuseport_array.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY } from '../../abi/uapi.ts';
import { AF, IPPROTO, SOCK, sockAt } from '../../kernel/objects/sock.ts';
import { BPF_EXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { arrayAllocCheck } from './array.ts';
import { nextIndex } from './redirect.ts';

const POINTER: Bytes = 8;
const COOKIE: Bytes = 8;

/** @kernel xsk_map_alloc, net/xdp/xskmap.c @fidelity full: more_maps.test.ts */
export const xskmapAllocCheck = ({ maxEntries, keySize, valueSize, flags }: MapSpec): NegErrno =>
  maxEntries === 0 ||
  keySize !== 4 ||
  valueSize !== 4 ||
  (flags & ~(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)) !== 0
    ? fail('EINVAL')
    : 0;

/** @kernel reuseport_array_alloc_check, kernel/bpf/reuseport_array.c @fidelity full: more_maps.test.ts */
export const reuseportAllocCheck = (spec: MapSpec): NegErrno =>
  spec.valueSize !== 4 && spec.valueSize !== COOKIE ? fail('EINVAL') : arrayAllocCheck(spec);

/** What both have in common: room for pointers behind the struct, which stay NULL here. */
export abstract class SocketArray extends BpfMap {
  constructor(init: MapInit, container: string) {
    super(init, container, init.spec.maxEntries * POINTER);
  }

  /** @returns 0, or why the socket at `sk` cannot be stored */
  abstract put(index: number, sk: Addr, flags: bigint): NegErrno;

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }
  override getNextKey(key: Addr, next: Addr): NegErrno {
    return nextIndex(this, key, next);
  }
}

export class XskMap extends SocketArray {
  constructor(init: MapInit) {
    super(init, 'xsk_map');
  }
  /** @kernel xsk_map_update_elem, net/xdp/xskmap.c @fidelity partial: there are no AF_XDP sockets to store */
  override put(index: number, _sk: Addr, flags: bigint): NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    return index >= this.spec.maxEntries ? fail('E2BIG') : fail('EOPNOTSUPP');
  }
  /** @kernel xsk_map_delete_elem, net/xdp/xskmap.c @fidelity full: more_maps.test.ts */
  override delete(key: Addr): NegErrno {
    return this.mem.u32(key) >= this.spec.maxEntries ? fail('EINVAL') : 0;
  }
  /** @kernel xsk_map_lookup_elem_sys_only, net/xdp/xskmap.c @fidelity full: more_maps.test.ts */
  override copyOut(_key: Uint8Array): NegErrno {
    return fail('EOPNOTSUPP');
  }
}

export class ReuseportArray extends SocketArray {
  constructor(init: MapInit) {
    super(init, 'reuseport_array');
  }

  /**
   * @kernel reuseport_array_update_check, kernel/bpf/reuseport_array.c
   * @fidelity partial: no socket here is in a group that shares a port, so none can be stored
   */
  override put(index: number, addr: Addr, flags: bigint): NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    if (flags === BPF_EXIST) return fail('ENOENT');
    const sk = sockAt(this.kernel, addr);
    const [protocol, family, type] = [
      sk.num('sk_protocol'),
      sk.num('__sk_common.skc_family'),
      sk.num('sk_type'),
    ];
    const inet = family === AF.INET || family === AF.INET6;
    if ((protocol !== IPPROTO.UDP && protocol !== IPPROTO.TCP) || !inet) return fail('ENOTSUPP');
    if (type !== SOCK.STREAM && type !== SOCK.DGRAM) return fail('ENOTSUPP');
    return fail('EINVAL');
  }
  /** @kernel reuseport_array_delete_elem, kernel/bpf/reuseport_array.c @fidelity full: more_maps.test.ts */
  override delete(key: Addr): NegErrno {
    return this.mem.u32(key) >= this.spec.maxEntries ? fail('E2BIG') : fail('ENOENT');
  }
  /** A cookie, if values have room for one. @kernel bpf_fd_reuseport_array_lookup_elem, kernel/bpf/reuseport_array.c @fidelity full: more_maps.test.ts */
  override copyOut(_key: Uint8Array): NegErrno {
    return this.spec.valueSize === COOKIE ? fail('ENOENT') : fail('ENOSPC');
  }
}
