/** What the composition root hands to the page: workers to talk to, programs and worlds to offer. */

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
  readonly text: string;
}

export interface PageDeps {
  readonly spawn: (name: WorkerName) => EngineWorker;
  readonly examples: readonly Example[];
  readonly worlds: readonly string[];
}
