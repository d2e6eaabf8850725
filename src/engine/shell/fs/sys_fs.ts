/** /sys: the few files that people who write iterators read. */
import { latin1Encode } from '../../../shared/utf8.ts';
import type { Sys } from '../../sys/sys.ts';
import { BOOT_TIME } from '../clock.ts';
import { OpenFile, TextFile } from '../open_file.ts';
import type { ReadResult, Run } from '../run.ts';
import { gave } from '../run.ts';
import { FixedFileSystem, S_IFDIR, S_IFREG } from './node.ts';
import type { Node } from './node.ts';

/**
 * Reading takes the lines away; when there are none, the reader sleeps until some come.
 *
 * @kernel tracing_read_pipe, kernel/trace/trace.c
 */
class TracePipe extends OpenFile {
  private readonly lines: string[];
  private left: Uint8Array = new Uint8Array(0);
  constructor(lines: string[]) {
    super();
    this.lines = lines;
  }
  override *read(size: number): Run<ReadResult> {
    while (this.left.length === 0 && this.lines.length === 0) yield 'blocked';
    if (this.left.length === 0)
      this.left = latin1Encode(
        this.lines
          .splice(0)
          .map((line) => `${line.replace(/\n$/, '')}\n`)
          .join(''),
      );
    const bytes = this.left.subarray(0, size);
    this.left = this.left.subarray(bytes.length);
    return gave(bytes);
  }
}

const TRACE_HEADER = `# tracer: nop
#
# entries-in-buffer/entries-written: COUNT/COUNT   #P:1
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;

type Open = (sys: Sys) => OpenFile;
const text =
  (of: (sys: Sys) => string): Open =>
  (sys) =>
    new TextFile(latin1Encode(of(sys)));

const FILES: Readonly<
  Record<string, { readonly mode: number; readonly size?: (sys: Sys) => number; readonly open: Open }>
> = {
  'kernel/btf/vmlinux': {
    mode: 0o444,
    size: (sys) => sys.objects.vmlinux.types.raw.length,
    open: (sys) => new TextFile(sys.objects.vmlinux.types.raw),
  },
  'kernel/tracing/trace_pipe': { mode: 0o440, open: (sys) => new TracePipe(sys.bpf.tracePipe as string[]) },
  'kernel/tracing/trace': {
    mode: 0o640,
    open: text(
      (sys) =>
        TRACE_HEADER.replaceAll('COUNT', String(sys.bpf.tracePipe.length)) +
        sys.bpf.tracePipe.map((line) => `${line.replace(/\n$/, '')}\n`).join(''),
    ),
  },
  'kernel/debug/tracing/trace_pipe': {
    mode: 0o440,
    open: (sys) => new TracePipe(sys.bpf.tracePipe as string[]),
  },
  'devices/system/cpu/possible': { mode: 0o444, open: text((sys) => cpuRange(sys)) },
  'devices/system/cpu/online': { mode: 0o444, open: text((sys) => cpuRange(sys)) },
};
const cpuRange = ({ bpf }: Sys): string => (bpf.cpus === 1 ? '0\n' : `0-${bpf.cpus - 1}\n`);

export class SysFs extends FixedFileSystem {
  readonly type = 'sysfs';
  private readonly sys: Sys;

  constructor(sys: Sys) {
    super();
    this.sys = sys;
  }

  node(path: string): Node | null {
    const facts = { nlink: 1, uid: 0, gid: 0, size: 0, mtime: BOOT_TIME };
    const file = FILES[path];
    if (file)
      return {
        ...facts,
        mode: S_IFREG | file.mode,
        ino: BigInt(10 + Object.keys(FILES).indexOf(path)),
        size: file.size?.(this.sys) ?? 0,
        open: () => file.open(this.sys),
      };
    const directory =
      path === '' || path === 'fs' || Object.keys(FILES).some((each) => each.startsWith(`${path}/`));
    return directory ? { ...facts, mode: S_IFDIR | 0o755, ino: 1n, nlink: 2 } : null;
  }

  names(path: string): readonly string[] {
    const prefix = path === '' ? '' : `${path}/`;
    return [...Object.keys(FILES), 'fs/bpf']
      .filter((each) => each.startsWith(prefix))
      .map((each) => each.slice(prefix.length).split('/')[0] ?? '')
      .filter((name, i, all) => all.indexOf(name) === i && (path !== 'fs' || name !== 'bpf'));
  }
}
