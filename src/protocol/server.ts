/**
 * The worker's end. Requests are answered one at a time, in order; a long one runs in slices and looks
 * for a cancel between them.
 */
import { hold } from './life.ts';
import type { EngineApi, Method } from './api.ts';
import type { FromWorker, Request, ToWorker } from './messages.ts';
import type { Port } from './port.ts';

/** What a long call may use while it runs. */
export interface CallContext {
  readonly cancelled: () => boolean;
  readonly progress: (calls: number, reads: number) => void;
  /** Lets the port deliver messages; call it between slices. */
  readonly breathe: () => Promise<void>;
}

export type ServedApi = {
  [M in Method]: (
    args: Parameters<EngineApi[M]>[0],
    context: CallContext,
  ) => ReturnType<EngineApi[M]> | Promise<ReturnType<EngineApi[M]>>;
};

/** Every typed array's buffer inside a reply goes over without a copy. */
function transferables(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.buffer.byteLength === value.byteLength)
      found.add(value.buffer);
  } else if (Array.isArray(value)) {
    // Long lists hold small rows of plain data; only their first entries can tell whether they carry arrays.
    for (const item of value.slice(0, 64)) transferables(item, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) transferables(item, found);
  }
  return found;
}

export function serve(port: Port, api: ServedApi): void {
  const cancelledRuns = new Set<number>();
  let queue = Promise.resolve();
  const post = (message: FromWorker, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);

  const breathe = (): Promise<void> =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.addEventListener('message', () => {
        channel.port1.close();
        done();
      });
      channel.port1.start();
      channel.port2.postMessage(null);
    });

  const answer = async (request: Request): Promise<void> => {
    const { id, run, method } = request;
    const context: CallContext = {
      cancelled: () => cancelledRuns.has(run),
      progress: (calls, reads) => post({ type: 'progress', run, calls, reads }),
      breathe,
    };
    try {
      const call = api[method] as (args: unknown, context: CallContext) => unknown;
      const value = (await call(request.args, context)) as ReturnType<EngineApi[Method]>;
      post({ type: 'reply', id, run, ok: true, value }, [...transferables(value)]);
    } catch (error) {
      const bug =
        error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error);
      post({ type: 'reply', id, run, ok: false, bug });
    }
  };

  port.addEventListener('message', (event: MessageEvent) => {
    const message = event.data as ToWorker;
    if (message.type === 'cancel') cancelledRuns.add(message.run);
    else if (message.type === 'hold') hold(message.lock, () => post({ type: 'holding', lock: message.lock }));
    else queue = queue.then(() => answer(message));
  });
  port.start?.();
}
