/**
 * The two workers and their supervision. A worker that dies or does not answer is ended and built anew;
 * what it knew is rebuilt from the scenario by whoever needs it.
 */
import { EngineClient } from '../../protocol/client.ts';
import type { Progress } from '../../protocol/client.ts';
import type { EngineApi, Method } from '../../protocol/api.ts';
import type { EngineWorker, WorkerName } from './deps.ts';

/** Time that a worker has to answer a cancel. */
export const CANCEL_MS = 100;

export class Engine {
  private readonly name: WorkerName;
  private readonly spawn: (name: WorkerName) => EngineWorker;
  private readonly onDeath: (reason: string) => void;
  private worker: EngineWorker;
  private client: EngineClient;
  /** Counts workers: state in a worker of an older generation is gone. */
  generation = 0;

  constructor(
    name: WorkerName,
    spawn: (name: WorkerName) => EngineWorker,
    onDeath: (reason: string) => void = () => {},
  ) {
    this.name = name;
    this.spawn = spawn;
    this.onDeath = onDeath;
    [this.worker, this.client] = this.start();
  }

  private start(): [EngineWorker, EngineClient] {
    const worker = this.spawn(this.name);
    const died = (message: string): void => {
      if (this.worker !== worker) return;
      const told = `The ${this.name} worker ended: ${message}. It was started again, and the program and the world are kept: Run records anew.`;
      this.rebuild(told);
      this.onDeath(told);
    };
    const failed = (event: Event): void =>
      died(event instanceof ErrorEvent && event.message ? event.message : 'it gave no reason');
    worker.addEventListener('error', failed);
    worker.addEventListener('messageerror', failed);
    return [worker, new EngineClient(worker, () => died('the browser stopped it'))];
  }

  /** Ends the worker, rejects what waits for it, starts another. */
  rebuild(reason: string): void {
    const { client, worker } = this;
    this.generation++;
    [this.worker, this.client] = this.start();
    worker.terminate();
    client.abandon(reason);
  }

  newRun(onProgress?: Progress): void {
    this.client.newRun(onProgress);
  }

  call<M extends Method>(method: M, args: Parameters<EngineApi[M]>[0]): Promise<ReturnType<EngineApi[M]>> {
    return this.client.call(method, args);
  }

  /** Asks what no newer run makes obsolete. */
  ask<M extends Method>(method: M, args: Parameters<EngineApi[M]>[0]): Promise<ReturnType<EngineApi[M]>> {
    return this.client.ask(method, args);
  }

  cancel(): void {
    this.client.cancel();
  }
}
