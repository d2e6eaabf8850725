/**
 * A module in the kernel: its image in kernel memory, a stack, and a processor that runs its C.
 *
 *     insmod: place image -> fill in BTF ids -> init -> bpf_iter_reg_target -> a target like any other
 *
 * C that goes wrong does so as in a kernel: memory that is not there is an oops at a line, a lock that is taken
 * twice waits for itself forever. What it forgets to give back is in the ledger.
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { errnoName } from '../../shared/errno.ts';
import { hex } from '../../shared/int64.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { ModuleReport } from '../../protocol/report.ts';
import { BtfObject } from '../bpf/btf_object.ts';
import { EXTENDED_STACK } from '../cc/profile.ts';
import { Kind } from '../btf/types.ts';
import { readElf } from '../elf/read.ts';
import type { Image, SourceLine } from '../image/image.ts';
import { link } from '../image/link.ts';
import { KernelOops } from '../iter/bpf_iter.ts';
import type { OopsReason } from '../iter/bpf_iter.ts';
import type { Session } from '../iter/session.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault } from '../kernel/memory.ts';
import type { Sys } from '../sys/sys.ts';
import { CProcessor, KERNEL_SLOT } from '../vm/c_processor.ts';
import { Code } from '../vm/code.ts';
import type { Helper } from '../vm/helper.ts';
import { OutOfFuel } from '../vm/processor.ts';
import { KernelCall } from './call.ts';
import type { ModuleFile } from './build.ts';
import { ModuleError } from './module_error.ts';
import { KERNEL_FUNCTIONS } from './functions/index.ts';
import { LineWatch } from './lines.ts';
import { HOLDS, Ledger } from './ledger.ts';
import type { Hold, HoldKind } from './ledger.ts';

/** Instructions that one call of a callback may take. */
const FUEL = 20_000_000;
const BTF_IDS = /^\.BTF_ids\.(struct|union|enum|typedef|func)\.(\w+)$/;
const ID_KINDS: Readonly<Record<string, Kind>> = {
  struct: Kind.STRUCT,
  union: Kind.UNION,
  enum: Kind.ENUM,
  typedef: Kind.TYPEDEF,
  func: Kind.FUNC,
};
/** btf_tracing_ids, in their order. */
const TRACING_TYPES = ['task_struct', 'file', 'vm_area_struct'];

/** Variables of the kernel that C may name, and the struct each is. */
const VARIABLES: Readonly<Record<string, string>> = {
  init_task: 'task_struct',
  init_pid_ns: 'pid_namespace',
};

/** resolve_btfids: numbers of types go where BTF_ID_LIST left room for them. */
function resolveBtfIds(object: Uint8Array, kernel: Kernel): Uint8Array {
  const out = object.slice();
  for (const { name, data } of readElf(out).sections) {
    const [, kind = '', type = ''] = BTF_IDS.exec(name) ?? [];
    if (kind === '') continue;
    const id = kernel.btf.find(type, ID_KINDS[kind] ?? Kind.VOID);
    new DataView(data.buffer, data.byteOffset).setUint32(0, id, true);
  }
  return out;
}

export class LoadedModule {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly file: ModuleFile;
  readonly image: Image;
  readonly ledger = new Ledger();
  /** Targets it registered, by name, in order. */
  readonly targets: string[] = [];
  /** The open file that the callback now running belongs to. */
  session: Session | null = null;
  /** Sessions of its targets that are open. */
  openSessions = 0;
  private readonly cpu: CProcessor;
  private readonly stack: Addr;
  private readonly lines: LineWatch;
  private readonly problems: Diagnostic[] = [];
  private oops: KernelOops | null = null;
  private log = '';
  private depth = 0;

  constructor(sys: Sys, file: ModuleFile) {
    this.sys = sys;
    this.kernel = sys.kernel;
    this.file = file;
    const { kernel } = this;
    this.cpu = new CProcessor(kernel);
    this.stack = kernel.mem.alloc(EXTENDED_STACK, 4096);
    this.image = this.load();
    this.lines = new LineWatch(this.image, file.path);
    this.cpu.onInsn = this.lines.hook;
  }

  private load(): Image {
    const { kernel, file } = this;
    const linked = link({
      objects: [{ name: file.path, bytes: resolveBtfIds(file.object, kernel) }],
      isNative: (name) => Object.hasOwn(KERNEL_FUNCTIONS, name),
      variable: (name) => this.variable(name),
      place: (size) => kernel.mem.asVmalloc(kernel.mem.alloc(size, 4096)),
    });
    if (!linked.ok)
      throw new ModuleError(
        linked.messages.map((text) => this.diagnostic('error', text.replace(/^.*: undefined/, 'undefined'))),
      );
    const { image } = linked;
    for (const { addr, bytes } of image.segments) if (bytes.length > 0) kernel.mem.setBytes(addr, bytes);
    const helpers = image.natives.map((name): Helper => {
      const { run } = must(KERNEL_FUNCTIONS[name], name);
      return (call) => run(new KernelCall(this, call)) ?? 0;
    });
    this.cpu.image = new Code({
      insns: image.insns,
      base: image.base,
      linker: { helper: (n) => helpers[n] ?? null, kfunc: () => null },
    });
    this.cpu.stackLow = this.stack;
    return image;
  }

  private variable(name: string): Addr | null {
    const { kernel } = this;
    if (name === 'btf_tracing_ids') {
      const addr = kernel.mem.alloc(4 * TRACING_TYPES.length);
      TRACING_TYPES.forEach((type, i) =>
        kernel.mem.setU32(addr + BigInt(4 * i), kernel.btf.find(type, Kind.STRUCT)),
      );
      return addr;
    }
    const struct = VARIABLES[name];
    return struct === undefined ? null : kernel.object(name, struct).addr;
  }

  // -- running C ------------------------------------------------------------------------------------------

  /**
   * Calls a function of the module from the kernel.
   *
   * @param what the function as messages name it when there is none: `seq_ops->start`
   * @throws KernelOops, ProgramAbort
   */
  run(what: string, fn: Addr, ...args: readonly bigint[]): bigint {
    const { cpu } = this;
    if (this.depth++ === 0) cpu.useRegisters(KERNEL_SLOT);
    try {
      if (fn === 0n) this.stop('fault', 0n, `${what} is NULL: the kernel jumps to address 0`);
      this.lines.begin(this.session);
      cpu.refuel(FUEL);
      cpu.execute(cpu.start(this.stack + BigInt(EXTENDED_STACK), fn, args));
      cpu.passTime();
      return cpu.reg(0);
    } catch (error) {
      if (error instanceof Fault) this.stop(...this.faultText(error.addr));
      if (error instanceof OutOfFuel)
        this.stop('fuel', 0n, `${what} ran ${FUEL} instructions without an end: soft lockup`);
      throw error;
    } finally {
      this.depth--;
    }
  }

  private faultText(addr: Addr): [OopsReason, Addr, string] {
    const below = addr < this.stack && addr >= this.stack - 0x10000n;
    if (below) return ['stack', addr, 'kernel stack overflow'];
    if (addr < 4096n) return ['fault', addr, `kernel NULL pointer dereference, address: ${longHex(addr)}`];
    if (this.kernel.mem.isUser(addr))
      return ['fault', addr, `unable to handle page fault for address: ${longHex(addr)} (user memory)`];
    return ['fault', addr, `unable to handle page fault for address: ${longHex(addr)}`];
  }

  /** Where the module's C stands: the innermost line of the user's. */
  private here(): SourceLine | null {
    return this.depth > 0 ? this.image.lineAt(this.cpu.pc) : null;
  }

  /** Ends what runs, as an oops ends it. */
  stop(why: OopsReason, addr: Addr, text: string): never {
    const at = why === 'fault' && text.includes('is NULL:') ? null : this.here();
    const calls = at ? this.cpu.backtrace() : [];
    const trace = calls.map((pc) => {
      const line = this.image.lineAt(pc);
      return `${this.image.functionAt(pc)?.name ?? '?'} ${line ? `${line.file}:${line.line}` : ''}`.trim();
    });
    this.oops = new KernelOops({
      why,
      addr,
      text,
      at: at && { file: at.file, line: at.line, column: at.column },
      trace,
    });
    throw this.oops;
  }

  // -- what is held ------------------------------------------------------------------------------------------

  take(kind: HoldKind, object: Addr, name: string): void {
    this.ledger.take({ kind, object, name, at: this.here() });
    const { held } = HOLDS[kind];
    if (held) this.session?.held(held, object, 1);
  }

  /** @returns false when nothing of it was held: said, and not done */
  give(kind: HoldKind, object: Addr): boolean {
    const rule = HOLDS[kind];
    if (this.ledger.give(kind, object)) {
      if (rule.held) this.session?.held(rule.held, object, -1);
      return true;
    }
    this.warn(
      rule.lock
        ? `bad unlock balance: ${rule.giveBack}, but ${rule.text.replace(/,$/, '')} is not held`
        : kind === 'memory'
          ? `${rule.giveBack} of ${hex(object)}, which is not allocated: freed twice, or never allocated here`
          : `refcount_t: underflow; use-after-free: ${rule.giveBack} of ${hex(object)}, on which this code holds no reference`,
      this.here(),
    );
    return false;
  }

  /** @throws KernelOops when the caller itself holds the lock */
  needFree(kind: HoldKind, object: Addr): void {
    const holder = this.ledger.holder(kind, object);
    if (!holder) return;
    this.stop(
      'deadlock',
      object,
      `possible recursive locking: ${HOLDS[kind].text} at ${hex(object)} is held since ${place(holder)}; this waits forever`,
    );
  }

  maySleep(): void {
    const { atomic } = this.ledger;
    if (atomic)
      this.warn(
        `sleeping function called from invalid context: ${HOLDS[atomic.kind].text} is held since ${place(atomic)}`,
        this.here(),
      );
  }

  /** The system call returns: no lock may be held any more. */
  leave(): void {
    for (const hold of this.ledger.locks) {
      this.lost.push(hold);
      this.warn(
        `lock held when returning to user space: ${HOLDS[hold.kind].text}${hold.name === '' ? '' : ` ${hold.name}`}, taken here; ${HOLDS[hold.kind].giveBack} is missing`,
        hold.at,
      );
    }
    this.ledger.dropLocks();
  }
  private readonly lost: Hold[] = [];

  // -- what is said ----------------------------------------------------------------------------------------

  say(text: string): void {
    this.log += text.endsWith('\n') ? text : `${text}\n`;
  }

  warn(message: string, at: SourceLine | null): void {
    const said = this.problems.some((old) => old.message === message && old.line === (at?.line ?? 0));
    if (!said) this.problems.push(this.diagnostic('warning', message, at));
  }

  diagnostic(severity: 'error' | 'warning', message: string, at: SourceLine | null = null): Diagnostic {
    const line = at?.line ?? 0;
    const column = at?.column ?? 0;
    return {
      source: 'kernel',
      severity,
      file: at?.file ?? this.file.path,
      line,
      column,
      endLine: line,
      endColumn: column + 1,
      message,
      notes: [],
    };
  }

  /** What went wrong so far, and what would be left if nothing more were given back. */
  get diagnostics(): readonly Diagnostic[] {
    const leaks = this.leaks.map(({ hold, count }) => {
      const { text, giveBack } = HOLDS[hold.kind];
      const often = count === 1 ? '' : `, ${count} times`;
      return this.diagnostic(
        'warning',
        `leak: ${text}${hold.name === '' ? '' : ` ${hold.kind === 'memory' ? `(${hold.name})` : hold.name}`}, taken here${often}, is never given back: ${giveBack} is missing`,
        hold.at,
      );
    });
    return [...this.problems, ...leaks];
  }

  /** References that nobody will give back, those of one line and object together. */
  private get leaks(): readonly { readonly hold: Hold; readonly count: number }[] {
    if (this.oops || this.openSessions > 0) return [];
    const out = new Map<string, { hold: Hold; count: number }>();
    for (const hold of this.ledger.references) {
      const key = `${hold.kind} ${hold.object} ${hold.at?.line ?? 0}`;
      const known = out.get(key);
      if (known) known.count++;
      else out.set(key, { hold, count: 1 });
    }
    return [...out.values()];
  }

  report(): ModuleReport {
    const row = (hold: Hold) => ({
      kind: hold.kind,
      object: hex(hold.object),
      name: hold.name,
      file: hold.at?.file ?? '',
      line: hold.at?.line ?? 0,
      giveBack: HOLDS[hold.kind].giveBack,
    });
    const { oops } = this;
    return {
      name: this.file.name,
      targets: [...this.targets],
      leaks: this.leaks.map(({ hold, count }) => ({ ...row(hold), count })),
      locks: this.lost.map(row),
      oops: oops && {
        why: oops.why,
        message: oops.message,
        file: oops.at?.file ?? '',
        line: oops.at?.line ?? 0,
        trace: oops.trace,
      },
      log: this.log,
    };
  }
}

const longHex = (addr: Addr): string => addr.toString(16).padStart(16, '0');
const place = ({ at }: Hold): string => (at ? `${at.file}:${at.line}` : 'an earlier call');

/**
 * Inserts a module: runs its init.
 *
 * @throws ModuleError when it cannot be linked, has no init or init fails; KernelOops
 */
export function insertModule(sys: Sys, file: ModuleFile): LoadedModule {
  const module = new LoadedModule(sys, file);
  const init = module.image.symbols.get('init_module');
  if (init === undefined)
    throw new ModuleError([
      module.diagnostic(
        'error',
        'there is no init: module_init(FUNCTION) or late_initcall(FUNCTION) is missing',
      ),
    ]);
  const ret = Number(BigInt.asIntN(32, module.run('init', init)));
  if (ret < 0) throw new ModuleError([module.diagnostic('error', initFailed(file.name, ret))]);
  module.leave();
  sys.objects.btfs.alloc((id) => new BtfObject(sys.kernel, id, sys.kernel.btf, file.name, true));
  return module;
}

const initFailed = (name: string, ret: number): string =>
  `insmod: could not insert module ${name}.ko: init returned ${ret} (${errnoName(ret)})`;
