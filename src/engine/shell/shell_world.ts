/** What all processes of a shell session share. */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Main } from './commands/program.ts';
import type { FileTree } from './fs/tree.ts';
import type { ShellHost } from './host.ts';
import type { Process } from './process.ts';

export interface ShellWorld {
  readonly host: ShellHost;
  readonly kernel: Kernel;
  readonly tree: FileTree;
  /** Living processes of this session, by their task. */
  readonly processes: Map<Addr, Process>;
  /** System calls that have returned: when it stands still and all sleep, nobody will wake anybody. */
  activity: number;
  /** Pipelines that are running a process of theirs: one within another. */
  running: number;
  /** Everybody sleeps, and nobody will wake anybody. */
  stuck: boolean;
  /** What a line may still do: pages moved by system calls, and the calls themselves. */
  fuel: number;
  /** Width of the terminal; null: output is not laid out for one. */
  readonly columns: number | null;
  /** The program behind a path, or null. */
  program(path: string): Main | null;
  /** Where PATH leads for a word, or null. */
  programPath(word: string): string | null;
  /** Names of all programs, sorted. */
  readonly programNames: readonly string[];
  /** Number of the next pipe's inode. */
  nextPipe: number;
}
