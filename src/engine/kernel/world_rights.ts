/**
 * Namespaces, nsproxies and creds of a world. What is equal is shared, as it would be after clone: one
 * nsproxy for each set of namespaces, one cred for each process and set of rights.
 */
import type { Kernel } from './kernel.ts';
import { newCred, plainCred } from './objects/cred.ts';
import type { CredSpec } from './objects/cred.ts';
import { NAMESPACES, newNamespace, newNsproxy, nsInum } from './objects/namespace.ts';
import type { NsKind, NsSet } from './objects/namespace.ts';
import type { View } from './view.ts';
import type { World, WorldCred, WorldProcess } from './world_schema.ts';

export class Rights {
  private readonly kernel: Kernel;
  private readonly initial: NsSet;
  /** By kind and number. */
  private readonly namespaces = new Map<string, View>();
  private readonly proxies = new Map<string, View>();
  private readonly creds = new Map<string, View>();

  /** @param initial the namespaces made at boot */
  constructor(kernel: Kernel, world: World, initial: NsSet) {
    this.kernel = kernel;
    this.initial = initial;
    setUname(initial.uts, world);
    for (const { kind } of NAMESPACES) this.keep(kind, initial[kind]);
    for (const { kind, inum, parent } of world.namespaces) {
      if (this.namespaces.has(`${kind}:${inum}`)) continue;
      const above = this.namespaces.get(`${kind}:${parent ?? -1}`) ?? initial[kind];
      const ns = newNamespace(kernel, kind, inum, above);
      if (kind === 'uts') setUname(ns, world);
      this.keep(kind, ns);
    }
  }

  private keep(kind: NsKind, ns: View): void {
    this.namespaces.set(`${kind}:${nsInum(ns)}`, ns);
  }

  /** The namespace with this number; of whatever kind, unless one is named. */
  byInum(inum: number, kind?: NsKind): View | null {
    if (kind) return this.namespaces.get(`${kind}:${inum}`) ?? null;
    return [...this.namespaces.values()].find((ns) => nsInum(ns) === inum) ?? null;
  }

  namespace(process: WorldProcess, kind: NsKind): View {
    const inum = process.ns[kind];
    return (inum === undefined ? undefined : this.namespaces.get(`${kind}:${inum}`)) ?? this.initial[kind];
  }

  nsproxy(process: WorldProcess): View {
    const set = Object.fromEntries(
      NAMESPACES.map(({ kind }) => [kind, this.namespace(process, kind)]),
    ) as unknown as NsSet;
    const forChildren = process.ns.pid_for_children;
    const pid = forChildren === undefined ? set.pid : (this.namespaces.get(`pid:${forChildren}`) ?? set.pid);
    const all: NsSet = { ...set, pid };
    const key = NAMESPACES.filter((ns) => ns.proxy !== '')
      .map(({ kind }) => all[kind].addr)
      .join();
    let proxy = this.proxies.get(key);
    if (!proxy) {
      const initial = NAMESPACES.every(({ kind }) => all[kind].addr === this.initial[kind].addr);
      proxy = initial ? this.kernel.object('init_nsproxy', 'nsproxy') : newNsproxy(this.kernel, all);
      this.proxies.set(key, proxy);
    }
    return proxy;
  }

  cred(process: WorldProcess, given: WorldCred | undefined): View {
    if (process.kthread) return this.kernel.object('init_cred', 'cred');
    const spec = given ? credSpec(given) : plainCred(process.uid, process.gid);
    const text = JSON.stringify(spec, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const key = `${process.pid}/${text}`;
    let cred = this.creds.get(key);
    if (!cred) this.creds.set(key, (cred = newCred(this.kernel, spec, this.namespace(process, 'user'))));
    return cred;
  }
}

/** What uname(2) reads. @kernel init_uts_ns, init/version.c @fidelity full: src/engine/kernel/sockets.test.ts */
function setUname(uts: View, { uname, release }: World): void {
  const names = { sysname: 'Linux', ...uname, release: uname.release || release, domainname: '(none)' };
  for (const [name, text] of Object.entries(names)) uts.setStr(`name.${name}`, text);
}

function credSpec(cred: WorldCred): CredSpec {
  const plain = plainCred(cred.uid[1], cred.gid[1]);
  const caps = cred.caps
    ? {
        inheritable: BigInt(cred.caps.inheritable),
        permitted: BigInt(cred.caps.permitted),
        effective: BigInt(cred.caps.effective),
        bset: BigInt(cred.caps.bset),
        ambient: BigInt(cred.caps.ambient),
      }
    : plain.caps;
  return { uid: cred.uid, gid: cred.gid, groups: cred.groups, caps };
}
