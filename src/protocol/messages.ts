/** Messages between page and worker, derived from EngineApi. Each names its run; late answers are dropped. */
import type { EngineApi, Method } from './api.ts';

export type Request = {
  [M in Method]: {
    readonly type: 'request';
    readonly id: number;
    readonly run: number;
    readonly method: M;
    readonly args: Parameters<EngineApi[M]>[0];
  };
}[Method];

export type ToWorker =
  | Request
  | { readonly type: 'cancel'; readonly run: number }
  /** Hold this lock as long as you live; see protocol/life.ts. */
  | { readonly type: 'hold'; readonly lock: string };

export type FromWorker =
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly run: number;
      readonly ok: true;
      readonly value: ReturnType<EngineApi[Method]>;
    }
  /** Our bug, never a user's mistake. */
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly run: number;
      readonly ok: false;
      readonly bug: string;
    }
  | { readonly type: 'holding'; readonly lock: string }
  | { readonly type: 'progress'; readonly run: number; readonly calls: number; readonly reads: number };
