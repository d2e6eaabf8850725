/** What user programs are given by whoever builds the machine: what the shell is given, and where output goes. */
import type { FileTree } from '../shell/fs/tree.ts';
import type { ShellHost } from '../shell/host.ts';

export interface UserHost {
  readonly shell: ShellHost;
  /** Everything that open(2) finds by name. */
  readonly tree: FileTree;
  /** What the program writes: fd 1 and 2 as it was started. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
}
