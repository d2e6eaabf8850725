/** A bpf(2) that hands out fds and remembers what it was asked: for tests of what libbpf sends. */
import { Errno } from '../../../shared/errno.ts';
import type { BpfSyscalls, LinkCreateAttr, MapCreateAttr, ProgLoadAttr } from '../syscalls.ts';

export class FakeSys implements BpfSyscalls {
  /** In order: `btf`, `map NAME`, `update FD`, `freeze FD`, `prog NAME`, `close FD`, ... */
  readonly calls: string[] = [];
  readonly maps: MapCreateAttr[] = [];
  readonly progs: ProgLoadAttr[] = [];
  readonly btfs: Uint8Array[] = [];
  private nextFd: number;
  private readonly verdict: { readonly errno: number; readonly log: string };

  /** @param verdict what every program load gives: errno 0 accepts */
  constructor(firstFd = 4, verdict = { errno: 0, log: '' }) {
    this.nextFd = firstFd;
    this.verdict = verdict;
  }
  private open(call: string): number {
    this.calls.push(call);
    return this.nextFd++;
  }
  private done(call: string): number {
    this.calls.push(call);
    return 0;
  }
  btfLoad(btf: Uint8Array): number {
    this.btfs.push(btf);
    return this.open('btf');
  }
  mapCreate(attr: MapCreateAttr): number {
    this.maps.push(attr);
    return this.open(`map ${attr.name}`);
  }
  mapInfo = (): number => -Errno.EBADF;
  mapUpdate = (fd: number): number => this.done(`update ${fd}`);
  mapFreeze = (fd: number): number => this.done(`freeze ${fd}`);
  mmapArena = (fd: number): number => this.done(`mmap ${fd}`);
  progLoad(attr: ProgLoadAttr): { ret: number; log: string } {
    this.progs.push(attr);
    const { errno, log } = this.verdict;
    return { ret: errno === 0 ? this.open(`prog ${attr.name}`) : -errno, log };
  }
  linkCreate = (attr: LinkCreateAttr): number => this.open(`link ${attr.progFd}`);
  objPin = (fd: number, path: string): number => this.done(`pin ${fd} ${path}`);
  objGet(path: string): number {
    this.calls.push(`get ${path}`);
    return -Errno.ENOENT;
  }
  dupAbove = (fd: number): number => fd;
  close = (fd: number): number => this.done(`close ${fd}`);
}
