/**
 * Runs processes side by side on the one CPU: each goes on until it ends or sleeps, then the next one may.
 *
 * When all sleep and no system call has returned for a whole round, nothing will ever wake them: they are
 * ended as by Ctrl-C, and it is said which ones waited. A group in a pipeline runs processes of its own beside
 * those of the pipeline: when they all sleep, the group does.
 */
import { must } from '../../shared/assert.ts';
import { strerror } from '../libbpf/messages.ts';
import { Aborted } from './host.ts';
import type { Process } from './process.ts';
import { drainRun, Killed, SIGINT, SIGKILL, SIGNALLED, SIGXCPU, SIGXFSZ, WriteFault } from './run.ts';
import type { Run, Stop } from './run.ts';
import type { ShellWorld } from './shell_world.ts';

export interface Job {
  readonly process: Process;
  readonly body: Run<number>;
}

/** How a process ended. */
export interface Ended {
  /** As `$?` shows it. */
  readonly status: number;
  /** What is to be said about it, '' for nothing. */
  readonly note: string;
}

/** System calls that are left to the others when a process was ended for using too many. */
const LAST_FUEL = 256;

/** What a shell says of a process that a signal has ended; of others it says nothing. */
const SIGNAL_WORDS: Readonly<Record<number, string>> = {
  [SIGXCPU]: 'CPU time limit exceeded',
  [SIGXFSZ]: 'File size limit exceeded',
};

/** What a program says that could not write its output. */
export const writeError = (name: string, { errno }: WriteFault): string =>
  `${name}: write error: ${strerror(errno)}`;

/**
 * Runs all jobs to their end.
 *
 * @returns how each ended, in order
 */
export function* runJobs(world: ShellWorld, jobs: readonly Job[]): Run<readonly Ended[]> {
  const { kernel } = world;
  const before = kernel.current;
  const ended = new Map<Job, Ended>();
  const end = (job: Job, status: number, code: number, note = ''): void => {
    kernel.current = before;
    // Who is left must be able to say what happened, and to end.
    world.fuel = Math.max(world.fuel, LAST_FUEL);
    job.process.exit(code);
    ended.set(job, { status, note });
  };
  const nested = world.running > 0;
  const go = (job: Job): IteratorResult<Stop, number> => {
    world.running++;
    try {
      return job.body.next();
    } finally {
      world.running--;
    }
  };
  while (ended.size < jobs.length) {
    const active = world.activity + ended.size;
    for (const job of jobs) {
      if (ended.has(job)) continue;
      try {
        for (;;) {
          kernel.current = job.process.task.addr;
          const step = go(job);
          if (step.done) {
            const status = step.value & 0xff;
            end(job, status, status << 8);
            break;
          }
          if (step.value === 'blocked') break;
          yield 'pause';
        }
      } catch (error) {
        if (error instanceof WriteFault) {
          drainRun(job.process.complain(writeError(job.process.name, error)));
          end(job, 1, 1 << 8);
        } else if (error instanceof Killed)
          end(job, SIGNALLED + error.signal, error.signal, SIGNAL_WORDS[error.signal] ?? '');
        else if (error instanceof Aborted)
          end(job, SIGNALLED + SIGKILL, SIGKILL, `${job.process.name}: ${error.message}`);
        else throw error;
      } finally {
        kernel.current = before;
      }
    }
    if (world.activity + ended.size !== active) world.stuck = false;
    else if (!world.stuck) {
      // Those outside may wake these; when nobody does, the innermost end first.
      if (nested) yield 'blocked';
      else world.stuck = true;
    } else {
      world.stuck = false;
      for (const job of jobs)
        if (!ended.has(job))
          end(
            job,
            SIGNALLED + SIGINT,
            SIGINT,
            `${job.process.name}: waits for what nobody will write; ended as by Ctrl-C`,
          );
    }
  }
  return jobs.map((job) => must(ended.get(job), 'a status'));
}
