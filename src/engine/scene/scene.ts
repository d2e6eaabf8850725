/** The picture of a target, made from the kernel's bytes. Targets without one of their own have null. */
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import { bpfMapElemScene } from './bpf_map_elem.ts';
import { numberedScene } from './bpf_object.ts';
import { filterOf } from './facts.ts';
import { cgroupScene } from './cgroup.ts';
import { ksymScene } from './ksym.ts';
import { socketScene } from './sockets.ts';
import { listedScene } from './listed.ts';
import { taskScene } from './task.ts';
import { taskFileScene } from './task_file.ts';
import { taskVmaScene } from './task_vma.ts';

const PICTURES: Readonly<Record<string, (session: Session) => Scene>> = {
  task: (session) => taskScene(session.kernel, filterOf(session)),
  task_file: (session) => taskFileScene(session.kernel, filterOf(session)),
  task_vma: (session) => taskVmaScene(session.kernel, filterOf(session)),
  bpf_map: numberedScene('map'),
  bpf_prog: numberedScene('prog'),
  bpf_link: numberedScene('link'),
  bpf_map_elem: bpfMapElemScene,
  cgroup: cgroupScene,
  ksym: ksymScene,
  tcp: socketScene('tcp'),
  udp: socketScene('udp'),
  unix: socketScene('unix'),
  netlink: socketScene('netlink'),
  ipv6_route: listedScene('ipv6_route'),
  sockmap: listedScene('sockmap'),
  bpf_sk_storage_map: listedScene('bpf_sk_storage_map'),
  kmem_cache: listedScene('kmem_cache'),
  dmabuf: listedScene('dmabuf'),
};

/** @param session one that was opened and has not been read, or whose walk has only begun */
export const sceneOf = (session: Session): Scene | null => PICTURES[session.reg.target]?.(session) ?? null;
