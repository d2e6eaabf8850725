/** The filesystems that a user program finds: a disk with the user's folder in it, /proc, /sys, bpffs, cgroups. */
import { BPFFS, BpfFs } from '../shell/fs/bpf_fs.ts';
import { CGROUPFS, CgroupFs } from '../shell/fs/cgroup_fs.ts';
import { DiskFs } from '../shell/fs/disk_fs.ts';
import { ProcFs } from '../shell/fs/proc_fs.ts';
import { SysFs } from '../shell/fs/sys_fs.ts';
import { FileTree } from '../shell/fs/tree.ts';
import type { ShellHost } from '../shell/host.ts';

/** @param home where the user's folder stands; @param owner uid of its files */
export function userTree(host: ShellHost, home: string, owner: number): FileTree {
  const { sys, outside } = host;
  const tree = new FileTree();
  tree.mount('/', new DiskFs({ sys, outside, home, owner, programs: new Set() }));
  tree.mount('/proc', new ProcFs(host));
  tree.mount('/sys', new SysFs(sys));
  tree.mount(BPFFS, new BpfFs(sys));
  tree.mount(CGROUPFS, new CgroupFs(sys.kernel));
  return tree;
}
