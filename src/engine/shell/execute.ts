/**
 * Runs lists of pipelines.
 *
 *     one builtin         in the shell itself; its redirections are undone afterwards
 *     anything else       every command of the pipeline is forked first, then all run side by side
 *     $(list)             in a forked shell whose output is a pipe
 */
import { latin1Decode } from '../../shared/utf8.ts';
import { fail } from '../../shared/errno.ts';
import { strerror } from '../libbpf/messages.ts';
import { BUILTINS } from './builtins.ts';
import type { Shell } from './builtins.ts';
import { expandWhole, expandWords } from './expand.ts';
import type { Variables } from './expand.ts';
import { isDirectory, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from './fs/node.ts';
import { newPipe } from './open_file.ts';
import type { Process } from './process.ts';
import { Killed, SIGNALLED, WriteFault } from './run.ts';
import type { Run } from './run.ts';
import { runJobs, writeError } from './scheduler.ts';
import type { Job } from './scheduler.ts';
import type { Command, List, Pipeline, Redirect } from './syntax.ts';

/** What a running shell is made of: the session's own, or a copy of it in a subshell. */
export interface Context {
  readonly process: Process;
  readonly shell: Shell;
  status: number;
  /** Set by exit: nothing more of the line is run. */
  readonly ended: () => boolean;
}

/** Depth of $(...) within $(...). */
const MAX_DEPTH = 16;

export class Executor {
  private depth = 0;

  *list(context: Context, list: List): Run<void> {
    for (const { when, pipeline } of list) {
      if (context.ended()) return;
      if (when === 'success' && context.status !== 0) continue;
      if (when === 'failure' && context.status === 0) continue;
      const status = yield* this.pipeline(context, pipeline);
      context.status = pipeline.negated ? (status === 0 ? 1 : 0) : status;
    }
  }

  private *pipeline(context: Context, { commands }: Pipeline): Run<number> {
    const [only] = commands;
    if (commands.length === 1 && only) {
      const words = yield* expandWords(only.words, this.variables(context));
      const builtin = BUILTINS[words[0] ?? ''];
      if (words.length === 0 || builtin) return yield* this.inShell(context, only, words);
      return yield* this.forked(context, [{ command: only, words }]);
    }
    const all: { command: Command; words: string[] }[] = [];
    for (const command of commands)
      all.push({ command, words: yield* expandWords(command.words, this.variables(context)) });
    return yield* this.forked(context, all);
  }

  private variables(context: Context): Variables {
    return {
      process: context.process,
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
    const sub: Context = { process: child, shell: context.shell, status: context.status, ended: () => false };
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

  private *inShell(context: Context, command: Command, words: readonly string[]): Run<number> {
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
    const variables = { ...this.variables(context), process: child };
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

/** What is in a pipe now. */
function drainPipe(reader: ReturnType<typeof newPipe>['reader']): Uint8Array {
  const step = reader.read(1 << 20).next();
  return step.done ? step.value.bytes : new Uint8Array(0);
}
