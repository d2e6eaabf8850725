/**
 * A shell in the simulated machine: a line goes in, bytes and an exit status come out.
 *
 * The shell is a task of the world: the reader if that is a shell, else the nearest of its ancestors that is
 * one, else a fork of the reader. What it runs are its children.
 */
import { latin1Decode, utf8Encode } from '../../shared/utf8.ts';
import { must } from '../../shared/assert.ts';
import { idleTask, setComm } from '../kernel/objects/task.ts';
import { openFds } from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';
import { openFd } from '../vfs/fd_table.ts';
import { pathText } from '../vfs/path.ts';
import { BUILTINS } from './builtins.ts';
import { PATH, PROGRAMS } from './commands/index.ts';
import { userName } from './commands/program.ts';
import { completeLine } from './complete.ts';
import type { Completion } from './complete.ts';
import { Executor, newContext } from './execute.ts';
import type { Context } from './execute.ts';
import { BpfFs, BPFFS } from './fs/bpf_fs.ts';
import { CgroupFs, CGROUPFS } from './fs/cgroup_fs.ts';
import { DiskFs } from './fs/disk_fs.ts';
import { ProcFs } from './fs/proc_fs.ts';
import { SysFs } from './fs/sys_fs.ts';
import { FileTree } from './fs/tree.ts';
import type { ShellHost } from './host.ts';
import { TerminalFile } from './open_file.ts';
import { Process } from './process.ts';
import { drainRun } from './run.ts';
import type { Run } from './run.ts';
import type { ShellWorld } from './shell_world.ts';
import { ArithmeticFault } from './arithmetic.ts';
import { SyntaxFault } from './grammar.ts';
import type { List } from './grammar.ts';
import { parseLines } from './syntax.ts';

/** Bytes that a line wrote to one channel of the terminal. */
export interface Output {
  readonly channel: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

export interface LineResult {
  /** In the order in which it was written. */
  readonly output: readonly Output[];
  readonly status: number;
  /** The line said exit. */
  readonly exited: boolean;
}

export interface ShellOptions {
  /** Width of the terminal, for programs that print in columns; null: none. */
  readonly columns?: number | null;
  /** Told of output as it comes, besides having it in the result. */
  readonly onOutput?: (output: Output) => void;
}

const SHELLS = /^-?(bash|sh|dash|zsh|ash|ksh|busybox)$/;
const MOST_HISTORY = 1000;
const SYNTAX_STATUS = 2;
/** Where the user's folder appears when the shell's own directory is the root. */
const homeOf = (uid: number): string => (uid === 0 ? '/root' : '/home/user');

/** The task that is the shell. */
function findShell(host: ShellHost): { readonly task: View; readonly fresh: boolean } {
  const reader = host.sys.fds.task;
  const idle = idleTask(host.sys.kernel).addr;
  for (let task: View | null = reader; task && task.addr !== idle; task = task.deref('real_parent'))
    if (SHELLS.test(task.str('comm')) && task.ptr('files') !== 0n && task.ptr('mm') !== 0n)
      return { task: must(task.deref('group_leader'), 'group_leader'), fresh: false };
  return { task: reader, fresh: true };
}

export class ShellSession {
  readonly world: ShellWorld;
  readonly history: string[] = [];
  private readonly process: Process;
  private readonly context: Context;
  private readonly executor = new Executor();
  private readonly terminals: readonly TerminalFile[];
  private output: Output[] = [];
  private finished: number | null = null;

  constructor(host: ShellHost, options: ShellOptions = {}) {
    const { kernel } = host.sys;
    const tree = new FileTree();
    this.world = {
      host,
      kernel,
      tree,
      processes: new Map(),
      activity: 0,
      running: 0,
      stuck: false,
      fuel: 0,
      columns: options.columns ?? null,
      program: (path) => PROGRAMS.get(path.replace(/^\/(s?bin)\//, '/usr/$1/')) ?? null,
      programPath: (word) => this.programPath(word),
      programNames: [
        ...new Set([...PROGRAMS.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1))),
      ].sort(),
      nextPipe: FIRST_PIPE,
    };
    const { task, fresh } = findShell(host);
    this.process = this.newShell(task, fresh);
    kernel.current = this.process.task.addr;
    const { uid } = this.process;
    const home = this.process.cwd === '/' ? homeOf(uid) : this.process.cwd;
    this.mount(host, tree, home);
    this.process.chdir(home);
    this.terminals = this.openTerminal(options.onOutput ?? (() => undefined));
    const { env } = this.process;
    for (const [name, value] of [
      ['HOME', homeOf(uid)],
      ['LOGNAME', userName(uid)],
      ['PATH', PATH],
      ['PWD', home],
      ['SHELL', '/bin/bash'],
      ['USER', userName(uid)],
    ] as const)
      env.set(name, value);
    this.context = newContext({
      process: this.process,
      status: 0,
      ended: () => this.finished !== null,
      shell: this.shell(),
    });
  }

  private newShell(task: View, fresh: boolean): Process {
    const { kernel } = this.world;
    const cwd = task.deref('fs') ? pathText(kernel, must(task.deref('fs'), 'fs').sub('pwd')) : '/';
    const spec = { argv: ['bash'], env: new Map<string, string>(), cwd, fds: new Map() };
    const process = new Process(this.world, task, spec);
    if (!fresh) {
      this.world.processes.set(task.addr, process);
      return process;
    }
    const child = process.fork(['bash']);
    setComm(child.task, 'bash');
    return child;
  }

  private mount(host: ShellHost, tree: FileTree, home: string): void {
    const programs = new Set(
      [...PROGRAMS.keys()].flatMap((path) => [path.slice(1), path.slice(1).replace(/^usr\//, '')]),
    );
    tree.mount(
      '/',
      new DiskFs({ sys: host.sys, outside: host.outside, home, owner: this.process.uid, programs }),
    );
    tree.mount('/proc', new ProcFs(host));
    tree.mount('/sys', new SysFs(host.sys));
    tree.mount(BPFFS, new BpfFs(host.sys));
    tree.mount(CGROUPFS, new CgroupFs(host.sys.kernel));
  }

  /** fds 0, 1 and 2 of the shell: the files it has there, or the terminal where it has none. */
  private openTerminal(onOutput: (output: Output) => void): TerminalFile[] {
    const { kernel, host } = this.world;
    const { task } = this.process;
    const files = must(task.deref('files'), 'files of the shell');
    const cred = must(task.deref('cred'), 'cred');
    const open = new Set([...openFds(kernel, files)].map(({ fd }) => fd));
    const channel = (name: Output['channel']): TerminalFile =>
      new TerminalFile((bytes) => {
        const output = { channel: name, bytes: bytes.slice() };
        this.output.push(output);
        onOutput(output);
      });
    const terminals = [channel('stdout'), channel('stdout'), channel('stderr')];
    for (const [fd, terminal] of terminals.entries()) {
      if (!open.has(fd))
        openFd(
          kernel,
          task,
          host.files.open({ path: '/dev/pts/0', flags: '0100002', pos: '0', mode: '20620' }, { cred }),
          false,
        );
      this.process.attach(fd, terminal);
    }
    return terminals;
  }

  private shell(): Context['shell'] {
    return {
      history: this.history,
      lastStatus: () => this.status,
      exit: (status) => {
        this.finished = status;
      },
      builtinNames: Object.keys(BUILTINS),
    };
  }

  /** `$?` */
  get status(): number {
    return this.context.status;
  }

  /** What an interactive shell shows before a line. */
  get prompt(): string {
    const { process, world } = this;
    const home = process.env.get('HOME') ?? '';
    const place =
      process.cwd === home
        ? '~'
        : process.cwd.startsWith(`${home}/`)
          ? `~${process.cwd.slice(home.length)}`
          : process.cwd;
    return `${userName(process.uid)}@${world.host.uname.nodename}:${place}${process.uid === 0 ? '#' : '$'} `;
  }

  private programPath(word: string): string | null {
    if (word.includes('/')) {
      const place = this.process.walk(word);
      return typeof place !== 'number' && place.node && this.world.program(place.path) ? place.path : null;
    }
    for (const dir of (this.process.env.get('PATH') ?? PATH).split(':'))
      if (PROGRAMS.has(`${dir}/${word}`)) return `${dir}/${word}`;
    return null;
  }

  /**
   * Runs one line, which may hold several commands. Pauses between callbacks of a walk; the machine's
   * current task is the shell before and after.
   */
  *line(text: string): Run<LineResult> {
    const { kernel } = this.world;
    this.output = [];
    this.world.fuel = LINE_FUEL;
    for (const terminal of this.terminals) terminal.refill();
    const typed = text.replace(/\n$/, '');
    if (typed.trim() !== '' && this.history.at(-1) !== typed) this.history.push(typed);
    if (this.history.length > MOST_HISTORY) this.history.shift();
    kernel.current = this.process.task.addr;
    try {
      for (const list of parseLines(latin1Decode(utf8Encode(typed)))) yield* this.runList(list);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      yield* this.process.complain(`bash: ${error.message}`);
      this.context.status = SYNTAX_STATUS;
    }
    const exited = this.finished !== null;
    if (this.finished !== null) this.context.status = this.finished;
    this.finished = null;
    return { output: this.output, status: this.context.status, exited };
  }

  /** A wrong expression ends the line that it stands in. */
  private *runList(list: List): Run<void> {
    try {
      yield* this.executor.list(this.context, list);
    } catch (error) {
      if (!(error instanceof ArithmeticFault)) throw error;
      yield* this.process.complain(`bash: ${error.message}`);
      this.context.status = 1;
    }
  }

  /** Runs a line in one go. */
  run(text: string): LineResult {
    return drainRun(this.line(text));
  }

  complete(text: string, cursor = text.length): Completion {
    return completeLine(this.process, text, cursor);
  }
}

/** About 256 MiB through pipes and files. */
const LINE_FUEL = 65_536;

/** Numbers of pipes that no world has. */
const FIRST_PIPE = 900_001;

export type { Completion };
