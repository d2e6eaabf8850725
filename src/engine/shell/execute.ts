/**
 * Runs lists of pipelines.
 *
 *     one builtin, a loop, a function     in the shell itself; redirections are undone afterwards
 *     anything else                       every command of the pipeline is forked first, then all run side by side
 *     ( list ), $(list)                   in a forked shell; the output of the latter is a pipe
 */
import { latin1Decode, latin1Encode } from '../../shared/utf8.ts';
import { fail } from '../../shared/errno.ts';
import { strerror } from '../libbpf/messages.ts';
import { BUILTINS } from './builtins.ts';
import type { Shell } from './builtins.ts';
import { expandWhole, expandWords, matchesPattern } from './expand.ts';
import type { Variables } from './expand.ts';
import { isDirectory, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from './fs/node.ts';
import { newPipe } from './open_file.ts';
import type { Process } from './process.ts';
import { done, Killed, SIGNALLED, SIGXCPU, WriteFault } from './run.ts';
import type { Run } from './run.ts';
import { runJobs, writeError } from './scheduler.ts';
import type { Job } from './scheduler.ts';
import { ArithmeticFault } from './arithmetic.ts';
import type { Command, CompoundCommand, List, Pipeline, Redirect, SimpleCommand } from './grammar.ts';

/** What a running shell is made of: the session's own, or a copy of it in a subshell. */
export interface Context {
  readonly process: Process;
  readonly shell: Shell;
  status: number;
  /** Set by exit: nothing more of the line is run. */
  readonly ended: () => boolean;
  /** $1, $2, ... */
  args: readonly string[];
  readonly functions: Map<string, CompoundCommand>;
  /** Set by break, continue and return, until the loop or the function that it is for. */
  jump: Jump | null;
  /** Loops and functions that run: what may be jumped out of. */
  loops: number;
  calls: number;
}
interface Jump {
  readonly kind: 'break' | 'continue' | 'return';
  /** Loops to go on out of. */
  readonly levels: number;
}

/** A shell's own context; `shared` are functions that a copy of the shell knows too. */
export const newContext = (
  fields: Pick<Context, 'process' | 'shell' | 'status' | 'ended'>,
  shared?: Pick<Context, 'args' | 'functions'>,
): Context => ({
  ...fields,
  args: shared?.args ?? [],
  functions: new Map(shared?.functions),
  jump: null,
  loops: 0,
  calls: 0,
});

/** Depth of $(...) within $(...). */
const MAX_DEPTH = 16;
/** Depth of functions that call each other. */
const MAX_CALLS = 200;
/** System calls that a turn of a loop counts as: a loop that calls nothing ends, too. */
const TURN_FUEL = 1;

export class Executor {
  private depth = 0;

  *list(context: Context, list: List): Run<void> {
    for (const { when, pipeline } of list) {
      if (context.ended() || context.jump) return;
      if (when === 'success' && context.status !== 0) continue;
      if (when === 'failure' && context.status === 0) continue;
      const status = yield* this.pipeline(context, pipeline);
      context.status = pipeline.negated ? (status === 0 ? 1 : 0) : status;
    }
  }

  private *pipeline(context: Context, { commands }: Pipeline): Run<number> {
    const [only] = commands;
    if (commands.length === 1 && only && only.kind !== 'simple' && only.kind !== 'subshell')
      return yield* this.compoundInShell(context, only);
    const all: { command: Command; words: readonly string[] }[] = [];
    for (const command of commands) {
      const words =
        command.kind === 'simple'
          ? yield* expandWords(command.words, this.variables(context))
          : context.process.argv;
      all.push({ command, words });
    }
    const [first] = all;
    if (all.length === 1 && first?.command.kind === 'simple') {
      const [word = ''] = first.words;
      const called = context.functions.get(word);
      if (called) return yield* this.callInShell(context, first.command, called, first.words);
      if (Object.hasOwn(JUMPS, word)) return yield* this.jump(context, first.words);
      if (word === '' || BUILTINS[word]) return yield* this.inShell(context, first.command, first.words);
    }
    return yield* this.forked(context, all);
  }

  // -- compound commands -----------------------------------------------------------------------------------------

  /** Runs `body` with redirections that are undone afterwards. */
  private *redirected(
    context: Context,
    redirects: readonly Redirect[],
    body: () => Run<number>,
  ): Run<number> {
    const { process } = context;
    const saved = redirects.map(({ fd }) => [fd, process.save(fd)] as const);
    const wrong = yield* this.redirect(process, redirects, this.variables(context));
    const status = wrong === 0 ? yield* body() : wrong;
    for (const [fd, copy] of saved.toReversed()) {
      if (copy >= 0) process.dup2(copy, fd);
      else process.close(fd);
      if (copy >= 0) process.close(copy);
    }
    return status;
  }

  private *compoundInShell(context: Context, command: CompoundCommand): Run<number> {
    try {
      return yield* this.redirected(context, command.redirects, () => this.compound(context, command));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      context.process.world.fuel = LAST_WORDS;
      yield* context.process.complain(
        error.signal === SIGXCPU ? 'CPU time limit exceeded' : `Killed by signal ${error.signal}`,
      );
      context.jump = null;
      return SIGNALLED + error.signal;
    }
  }

  private *compound(context: Context, command: CompoundCommand): Run<number> {
    switch (command.kind) {
      case 'function':
        context.functions.set(command.name, command.body);
        return 0;
      case 'group':
      case 'subshell':
        yield* this.list(context, command.body);
        return context.status;
      case 'if':
        for (const { condition, body } of command.branches) {
          if (condition) yield* this.list(context, condition);
          if (context.ended() || context.jump) return context.status;
          if (condition && context.status !== 0) continue;
          yield* this.list(context, body);
          return context.status;
        }
        return 0;
      case 'loop':
        return yield* this.turns(context, command.body, function* (executor) {
          yield* executor.list(context, command.condition);
          return (context.status === 0) !== command.until;
        });
      case 'for': {
        const words = command.words
          ? yield* expandWords(command.words, this.variables(context))
          : context.args;
        const left = [...words];
        return yield* this.turns(context, command.body, () => {
          const next = left.shift();
          if (next !== undefined) context.process.env.set(command.name, next);
          return done(next !== undefined);
        });
      }
      case 'case': {
        const variables = this.variables(context);
        const text = yield* expandWhole(command.word, variables);
        for (const { patterns, body } of command.arms)
          for (const pattern of patterns)
            if (yield* matchesPattern(text, pattern, variables)) {
              context.status = 0;
              yield* this.list(context, body);
              return context.status;
            }
        return 0;
      }
    }
  }

  /** Turns of a loop, as long as `goesOn` says so. */
  private *turns(context: Context, body: List, goesOn: (executor: Executor) => Run<boolean>): Run<number> {
    const { world } = context.process;
    let status = 0;
    context.loops++;
    try {
      while (!context.ended() && (yield* goesOn(this)) && !context.jump) {
        world.fuel -= TURN_FUEL;
        if (world.fuel < 0) throw new Killed(SIGXCPU);
        yield* this.list(context, body);
        ({ status } = context);
        const jump = pending(context);
        if (!jump) continue;
        if (jump.kind === 'return') break;
        context.jump = jump.levels > 1 ? { ...jump, levels: jump.levels - 1 } : null;
        if (jump.kind === 'break' || pending(context)) break;
      }
    } finally {
      context.loops--;
    }
    return status;
  }

  private *callInShell(
    context: Context,
    command: SimpleCommand,
    body: CompoundCommand,
    words: readonly string[],
  ): Run<number> {
    const before = context.args;
    if (context.calls >= MAX_CALLS) {
      yield* context.process.complain(
        `bash: ${words[0]}: maximum function nesting level exceeded (${MAX_CALLS})`,
      );
      return 1;
    }
    context.calls++;
    context.args = words.slice(1);
    try {
      return yield* this.redirected(context, [...command.redirects, ...body.redirects], () =>
        this.compound(context, body),
      );
    } finally {
      if (context.jump?.kind === 'return') context.jump = null;
      context.args = before;
      context.calls--;
    }
  }

  /** break, continue, return and shift: what changes the course of the shell itself. */
  private *jump(context: Context, [word = '', given]: readonly string[]): Run<number> {
    const kind = JUMPS[word];
    if (given !== undefined && !/^\d+$/.test(given)) {
      yield* context.process.complain(`bash: ${word}: ${given}: numeric argument required`);
      return word === 'return' ? 2 : 1;
    }
    const n = given === undefined ? null : Number(given);
    if (!kind) {
      if ((n ?? 1) > context.args.length) return 1;
      context.args = context.args.slice(n ?? 1);
      return 0;
    }
    if (kind === 'return') {
      if (context.calls === 0) {
        yield* context.process.complain("bash: return: can only `return' from a function or sourced script");
        return 2;
      }
      context.jump = { kind, levels: 1 };
      return (n ?? context.status) & 0xff;
    }
    if (context.loops === 0) {
      yield* context.process.complain(
        `bash: ${word}: only meaningful in a \`for', \`while', or \`until' loop`,
      );
      return 0;
    }
    if (n === 0) {
      yield* context.process.complain(`bash: ${word}: 0: loop count out of range`);
      return 1;
    }
    context.jump = { kind, levels: n ?? 1 };
    return 0;
  }

  private variables(context: Context): Variables {
    return {
      process: context.process,
      args: context.args,
      lastStatus: () => context.status,
      substitute: (list) => this.substitute(context, list),
    };
  }

  /** What a list prints, run by a copy of the shell. */
  private *substitute(context: Context, list: List): Run<string> {
    if (this.depth >= MAX_DEPTH) {
      yield* context.process.complain('bash: $(...) is nested too deeply');
      return '';
    }
    this.depth++;
    const { reader, writer } = newPipe();
    const [readEnd, writeEnd] = context.process.pipe(reader, writer);
    const child = context.process.fork(context.process.argv);
    child.dup2(writeEnd, 1);
    for (const end of [readEnd, writeEnd]) child.close(end);
    context.process.close(writeEnd);
    const sub = newContext(
      { process: child, shell: context.shell, status: context.status, ended: () => false },
      context,
    );
    // The parent reads while the copy runs; a pipe that is full would stop both, so it is emptied in between.
    let text = '';
    const body = this.list(sub, list);
    const { kernel } = child.world;
    const parent = kernel.current;
    for (;;) {
      kernel.current = child.task.addr;
      const step = body.next();
      kernel.current = parent;
      text += latin1Decode(drainPipe(reader));
      if (step.done) break;
      if (step.value === 'pause') yield 'pause';
    }
    child.exit(sub.status << 8);
    context.status = sub.status;
    text += latin1Decode(drainPipe(reader));
    context.process.close(readEnd);
    this.depth--;
    return text;
  }

  // -- in the shell itself ---------------------------------------------------------------------------------------

  private *inShell(context: Context, command: SimpleCommand, words: readonly string[]): Run<number> {
    const { process, shell } = context;
    const before = context.status;
    for (const { name, value } of command.assignments)
      process.env.set(name, yield* expandWhole(value, this.variables(context)));
    const saved: (readonly [fd: number, copy: number])[] = [];
    for (const { fd } of command.redirects) saved.push([fd, process.save(fd)]);
    let status = yield* this.redirect(process, command.redirects, this.variables(context));
    const builtin = BUILTINS[words[0] ?? ''];
    if (status === 0 && builtin)
      try {
        const own = Object.create(process, { argv: { value: words } }) as Process;
        status = yield* builtin(own, shell);
        process.cwd = own.cwd;
      } catch (error) {
        if (error instanceof WriteFault) {
          yield* process.complain(writeError(`bash: ${words[0]}`, error));
          status = 1;
        } else if (error instanceof Killed) status = SIGNALLED + error.signal;
        else throw error;
      }
    else if (status === 0 && command.assignments.length === 0) status = context.status;
    else if (status === 0) status = context.status === before ? 0 : context.status;
    for (const [fd, copy] of saved.toReversed()) {
      if (copy >= 0) process.dup2(copy, fd);
      else process.close(fd);
      if (copy >= 0) process.close(copy);
    }
    return status;
  }

  /** @returns 0, or 1 after a complaint */
  private *redirect(process: Process, redirects: readonly Redirect[], variables: Variables): Run<number> {
    for (const each of redirects) {
      if (each.mode === 'dup') {
        if (process.dup2(each.from, each.fd) >= 0) continue;
        yield* process.complain(`bash: ${each.from}: ${strerror(fail('EBADF'))}`);
        return 1;
      }
      if (each.mode === 'text') {
        yield* this.provide(process, each.fd, yield* expandWhole(each.text, variables));
        continue;
      }
      const path = yield* expandWhole(each.to, variables);
      const flags =
        each.mode === 'read' ? 0 : O_WRONLY | O_CREAT | (each.mode === 'append' ? O_APPEND : O_TRUNC);
      const fd = process.open(path, flags);
      if (fd < 0) {
        yield* process.complain(`bash: ${path}: ${strerror(fd)}`);
        return 1;
      }
      if (fd === each.fd) continue;
      process.dup2(fd, each.fd);
      process.close(fd);
    }
    return 0;
  }

  /** Puts a text behind an fd, as the end of a pipe that nobody writes to any more. */
  private *provide(process: Process, fd: number, text: string): Run<void> {
    const { reader, writer } = newPipe(Math.max(text.length, 1));
    const [readEnd, writeEnd] = process.pipe(reader, writer);
    yield* process.write(writeEnd, latin1Encode(text));
    process.close(writeEnd);
    if (readEnd === fd) return;
    process.dup2(readEnd, fd);
    process.close(readEnd);
  }

  // -- in processes of their own ---------------------------------------------------------------------------------

  private *forked(
    context: Context,
    commands: readonly { command: Command; words: readonly string[] }[],
  ): Run<number> {
    const { process } = context;
    const jobs: Job[] = [];
    let input = -1;
    for (const [i, { command, words }] of commands.entries()) {
      const last = i === commands.length - 1;
      const ends = last ? null : newPipe();
      const [next, output] = ends ? process.pipe(ends.reader, ends.writer) : [-1, -1];
      const child = process.fork(words);
      if (input >= 0) child.dup2(input, 0);
      if (output >= 0) child.dup2(output, 1);
      for (const fd of [input, next, output]) if (fd >= 0) child.close(fd);
      for (const fd of [input, output]) if (fd >= 0) process.close(fd);
      input = next;
      jobs.push({ process: child, body: this.command(context, child, command, words) });
    }
    const ended = yield* runJobs(process.world, jobs);
    for (const { note } of ended)
      if (note !== '') yield* process.complain(note.includes(':') ? `bash: ${note}` : note);
    return ended.at(-1)?.status ?? 0;
  }

  /** What a forked child does: redirect, then become the program. */
  private *command(
    context: Context,
    child: Process,
    command: Command,
    words: readonly string[],
  ): Run<number> {
    const variables = this.variables({ ...context, process: child });
    const called = command.kind === 'simple' ? context.functions.get(words[0] ?? '') : command;
    if (command.kind !== 'simple' || called)
      return yield* this.inCopy(context, child, command, words, called);
    for (const { name, value } of command.assignments)
      child.env.set(name, yield* expandWhole(value, variables));
    const wrong = yield* this.redirect(child, command.redirects, variables);
    if (wrong !== 0) return wrong;
    const [word] = words;
    if (word === undefined) return 0;
    const builtin = BUILTINS[word];
    if (builtin) return yield* builtin(child, { ...context.shell, exit: () => undefined });
    const { world } = child;
    const path = world.programPath(word);
    const main = path === null ? null : world.program(path);
    if (path === null || !main) return yield* this.cannotRun(child, word);
    child.exec(path);
    // The others of the pipeline become programs too before the first one runs.
    world.activity++;
    yield 'blocked';
    return yield* main(child);
  }

  /** A compound command or a function in a copy of the shell. */
  private *inCopy(
    context: Context,
    child: Process,
    command: Command,
    words: readonly string[],
    body: CompoundCommand | undefined,
  ): Run<number> {
    let exited: number | null = null;
    const shell: Shell = {
      ...context.shell,
      exit: (status) => {
        exited = status;
      },
    };
    const { status } = context;
    const sub = newContext({ process: child, shell, status, ended: () => exited !== null }, context);
    try {
      const result =
        command.kind === 'simple' && body
          ? yield* this.callInShell(sub, command, body, words)
          : command.kind === 'simple'
            ? 0
            : yield* this.redirected(sub, command.redirects, () => this.compound(sub, command));
      return exited ?? result;
    } catch (error) {
      if (!(error instanceof ArithmeticFault)) throw error;
      yield* child.complain(`bash: ${error.message}`);
      return 1;
    }
  }

  /** @returns 127 for what is not there, 126 for what is no program */
  private *cannotRun(child: Process, word: string): Run<number> {
    if (!word.includes('/')) {
      yield* child.complain(`bash: ${word}: command not found`);
      return 127;
    }
    const node = child.stat(word);
    if (typeof node === 'number') {
      yield* child.complain(`bash: ${word}: ${strerror(node)}`);
      return 127;
    }
    const why = isDirectory(node)
      ? strerror(fail('EISDIR'))
      : (node.mode & 0o111) === 0
        ? strerror(fail('EACCES'))
        : 'cannot execute: only the programs of this shell run here';
    yield* child.complain(`bash: ${word}: ${why}`);
    return 126;
  }
}

/** What changes the course of the shell; null: its arguments. */
const JUMPS: Readonly<Record<string, Jump['kind'] | null>> = {
  break: 'break',
  continue: 'continue',
  return: 'return',
  shift: null,
};
/** System calls that a shell has left to say that it was stopped. */
const LAST_WORDS = 256;

/** What a list that has just run has set. */
const pending = ({ jump }: Context): Jump | null => jump;

/** What is in a pipe now. */
function drainPipe(reader: ReturnType<typeof newPipe>['reader']): Uint8Array {
  const step = reader.read(1 << 20).next();
  return step.done ? step.value.bytes : new Uint8Array(0);
}
