/** The page's end: calls as promises. A reply that belongs to an older run is dropped. */
import { newLock, whenFree } from './life.ts';
import type { EngineApi, Method } from './api.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { Port } from './port.ts';

/** The engine broke: a bug of ours, with what it said. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}
/** The call's answer was no longer wanted: a newer run began, or the worker was replaced. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/** The run of questions that belong to none: their answers are wanted whenever they come. */
const NO_RUN = -1;

export type Progress = (calls: number, reads: number) => void;

export class EngineClient {
  private readonly port: Port;
  private nextId = 1;
  private run = 0;
  private readonly waiting = new Map<
    number,
    { run: number; resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private onProgress: Progress = () => {};
  private readonly onEnd: () => void;

  /** @param onEnd called when the worker is no more, however it ended */
  constructor(port: Port, onEnd: () => void = () => {}) {
    this.port = port;
    this.onEnd = onEnd;
    port.addEventListener('message', (event: MessageEvent) => this.receive(event.data as FromWorker));
    port.start?.();
    const lock = newLock();
    if (lock !== '') this.post({ type: 'hold', lock });
  }

  /** Begins a new run: answers to calls of older ones are dropped from now on. */
  newRun(onProgress: Progress = () => {}): number {
    this.onProgress = onProgress;
    return ++this.run;
  }

  /** Asks a call of the current run. @throws EngineFailure, Superseded */
  call<M extends Method>(method: M, args: Parameters<EngineApi[M]>[0]): Promise<ReturnType<EngineApi[M]>> {
    return this.request(method, args, this.run);
  }

  /** Asks what no newer run makes obsolete. @throws EngineFailure, Superseded when the worker is replaced */
  ask<M extends Method>(method: M, args: Parameters<EngineApi[M]>[0]): Promise<ReturnType<EngineApi[M]>> {
    return this.request(method, args, NO_RUN);
  }

  private request<M extends Method>(
    method: M,
    args: Parameters<EngineApi[M]>[0],
    run: number,
  ): Promise<ReturnType<EngineApi[M]>> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { run, resolve: resolve as (value: never) => void, reject });
      this.post({ type: 'request', id, run, method, args } as ToWorker);
    });
  }

  /** Asks the worker to end the current run early; its reply still comes, marked cancelled. */
  cancel(): void {
    this.post({ type: 'cancel', run: this.run });
  }

  /** Rejects everything that waits: the worker is gone. */
  abandon(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new Superseded(reason));
    this.waiting.clear();
  }

  private post(message: ToWorker): void {
    this.port.postMessage(message, []);
  }

  private receive(message: FromWorker): void {
    if (message.type === 'holding') {
      whenFree(message.lock, this.onEnd);
      return;
    }
    if (message.type === 'progress') {
      if (message.run === this.run) this.onProgress(message.calls, message.reads);
      return;
    }
    const call = this.waiting.get(message.id);
    if (!call) return;
    this.waiting.delete(message.id);
    if (message.run !== this.run && message.run !== NO_RUN)
      call.reject(new Superseded('a newer run has begun'));
    else if (message.ok) call.resolve(message.value as never);
    else call.reject(new EngineFailure(message.bug));
  }
}
