/**
 * What the targets that walk one map share: the map's fd as their parameter, and a reference on it.
 *
 * The link holds the map as user space does, and so does each session: closing the last fd of a map that is
 * walked does not take it away.
 *
 * Source: kernel/bpf/map_iter.c, net/core/sock_map.c, net/core/bpf_sk_storage.c, Linux 6.12.
 */
import type { Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import { mapsByAddr } from '../../bpf/map.ts';
import type { BpfMap } from '../../bpf/map.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { View } from '../../kernel/view.ts';
import type { IterReg } from '../bpf_iter.ts';
import type { Session } from '../session.ts';

/** The map that a link's parameters or a session's private struct name. */
export const mapOf = (kernel: Kernel, holder: View): BpfMap => mapsByAddr.at(kernel, holder.ptr('map'));

export interface MapRule {
  /** Types of maps that the target walks. */
  readonly types: ReadonlySet<number>;
  /** Bytes that a program may read through `key`, and use through `value`. */
  readonly keyBytes: (map: BpfMap) => Bytes;
  readonly valueBytes: (map: BpfMap) => Bytes;
}

/**
 * What such a target registers about its parameters. Attaching gives 0; -EBADF without a map or with a closed fd,
 * -EINVAL for what is no map or cannot be walked, -EACCES when the program uses more of a key or value than there is.
 *
 * @kernel bpf_iter_attach_map, bpf_iter_detach_map, bpf_iter_map_show_fdinfo, bpf_iter_map_fill_link_info, kernel/bpf/map_iter.c
 * @fidelity full: app/walks/targets.test.ts
 */
export const mapParameters = (
  rule: MapRule,
): Pick<IterReg, 'mapTypes' | 'attach' | 'detach' | 'showFdinfo' | 'fillLinkInfo'> => ({
  mapTypes: rule.types,
  attach({ iter, info, prog }, aux) {
    const fd = info.getUint32(0, true);
    const map = fd === 0 ? fail('EBADF') : iter.env.mapByFd(fd);
    if (typeof map === 'number') return map;
    if (!rule.types.has(map.spec.type)) return fail('EINVAL');
    if (prog.maxRdonlyAccess > rule.keyBytes(map) || prog.maxRdwrAccess > rule.valueBytes(map))
      return fail('EACCES');
    iter.env.getUserMap(map);
    aux.set('map', map.addr);
    return 0;
  },
  detach: ({ kernel, iter }, aux) => iter.env.putUserMap(mapOf(kernel, aux)),
  showFdinfo: (kernel, aux) => `map_id:\t${mapOf(kernel, aux).id}\n`,
  fillLinkInfo: (kernel, aux, info) => info.setUint32(28, mapOf(kernel, aux).id, true),
});

/** @kernel bpf_iter_init_array_map, kernel/bpf/arraymap.c; sock_map_init_seq_private, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export function initMap(session: Session, aux: View): 0 {
  const map = mapOf(session.kernel, aux);
  session.iter.env.getUserMap(map);
  session.priv.set('map', map.addr);
  return 0;
}

/** @kernel bpf_iter_fini_array_map, kernel/bpf/arraymap.c; sock_map_fini_seq_private, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export function finiMap(session: Session): void {
  session.iter.env.putUserMap(mapOf(session.kernel, session.priv));
}
