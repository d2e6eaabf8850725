/**
 * Storage that hangs on tasks, cgroups and sockets.
 *
 * Source: kernel/bpf/bpf_task_storage.c, bpf_cgrp_storage.c, net/core/bpf_sk_storage.c, Linux 6.12.
 */
import { EngineBug } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { isFullSock, sockCommon } from '../../kernel/objects/sock.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { LocalStorageMap } from '../maps/local_storage.ts';

/** Task and cgroup storage have had two numbers each: recursion is watched for some callers only. */
export const storageHelpers = (): readonly (readonly [number, Helper])[] => [
  [107, (c) => get(c, fullSock(c))],
  [108, (c) => remove(c, fullSock(c))],
  [156, (c) => get(c, c.arg(2))],
  [157, (c) => remove(c, c.arg(2))],
  [210, (c) => get(c, c.arg(2))],
  [211, (c) => remove(c, c.arg(2))],
];

const fullSock = (call: Call): Addr => {
  const sk = call.arg(2);
  return sk !== 0n && isFullSock(sockCommon(call.kernel, sk)) ? sk : 0n;
};

function mapOf(call: Call): LocalStorageMap {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  if (!(map instanceof LocalStorageMap)) throw new EngineBug(`map ${map.spec.name} is no local storage`);
  return map;
}

/** @kernel bpf_task_storage_get, bpf_cgrp_storage_get, bpf_sk_storage_get @fidelity full: local_storage.test.ts */
function get(call: Call, owner: Addr): Addr {
  return mapOf(call).get(owner, call.arg(3), call.arg(4));
}

/** @kernel bpf_task_storage_delete, bpf_cgrp_storage_delete, bpf_sk_storage_delete @fidelity full: local_storage.test.ts */
function remove(call: Call, owner: Addr): NegErrno {
  return owner === 0n ? fail('EINVAL') : mapOf(call).remove(owner);
}
