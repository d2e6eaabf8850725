/** What the composition root hands to the page: workers to talk to, programs and worlds to offer. */

import type { KernelSource } from '../../protocol/scenario.ts';

export type WorkerName = 'language' | 'machine';

/** A worker as the page uses it. */
export interface EngineWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: Event) => void): void;
  terminate(): void;
}

export interface Example {
  /** File name, as in a path: `task_file.bpf.c`. */
  readonly path: string;
  /** '' until it is loaded. */
  readonly text: string;
  /** World in which it has something to walk, where not every one has. */
  readonly world?: string;
  /** Kernel code that the program needs. */
  readonly module?: KernelSource;
  /** Fetches what is here only by its name. */
  readonly load?: () => Promise<Pick<Example, 'text' | 'module'>>;
}

export interface PageDeps {
  readonly spawn: (name: WorkerName) => EngineWorker;
  readonly examples: readonly Example[];
  readonly worlds: readonly string[];
}
