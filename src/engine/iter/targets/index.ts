/** The targets, and what of BPF they walk. */
import type { IterReg } from '../bpf_iter.ts';
import { bpfMapElemTarget } from './bpf_map_elem.ts';
import { bpfLinkTarget, bpfMapTarget, bpfProgTarget } from './bpf_object.ts';
import { bpfSkStorageMapTarget } from './bpf_sk_storage_map.ts';
import { cgroupTarget } from './cgroup.ts';
import { dmabufTarget } from './dmabuf.ts';
import { ipv6RouteTarget } from './ipv6_route.ts';
import { kmemCacheTarget } from './kmem_cache.ts';
import { ksymTarget } from './ksym.ts';
import { netlinkTarget } from './netlink.ts';
import { sockmapTarget } from './sockmap.ts';
import { taskTarget } from './task.ts';
import { taskFileTarget } from './task_file.ts';
import { taskVmaTarget } from './task_vma.ts';
import { tcpTarget } from './tcp.ts';
import { udpTarget } from './udp.ts';
import { unixTarget } from './unix.ts';

/** Every target we have. Which of them a kernel registers depends on its release. */
export const TARGETS: readonly IterReg[] = [
  taskTarget,
  taskFileTarget,
  taskVmaTarget,
  bpfMapTarget,
  bpfProgTarget,
  bpfLinkTarget,
  bpfMapElemTarget,
  bpfSkStorageMapTarget,
  sockmapTarget,
  cgroupTarget,
  ksymTarget,
  tcpTarget,
  udpTarget,
  unixTarget,
  netlinkTarget,
  ipv6RouteTarget,
  kmemCacheTarget,
  dmabufTarget,
];
